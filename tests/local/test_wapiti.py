"""The Wapiti engine: what it makes of a report, and a real scan from end to end."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from secuprobe_action.local.background import listen, running
from secuprobe_action.local.demo.site import create_site
from secuprobe_action.local.engine import LocalFinding
from secuprobe_action.local.reach import Reach
from secuprobe_action.local.wapiti import WapitiEngine, score
from tests.reports.rendered import Page
from tests.support import KEY, ROOT, Runner, inherited_environment, wait_until


def stand_in(folder: Path, script: str) -> Path:
    """Return a program to call instead of Wapiti."""
    program = folder / "wapiti"
    program.write_text(f"#!{sys.executable}\nimport json, sys, time, subprocess\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def serve(*flags: str, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "secuprobe_action", "serve", "--port", "0", "--key", KEY, *flags]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=inherited_environment() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def api_url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().split()[-1]


def launch(url: str, target: str = "http://127.0.0.1:1/") -> httpx.Response:
    return httpx.post(f"{url}/scans", json={"url": target}, headers={"Authorization": f"Bearer {KEY}"})


def status(url: str, scan_id: str) -> str:
    return str(httpx.get(f"{url}/scans/{scan_id}", headers={"Authorization": f"Bearer {KEY}"}).json()["status"])


@pytest.mark.wapiti
def test_the_demo_sites_holes_are_found_and_gate_the_check(runner: Runner) -> None:
    server = serve()
    try:
        with running(create_site()) as site:
            step = runner.run(api_key=KEY, url=site, api_url=api_url(server), fail_on_severity="high", timeout="4m")
    finally:
        server.terminate()
        server.communicate(timeout=20)

    assert (step.code, step.outputs["result"]) == (1, "failed")
    assert json.loads(step.outputs["vulnerabilities_count"])["critical"] >= 1
    assert 0 < float(step.outputs["secu_score"]) < 80
    rows = Page(step.summary).tables[1].rows
    categories = {row[2] for row in rows}
    assert {"SQL Injection", "Stored Cross Site Scripting", "Reflected Cross Site Scripting", "Open Redirect"} <= categories
    assert {"Content Security Policy Configuration", "HttpOnly Flag cookie"} <= categories
    assert "parameterized statements" in step.summary
    assert "GET /product, parameter id" in Page(step.summary).text


def test_a_public_address_is_not_scanned_unless_told() -> None:
    assert "only loopback and private" in (WapitiEngine(Path("x")).refusal("http://8.8.8.8/") or "")
    assert WapitiEngine(Path("x")).refusal("http://127.0.0.1:3000/") is None
    assert WapitiEngine(Path("x"), Reach(public=True)).refusal("http://8.8.8.8/") is None
    assert WapitiEngine(Path("x"), Reach(frozenset({"8.8.8.8"}))).refusal("http://8.8.8.8/") is None
    assert WapitiEngine(Path("x")).refusal("http://no-such-host.invalid/") is not None


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("print('\\x1b[31mthe last word is abc\\x1b[0m\\n'); sys.exit(1)", "exit code 1, without a report: the last word is ***"),
        (
            "open(next(a for a in sys.argv if a.startswith('--output='))[9:], 'w').write('{')",
            "exit code 0, without a report",
        ),
        ("print('[+] GET http://a/?token=abcd (0)'); sys.exit(1)", "without a report: [+] GET http://a/?*** (0)"),
        ("time.sleep(60)", "was not finished in time, without a report"),
    ],
)
def test_a_failed_run_makes_the_scan_failed_and_says_why(tmp_path: Path, script: str, says: str) -> None:
    environment = {"SECUPROBE_SCAN_HEADER": "Cookie: abc"}
    server = serve("--open", "--wapiti", str(stand_in(tmp_path, script)), "--time-limit", "1", **environment)
    try:
        url = api_url(server)
        scan_id = launch(url).json()["scanId"]
        wait_until(lambda: status(url, scan_id) == "failed")
        page = httpx.get(f"{url.removesuffix('/api/v1')}/scan/{scan_id}").text
    finally:
        server.terminate()
        log, _ = server.communicate(timeout=20)

    assert says in page
    assert "\x1b" not in page
    (line,) = [each for each in log.splitlines() if each.startswith(f"serve: scan {scan_id} failed: ")]
    assert says in line
    assert KEY not in log


def test_a_key_is_printed_only_where_it_was_made_up() -> None:
    command = [sys.executable, "-m", "secuprobe_action", "serve", "--port", "0", "--engine", "scripted"]
    server = subprocess.Popen(command, cwd=ROOT, env=inherited_environment(), stdout=subprocess.PIPE, text=True)
    url = api_url(server)
    assert server.stdout is not None
    key = server.stdout.readline().split()[-1]
    answer = httpx.get(f"{url}/domains", headers={"Authorization": f"Bearer {key}"})
    server.terminate()
    server.communicate(timeout=20)

    assert key.startswith("sp_live_")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("given", "says"), [("/nonexistent.json", "there is no such file"), ("http://localhost/v3/api-docs", "ends in .json")]
)
def test_an_openapi_file_that_can_not_be_one_is_told_at_the_start(given: str, says: str) -> None:
    server = serve("--wapiti", sys.executable, SECUPROBE_SCAN_SWAGGER=given)
    log, _ = server.communicate(timeout=20)

    assert server.returncode == 2
    assert says in log
    assert log.count("\n") == 1


def test_wapiti_and_what_it_started_end_with_the_server(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"child = subprocess.Popen(['sleep', '60']); open({str(pids)!r}, 'w').write(f'{{child.pid}}'); time.sleep(60)"
    server = serve("--wapiti", str(stand_in(tmp_path, script)))
    launch(api_url(server))
    wait_until(lambda: pids.exists() and pids.read_text() != "")

    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=20)

    wait_until(lambda: not Path(f"/proc/{pids.read_text()}").exists() or _is_zombie(int(pids.read_text())))


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_serve_says_how_to_install_wapiti() -> None:
    server = serve("--wapiti", "/nonexistent/wapiti")
    log, _ = server.communicate(timeout=20)

    assert server.returncode == 2
    assert "make setup" in log


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        server = serve("--engine", "scripted", "--port", str(taken.getsockname()[1]))
        log, _ = server.communicate(timeout=20)

    assert server.returncode == 2
    assert "Address already in use. Name another --port" in log
    assert log.count("\n") == 1


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--port", "70000", "a port is 0 to 65535"),
        ("--limit", "0", "--limit is 0; it must be at least 1"),
        ("--time-limit", "0", "--time-limit is 0; it must be 1 to 86400 seconds"),
        ("--time-limit", "nan", "--time-limit is nan"),
    ],
)
def test_a_number_that_can_not_be_used_is_told_in_one_line(flag: str, value: str, says: str) -> None:
    server = serve("--engine", "scripted", flag, value)
    log, _ = server.communicate(timeout=20)

    assert server.returncode == 2
    assert says in log
    assert log.count("\n") == 1


def test_serve_refuses_a_scenario_that_is_none(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text('{"duration": 5}', encoding="utf-8")

    server = serve("--engine", "scripted", "--scenario", str(scenario))
    log, _ = server.communicate(timeout=20)

    assert server.returncode == 2
    assert "is not a scenario" in log


def test_the_score_falls_with_each_finding_the_more_the_worse_it_is() -> None:
    severities = ["info", "low", "medium", "high", "critical"]
    scores = [score([LocalFinding(severity=severity)]) for severity in severities]

    assert scores == [100, 98, 93, 85, 75]
    assert 0 < score([LocalFinding(severity="critical")] * 10) < 10


@pytest.mark.wapiti
def test_the_server_itself_is_not_scanned() -> None:
    server = serve("--open")
    try:
        url = api_url(server)
        scan_id = launch(url, url.removesuffix("/api/v1")).json()["scanId"]
        wait_until(lambda: status(url, scan_id) == "failed")
    finally:
        server.terminate()
        log, _ = server.communicate(timeout=20)

    assert "is this embedded SecuProbe itself, which is not scanned" in log
