"""The field as it is, at its own pace: long outages, slow answers, slow lists. `make field`; too slow for every `make test`."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support import KEY, URL, Api, ByHost, Runner, Step, findings, secuprobe, wait_until

pytestmark = [pytest.mark.field, pytest.mark.timeout(400)]

KNOWN_RULE = "- title: Finding 0\n  reason: known\n"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Gateway:
    """Stands before a server and lets requests through in its own time.

    Args:
        port: where it listens.
        target: the server, `127.0.0.1:port`.
        late: seconds by which the answers to a method and the last part of a path are late.
        bytes_a_second: how fast answers are passed on, or None for at once.
    """

    port: int
    target: str
    late: Mapping[tuple[str, str], float] = field(default_factory=dict)
    bytes_a_second: float | None = None

    @contextmanager
    def open(self, after_s: float = 0.0) -> Iterator[None]:
        """Listen; until `after_s` seconds have passed nobody does."""
        stop = threading.Event()

        def serve() -> None:
            if not stop.wait(after_s):
                server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
                server.timeout = 0.1
                while not stop.is_set():
                    server.handle_request()
                server.server_close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with closing(http.client.HTTPConnection(gateway.target)) as server:
                    server.request(self.command, self.path, body or None, dict(self.headers))
                    answer = server.getresponse()
                    content = answer.read()
                time.sleep(gateway.late.get((self.command, self.path.rsplit("/", 1)[1]), 0.0))
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                for start in range(0, len(content), 8_192):
                    part = content[start : start + 8_192]
                    self.wfile.write(part)
                    time.sleep(len(part) / gateway.bytes_a_second if gateway.bytes_a_second else 0.0)

            do_POST = do_GET  # noqa: N815  # the name that http.server looks for

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def before(api: Api, **options: Any) -> Gateway:
    """Return a gateway before the embedded SecuProbe."""
    return Gateway(free_port(), api.url.split("/")[2], **options)


def run(runner: Runner, gateway: Gateway, **inputs: str) -> Step:
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}
    given = {
        "api_key": KEY,
        "url": URL,
        "api_url": f"http://127.0.0.1:{gateway.port}/api/v1",
        "fail_on_severity": "high",
        "timeout": "5m",
        **inputs,
    }
    return runner.finish(runner.start(**given), seconds=360)


def test_a_server_that_is_down_for_a_minute_at_the_start_gets_its_launch(runner: Runner) -> None:
    with secuprobe() as api:
        gateway = before(api)
        with gateway.open(after_s=60):
            step = run(runner, gateway)

        assert (step.code, api.launches) == (0, 1), step.log


def test_a_launch_that_is_answered_after_25_s_is_waited_for(runner: Runner) -> None:
    with secuprobe() as api:
        gateway = before(api, late={("POST", "scans"): 25.0})
        with gateway.open():
            step = run(runner, gateway)

        assert (step.code, api.launches) == (0, 1), step.log


def test_a_server_that_is_down_for_two_minutes_amid_the_polls_loses_nothing(runner: Runner) -> None:
    with secuprobe({"duration_s": 3}) as api:
        gateway = before(api)
        with gateway.open():
            process = runner.start(api_key=KEY, url=URL, api_url=f"http://127.0.0.1:{gateway.port}/api/v1", timeout="5m")
            wait_until(lambda: "scan_id" in runner.outputs())
        with gateway.open(after_s=120):
            step = runner.finish(process, seconds=360)

        assert (step.code, api.launches) == (0, 1), step.log


@pytest.mark.parametrize("trouble", ["503 for a minute", "40 s to answer", "30 MB at 400 kB a second"])
def test_a_known_finding_is_not_failed_over_a_slow_list(runner: Runner, trouble: str) -> None:
    (runner.folder / ".secuprobe-ignore.yml").write_text(KNOWN_RULE, encoding="utf-8")
    busy = {"on": "GET /scans/{id}/vulnerabilities", "status": 503, "times": 6, "headers": {"Retry-After": "10"}}
    size = 30_000_000 if trouble.startswith("30 MB") else 1
    scenario = {
        "findings": [{**findings("high")[0], "description": "x" * size}],
        "faults": [busy] if trouble.startswith("503") else [],
    }
    with secuprobe(scenario) as api:
        late = {("GET", "vulnerabilities"): 40.0} if trouble.startswith("40 s") else {}
        gateway = before(api, late=late, bytes_a_second=400_000.0 if size > 1 else None)
        with gateway.open():
            step = run(runner, gateway)

    assert (step.code, step.outputs["result"]) == (0, "passed"), step.log[-2000:]


# Many sites in one step.


def with_a_list_of_100_mb(api: Api) -> None:
    """Give one site findings by the thousand, with descriptions as long as a page."""
    many = [{**each, "description": "x" * 20_000} for each in findings(*["low"] * 5_000)]
    api.service.engine = ByHost({"large.example": many})


def test_a_list_of_100_mb_among_others_is_judged_and_hides_none(runner: Runner) -> None:
    with secuprobe(domains={"large.example": True, **{f"site-{n}.example": True for n in range(8)}}) as api:
        with_a_list_of_100_mb(api)
        step = runner.run(None, "estate", api_key=KEY, api_url=api.url, timeout="300")

    sites = {site["site"].removeprefix("https://"): site for site in json.loads(step.outputs["sites"])}
    assert step.code == 0, step.log[-2_000:]
    assert {site["result"] for site in sites.values()} == {"passed"}
    assert sites["large.example"]["counts"]["low"] == 5_000


def test_a_signal_amid_a_list_of_100_mb_loses_no_other_row(runner: Runner) -> None:
    with secuprobe(domains={"large.example": True, **{f"site-{n}.example": True for n in range(8)}}) as api:
        with_a_list_of_100_mb(api)
        process = runner.start("estate", api_key=KEY, api_url=api.url, timeout="300")
        wait_until(lambda: len(list((runner.folder / "secuprobe").glob("site-*.json"))) == 8, 120)
        process.terminate()
        began = time.monotonic()
        step = runner.finish(process)

    assert time.monotonic() - began < 2.5
    sites = {site["site"].removeprefix("https://"): site["result"] for site in json.loads(step.outputs["sites"])}
    assert [sites[f"site-{n}.example"] for n in range(8)] == ["passed"] * 8


def test_five_hundred_sites_in_one_step_meet_no_refusal(runner: Runner) -> None:
    domains = {f"site-{n}.example": True for n in range(500)}
    with secuprobe({"duration_s": 3, "estimate_s": 3}, domains=domains, limit=400, window_s=8.0) as api:
        runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}
        began = time.monotonic()
        step = runner.finish(runner.start("estate", api_key=KEY, api_url=api.url, fail_on_severity="high"), seconds=360)
        took_s = time.monotonic() - began

    assert (step.code, api.launches) == (0, 500), step.log[-2000:]
    assert api.service.accounts[0].limiter.refused == 0
    assert {site["result"] for site in json.loads(step.outputs["sites"])} == {"passed"}
    assert len(list((runner.folder / "secuprobe").glob("*.sarif"))) == 500
    assert took_s < 90
