"""Bitbucket: the Code Insights report through the pipeline's proxy, with a token, and not at all."""

import fcntl
import json
import re
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme
import yaml

from secuprobe_action.network import Network
from secuprobe_action.platforms.bitbucket_api import BitbucketApi
from tests.bitbucket_api import FakeBitbucket
from tests.fake_http import serving
from tests.process.relays import tls_in_front_of, tunnelling
from tests.support import (
    FINDINGS,
    KEY,
    ROOT,
    URL,
    Api,
    Runner,
    Step,
    findings,
    inherited_environment,
    program_on_path,
    secuprobe,
    wait_until,
)

PROXY_PORT = 29418
REPORTS = "http://api.bitbucket.org/2.0/repositories/team/app/commit/abc123/reports/"
ENVIRONMENT = {
    "GITHUB_ACTIONS": "",
    "BITBUCKET_BUILD_NUMBER": "5",
    "BITBUCKET_WORKSPACE": "team",
    "BITBUCKET_REPO_SLUG": "app",
    "BITBUCKET_COMMIT": "abc123",
}


@pytest.fixture(autouse=True)
def _port_of_ones_own() -> Iterator[None]:
    """Wait until no other worker uses the one port that the proxy has."""
    with (Path(tempfile.gettempdir()) / "secuprobe-tests-bitbucket.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class CodeInsights:
    """The proxy, and the API behind it.

    Attributes:
        pending: what was said of scans that ran.
        asked: everything else that was to be written.
    """

    pending: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str, Any, str | None]] = field(default_factory=list)
    status: int = 200

    def methods(self) -> list[str]:
        return [method for method, *_ in self.asked]

    def bodies(self, method: str) -> list[Any]:
        return [body for asked, _, body, _ in self.asked if asked == method]


@contextmanager
def code_insights(port: int = PROXY_PORT) -> Iterator[tuple[CodeInsights, int]]:
    insights = CodeInsights()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(content) if content else None
            if isinstance(body, dict) and body["result"] == "PENDING":
                insights.pending.append(body)
            elif self.command != "GET" and "/team/app/" in self.path:  # another test's run may find its way here, too
                insights.asked.append((self.command, self.path, body, self.headers.get("Authorization")))
            self.send_response(404 if self.command in ("GET", "DELETE") and insights.status == 200 else insights.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815  # the names that http.server looks for

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield insights, server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(runner: Runner, api: Api, **environment: str) -> Step:
    return runner.finish(start(runner, api, **environment))


def start(runner: Runner, api: Api, **environment: str) -> "subprocess.Popen[str]":
    wanted = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL, "SECUPROBE_API_URL": api.url}
    runner.environment = {**ENVIRONMENT, "BITBUCKET_CLONE_DIR": str(runner.folder), **wanted, **environment}
    return runner.start()


def cancelled(runner: Runner, api: Api) -> Step:
    """Run the step, and cancel it once its scan is under way."""
    process = start(runner, api)
    wait_until(lambda: any(request.startswith("GET") for request in api.service.requests))
    process.send_signal(signal.SIGTERM)
    return runner.finish(process, seconds=3)


@pytest.mark.parametrize("where", ["step", "pipe"])
def test_the_report_goes_through_the_pipelines_proxy(runner: Runner, where: str) -> None:
    # In a pipe's container host.docker.internal is tried first; where that isn't known, as here, localhost is next.
    pipe = {"BITBUCKET_PIPE_STORAGE_DIR": "/opt/atlassian/pipelines/agent/pipe"} if where == "pipe" else {}
    with code_insights() as (insights, _), secuprobe({"findings": FINDINGS}) as api:
        step = run(runner, api, SECUPROBE_FAIL_ON_SEVERITY="high", **pipe)

    assert step.code == 1
    (address,) = {path.removesuffix("/annotations") for _, path, *_ in insights.asked}
    assert re.fullmatch(re.escape(REPORTS) + "secuprobe-secuprobe-https-shop-example-[0-9a-f]{8}", address)
    assert [(method, path) for method, path, *_ in insights.asked] == [
        ("DELETE", address),
        ("PUT", address),
        ("POST", f"{address}/annotations"),
    ]
    (report,) = insights.bodies("PUT")
    assert report["title"] == "SecuProbe security scan: https://shop.example"
    assert (report["report_type"], report["result"], report["reporter"]) == ("SECURITY", "FAILED", "SecuProbe")
    assert report["details"].startswith("2 findings at or above high (1 critical, 1 high).")
    assert {entry["title"]: entry["value"] for entry in report["data"]}["SecuScore (of 100)"] == 78
    assert len(report["data"]) <= 10
    (annotations,) = insights.bodies("POST")
    assert [(each["severity"], each["result"]) for each in annotations] == [
        ("CRITICAL", "FAILED"),
        ("HIGH", "FAILED"),
        ("MEDIUM", "PASSED"),
        ("LOW", "PASSED"),
        ("LOW", "PASSED"),
    ]
    assert {each["annotation_type"] for each in annotations} == {"VULNERABILITY"}
    assert KEY not in json.dumps([report, annotations])


