"""One budget for the whole process, and a signal at any moment: whatever hangs, and without losing what is known."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github_api import FakeGitHub, serving
from tests.reports.rendered import Page
from tests.support import KEY, ROOT, URL, Runner, event_file, secuprobe, wait_until

OVERTIME_S = 5.0
HIGH = {"title": "No CSP", "severity": "high", "category": "Headers"}
EVERYTHING = {
    "baseline": "auto",
    "check_run": "true",
    "pr_comment": "always",
    "github_token": "ghs_token",
    "fail_on_severity": "high",
    "reports": "json=scan.json",
}


@pytest.fixture(name="github")
def _github() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as github:
        yield github


def pull_request(runner: Runner, github: FakeGitHub) -> None:
    runner.environment = {
        **github.environment("e" * 40, "pull_request"),
        "GITHUB_EVENT_PATH": event_file(runner.folder, github.event()),
        "GITHUB_WORKSPACE": str(runner.folder),
    }


@pytest.mark.parametrize(("fail_on", "code", "result"), [("all", 1, "failed"), ("new", 3, "error")])
def test_a_github_that_hangs_costs_no_more_than_the_budget(
    runner: Runner, github: FakeGitHub, fail_on: str, code: int, result: str
) -> None:
    github.hang_s = 60
    pull_request(runner, github)
    started = time.monotonic()

    with secuprobe({"findings": [HIGH]}) as api:
        step = runner.run(api, timeout="10", fail_on=fail_on, **EVERYTHING)

    assert time.monotonic() - started < 10 + OVERTIME_S
    assert (step.code, step.outputs["result"]) == (code, result)
    assert (runner.folder / "scan.json").exists()
    assert Page(step.summary).text
    assert "it took too long" in "".join(step.annotations("warning") + step.annotations("error"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_baseline_is_awaited_ends_it_within_two_seconds(
    runner: Runner, github: FakeGitHub, number: int, code: int
) -> None:
    github.hang_s = 60
    pull_request(runner, github)
    with secuprobe() as api:
        process = runner.start(api_key=KEY, url=URL, api_url=api.url, timeout="60", fail_on="new", **EVERYTHING)
        wait_until(lambda: api.requests_for("/vulnerabilities") == 1)
        started = time.monotonic()
        process.send_signal(number)
        step = runner.finish(process)

    assert time.monotonic() - started < 2
    assert (step.code, step.outputs["result"]) == (code, "error")
    assert "goes on at SecuProbe" in step.summary


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_is_published_ends_it_within_two_seconds_with_the_verdict(
    runner: Runner, github: FakeGitHub, number: int
) -> None:
    github.hang_s = 60
    pull_request(runner, github)
    with secuprobe({"findings": [HIGH]}) as api:
        inputs = {**EVERYTHING, "baseline": ""}
        process = runner.start(api_key=KEY, url=URL, api_url=api.url, timeout="60", **inputs)
        wait_until(lambda: "result" in runner.outputs())
        started = time.monotonic()
        process.send_signal(number)
        step = runner.finish(process)

    assert time.monotonic() - started < 2
    assert (step.code, step.outputs["result"]) == (1, "failed")
    assert (runner.folder / "scan.json").exists()
    assert step.summary.startswith("## ❌ SecuProbe: failed")


def test_a_cancelled_run_concludes_its_check(runner: Runner, github: FakeGitHub) -> None:
    pull_request(runner, github)
    with secuprobe({"duration_s": 600}) as api:
        process = runner.start(api_key=KEY, url=URL, api_url=api.url, timeout="60", **EVERYTHING)
        wait_until(lambda: bool(github.checks))
        process.send_signal(signal.SIGTERM)
        step = runner.finish(process)

    assert step.code == 143
    (check,) = github.checks
    assert (check["status"], check["conclusion"]) == ("completed", "cancelled")


def test_a_cancelled_run_concludes_its_check_though_the_look_up_is_a_long_one(runner: Runner, github: FakeGitHub) -> None:
    for _ in range(25):
        github.history.commit("main")
    github.history.branch("feature")
    github.history.commit("feature")
    github.hang_s = 0.15
    pull_request(runner, github)
    with secuprobe({"duration_s": 600}) as api:
        process = runner.start(api_key=KEY, url=URL, api_url=api.url, timeout="60", **EVERYTHING)
        wait_until(lambda: bool(github.checks))
        process.send_signal(signal.SIGINT)
        runner.finish(process)

    assert [(check["status"], check["conclusion"]) for check in github.checks] == [("completed", "cancelled")]


def test_a_github_that_hangs_is_waited_for_once(runner: Runner, github: FakeGitHub) -> None:
    github.hang_s = 300
    pull_request(runner, github)
    runner.environment["GITHUB_RUN_ATTEMPT"] = "2"
    started = time.monotonic()
    with secuprobe({"findings": [HIGH]}) as api:
        step = runner.run(api, fail_on="all", **EVERYTHING)

    assert time.monotonic() - started < 35
    assert step.code == 1


def in_silence(runner: Runner, folder: Path) -> "subprocess.Popen[str]":
    """Start the step where no look-up is answered."""
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:3\n", encoding="utf-8")
    silence = [str(ROOT / "tests" / "process" / "silent_resolver.py"), str(resolv)]
    command = ["unshare", "-m", "-n", sys.executable, *silence, sys.executable, str(ROOT / "entrypoint.py")]
    environment = runner.prepare(api_key=KEY, url=URL, timeout="10")
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )


def _missing_for_silence() -> bool:
    command = ["unshare", "-m", "-n", "true"]
    return os.geteuid() != 0 or not shutil.which("unshare") or subprocess.run(command, check=False).returncode != 0


@pytest.mark.skipif(_missing_for_silence(), reason="namespaces of its own need root and unshare")
class TestSilentResolver:
    def test_a_look_up_that_is_never_answered_costs_no_more_than_the_budget(self, runner: Runner, tmp_path: Path) -> None:
        started = time.monotonic()

        step = runner.finish(in_silence(runner, tmp_path))

        assert time.monotonic() - started < 10 + OVERTIME_S
        assert (step.code, step.outputs["result"]) == (3, "error")
        assert "the look-up of the host's name, or the connection, took too long" in step.log
        assert "a scan may be running" not in step.log, "nothing was sent"

    def test_a_signal_ends_it_within_two_seconds(self, runner: Runner, tmp_path: Path) -> None:
        process = in_silence(runner, tmp_path)
        assert process.stdout is not None
        first = process.stdout.readline() + process.stdout.readline()
        time.sleep(1)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)

        assert time.monotonic() - started < 2
        assert process.returncode == 143
        assert "No scan had been launched." in first + rest