def test_limits_are_kept_worst_first(runner: Runner) -> None:
    huge = [{**each, "title": "t" * 1000, "description": "d" * 9000} for each in findings(*["low"] * 1_200, "critical")]
    with code_insights() as (insights, _), secuprobe({"findings": huge}) as api:
        run(runner, api)

    batches = insights.bodies("POST")
    assert [len(batch) for batch in batches] == [100] * 10
    everything = [each for batch in batches for each in batch]
    assert everything[0]["severity"] == "CRITICAL"
    assert len({each["external_id"] for each in everything}) == 1_000
    (report,) = insights.bodies("PUT")
    assert "Shown are the worst 1,000 of 1,201 findings: Bitbucket takes no more." in report["details"]
    assert max(len(each["summary"]) for each in everything) <= 450
    assert max(len(each["details"]) for each in everything) <= 2_000


def test_a_second_run_replaces_the_report(runner: Runner) -> None:
    with code_insights() as (insights, _), secuprobe({"findings": FINDINGS}) as api:
        run(runner, api)
        first = list(insights.asked)
        insights.asked.clear()
        run(runner, api)

    assert insights.methods() == ["DELETE", "PUT", "POST"]
    assert [path for _, path, *_ in insights.asked] == [path for _, path, *_ in first]
    assert [each["external_id"] for each in insights.bodies("POST")[0]] == [each["external_id"] for each in first[2][2]]


def test_with_a_token_the_api_is_asked_directly(runner: Runner) -> None:
    with code_insights(0) as (insights, port), secuprobe() as api:
        run(runner, api, SECUPROBE_BITBUCKET_TOKEN="bb-token", SECUPROBE_BITBUCKET_API_URL=f"http://127.0.0.1:{port}")

    assert insights.asked[1][1].startswith("/2.0/repositories/team/app/commit/abc123/reports/")
    assert {authorization for *_, authorization in insights.asked} == {"Bearer bb-token"}


def test_with_a_token_the_environments_proxy_and_authorities_are_used(runner: Runner) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("bitbucket.test").configure_cert(context)
    with code_insights(0) as (insights, port), tls_in_front_of(port, context) as tls_port, tunnelling() as proxy:
        environment = {
            "SECUPROBE_BITBUCKET_TOKEN": "bb-token",
            "SECUPROBE_BITBUCKET_API_URL": f"https://bitbucket.test:{tls_port}",
            "SECUPROBE_EXTRA_CA_CERTS": authority.cert_pem.bytes().decode(),
            "HTTPS_PROXY": f"http://{proxy.address}",
        }
        with secuprobe() as api:
            run(runner, api, **environment)
            step = run(runner, api, **{**environment, "HTTPS_PROXY": "socks://user:s3cret@proxy"})

    assert [method for method, *_ in insights.asked] == ["DELETE", "PUT"]
    assert set(proxy.targets) == {f"bitbucket.test:{tls_port}"}
    assert step.code == 0
    assert "Bitbucket can't be asked: HTTPS_PROXY: names a SOCKS proxy" in step.log
    assert "s3cret" not in step.log


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_bitbucket_that_refuses_is_a_warning(runner: Runner, status: int) -> None:
    with code_insights() as (insights, _), secuprobe({"findings": findings("critical")}) as api:
        insights.status = status
        step = run(runner, api)

    assert step.code == 1
    assert f"The result was not published: Bitbucket answered {status} to GET" in step.log


def test_without_a_proxy_there_is_a_warning(runner: Runner) -> None:
    with secuprobe({"findings": findings("critical")}) as api:
        step = run(runner, api)

    assert step.code == 1
    assert "The result was not published: Bitbucket could not be reached" in step.log


def test_the_proxy_of_a_pipes_container_is_tried_first_there() -> None:
    step, pipe = (BitbucketApi(each, Network({})).ways for each in ({}, {"BITBUCKET_PIPE_STORAGE_DIR": "/x"}))

    assert step[0] is not None
    assert step[0].name == "localhost:29418"
    assert pipe[0] is not None
    assert pipe[0].name == "host.docker.internal:29418"


def test_the_example_of_a_plain_step_runs(runner: Runner, tmp_path: Path) -> None:
    pipelines = yaml.safe_load((ROOT / "examples" / "bitbucket-pipelines.yml").read_text(encoding="utf-8"))["pipelines"]
    script = pipelines["pull-requests"]["**"][0]["step"]["script"]
    tools = program_on_path(tmp_path / "bin")
    with code_insights() as (insights, _), secuprobe({"findings": FINDINGS}) as api:
        environment = {**inherited_environment(), **ENVIRONMENT, "SECUPROBE_API_KEY": KEY, "SECUPROBE_API_URL": api.url}
        environment |= {"BITBUCKET_CLONE_DIR": str(tmp_path), "PATH": f"{tools}:{environment['PATH']}"}
        done = subprocess.run(
            ["sh", "-ec", "\n".join(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1, done.stdout + done.stderr
    assert insights.methods() == ["DELETE", "PUT", "POST"]
    assert (tmp_path / "secuprobe" / "report.html").exists()


@pytest.mark.parametrize("inputs", ["SECUPROBE_URL", "SECUPROBE_SITE", "SECUPROBE_CHECK_NAME"])
def test_two_sites_of_one_commit_both_stay(runner: Runner, inputs: str) -> None:
    # What is readable of the two in a report's id is the same.
    with code_insights() as (insights, _), secuprobe() as api:
        for value in ("https://shop.example/a/b", "https://shop.example/a-b"):
            run(runner, api, **{inputs: value})

    first, second = {path for method, path, *_ in insights.asked if method == "PUT"}
    assert first != second
    if inputs != "SECUPROBE_CHECK_NAME":
        assert [body["title"] for body in insights.bodies("PUT")] == [
            "SecuProbe security scan: https://shop.example/a/b",
            "SecuProbe security scan: https://shop.example/a-b",
        ]


def test_a_preview_has_one_report_by_the_name_of_its_site(runner: Runner) -> None:
    with code_insights() as (insights, _), secuprobe() as api:
        for url in ("https://pr-1.shop.example", "https://pr-2.shop.example"):
            run(runner, api, SECUPROBE_URL=url, SECUPROBE_SITE="shop")

    assert len({path for method, path, *_ in insights.asked if method == "PUT"}) == 1


def test_an_error_replaces_an_earlier_pass(runner: Runner) -> None:
    with code_insights() as (insights, _), secuprobe() as api:
        run(runner, api)
    with code_insights() as (later, _), secuprobe({"ends": "failed"}) as api:
        step = run(runner, api)

    assert step.code == 3
    assert insights.bodies("PUT")[0]["result"] == "PASSED"
    assert [(method, path) for method, path, *_ in later.asked] == [(method, path) for method, path, *_ in insights.asked][:2]
    (report,) = later.bodies("PUT")
    assert (report["result"], report["title"]) == ("FAILED", insights.bodies("PUT")[0]["title"])
    assert report["details"].startswith("SecuProbe scan failed: SecuProbe ended scan ")
    assert report["link"].startswith("http")


def test_a_cancel_replaces_an_earlier_pass(runner: Runner) -> None:
    with code_insights() as (insights, _), secuprobe({"duration_s": 60}) as api:
        step = cancelled(runner, api)

    assert step.code == 143
    (report,) = insights.bodies("PUT")
    assert report["result"] == "FAILED"
    assert report["details"].startswith("SecuProbe: cancelled: Scan ")


def test_a_scan_that_runs_is_pending(runner: Runner) -> None:
    with code_insights() as (insights, _), secuprobe({"duration_s": 3, "estimate_s": 3, "findings": FINDINGS}) as api:
        step = run(runner, api)

    assert step.code == 1
    assert {body["title"] for body in insights.pending} == {"SecuProbe security scan: https://shop.example"}
    assert re.fullmatch(r"queued, \d s of about \d s", insights.pending[-1]["details"]), "what comes late must not hide a verdict"
    assert [(each["title"], each["type"]) for each in insights.pending[-1]["data"]] == [("Progress", "PERCENTAGE")]
    assert insights.pending[-1]["link"].rpartition("/")[2] in api.service.scans
    assert insights.methods() == ["DELETE", "PUT", "POST"], "the conclusion comes last, and once"


def test_a_bitbucket_that_hangs_does_not_hold_up_a_cancel(runner: Runner) -> None:
    with socket.create_server(("127.0.0.1", PROXY_PORT)), secuprobe({"duration_s": 60}) as api:
        step = cancelled(runner, api)

    assert step.code == 143
    assert "The result was not published: " in step.log


def test_the_remediation_is_not_cut_off_behind_a_long_description(runner: Runner) -> None:
    long = {**FINDINGS[1], "description": "d" * 9_000, "remediationGuide": "Bind parameters."}
    both = {**FINDINGS[2], "description": "d" * 9_000, "remediationGuide": "r" * 9_000}
    with code_insights() as (insights, _), secuprobe({"findings": [long, both]}) as api:
        run(runner, api)

    first, second = (each["details"] for each in insights.bodies("POST")[0])
    assert first.endswith("d…\n\nRemediation: Bind parameters.")
    assert min(second.count("d"), second.count("r")) > 900
    assert max(len(first), len(second)) <= 2_000


def test_sites_with_names_of_their_own_have_reports_of_their_own(runner: Runner) -> None:
    with code_insights() as (insights, _), secuprobe() as api:
        run(runner, api, SECUPROBE_CHECK_NAME="Shop (EU) / staging")

    assert "/reports/secuprobe-shop-eu-staging-https-shop-example-" in insights.asked[0][1]


MEMORY = {"SECUPROBE_CHECK_RUN": "true", "SECUPROBE_BASELINE": "auto", "SECUPROBE_FAIL_ON": "new"}


@pytest.fixture(name="bitbucket")
def _bitbucket() -> Iterator[FakeBitbucket]:
    fake = FakeBitbucket()
    fake.history.commit("main")
    with serving(fake):
        yield fake


def at_main(bitbucket: FakeBitbucket, **more: str) -> dict[str, str]:
    """Return what a step of the main branch's pipeline gets."""
    return {**bitbucket.step(bitbucket.history.branches["main"]), **MEMORY, **more}


def test_the_report_is_pending_while_the_scan_runs(runner: Runner, bitbucket: FakeBitbucket) -> None:
    with secuprobe({"duration_s": 60}) as api:
        process = start(runner, api, **at_main(bitbucket))
        wait_until(lambda: bool(bitbucket.reports))
        (report,) = bitbucket.reports.values()
        process.send_signal(signal.SIGTERM)
        step = runner.finish(process, seconds=5)

    assert (report["result"], report["title"]) == ("PENDING", "SecuProbe security scan: https://shop.example")
    assert step.code == 143
    (report,) = bitbucket.reports.values()
    assert report["result"] == "FAILED"
    assert report["details"].startswith("SecuProbe: cancelled: Scan ")
    assert report["details"].count("secuprobe:2:") == 1, "the scan can still be attached to"


def test_a_report_that_is_made_anew_keeps_what_runs_before_left(runner: Runner, bitbucket: FakeBitbucket) -> None:
    with secuprobe({"findings": findings("critical")}) as api:
        first = run(runner, api, **at_main(bitbucket))
        without = run(
            runner, api, **at_main(bitbucket, SECUPROBE_CHECK_RUN="false", SECUPROBE_BASELINE="", SECUPROBE_FAIL_ON="all")
        )
        third = run(runner, api, **at_main(bitbucket))

    assert [first.code, without.code, third.code] == [1, 1, 0]
    memory, report = sorted(bitbucket.reports.values(), key=lambda report: "memory" not in report["title"])
    assert report["details"].startswith("no new finding at or above critical")
    assert memory["details"].count("secuprobe:2:") == 2
    assert [len(each) for each in bitbucket.annotations.values()] == [1]


def test_memory_needs_no_token_but_the_commits_may(runner: Runner, bitbucket: FakeBitbucket) -> None:
    bitbucket.proxied = True
    with serving(bitbucket, PROXY_PORT), secuprobe({"findings": findings("critical")}) as api:
        first = run(runner, api, **at_main(bitbucket, SECUPROBE_FAIL_ON_SEVERITY="none"))
        red = run(runner, api, **at_main(bitbucket))

    assert [first.code, red.code] == [0, 3]
    assert "could not be compared" in red.log
    assert "they may take SECUPROBE_BITBUCKET_TOKEN, a repository access token with the scope repository" in red.log
    (report,) = bitbucket.reports.values()
    assert report["result"] == "FAILED"


def test_a_long_reason_leaves_room_for_what_is_kept(runner: Runner, bitbucket: FakeBitbucket) -> None:
    site = "https://shop.example/" + "a" * 800
    with secuprobe({"findings": findings("critical")}) as api:
        steps = [run(runner, api, **at_main(bitbucket, SECUPROBE_SITE=site)) for _ in range(5)]

    assert [step.code for step in steps] == [1, 0, 0, 0, 0]
    memory = next(report for (_, own_id), report in bitbucket.reports.items() if own_id.endswith("-memory"))
    assert memory["details"].count("secuprobe:2:") == 5


def test_there_are_no_comments(runner: Runner, bitbucket: FakeBitbucket) -> None:
    with secuprobe() as api:
        step = run(runner, api, **bitbucket.step(bitbucket.history.branches["main"]), SECUPROBE_PR_COMMENT="always")

    assert step.code == 0
    assert "The pull request was not commented on: comments are made on GitHub and GitLab only" in step.log
