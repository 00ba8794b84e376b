"""How a scan stands while it runs, where people look: the check, the note, a terminal. Never in the way of the verdict."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from secuprobe_action.local.engine import Outcome
from tests.github_api import FakeGitHub, check_bodies, serving
from tests.process.test_gitlab import merge_request, project_of_two, run
from tests.process.test_pull_request import push
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, URL, Runner, inherited_environment, secuprobe

SLOW = {"queued_s": 1.5, "duration_s": 2.5, "estimate_s": 4, "findings": FINDINGS}


@pytest.fixture(name="github")
def _github() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as github:
        yield github


def test_the_check_says_how_the_scan_stands_and_then_how_it_ended(runner: Runner, github: FakeGitHub) -> None:
    with secuprobe(SLOW) as api:
        step = push(runner, github, api, github.head, fail_on_severity="high")

    assert step.code == 1
    launched, *running, ended = github.titles
    assert launched == f"queued, scan {step.outputs['scan_id']}"
    assert running
    assert all(re.fullmatch(r"(queued|running), \d s of about 4 s", title) for title in running)
    assert ended == "2 findings at or above high (1 critical, 1 high)"
    check_bodies(github.bodies)
    told = [body for name, body in github.bodies if name.startswith("PATCH")][:-1]
    assert all(body.keys() == {"output"} for body in told), "what comes late can't take a conclusion back"
    assert re.search("SecuProbe: (queued|running)", Page(told[-1]["output"]["summary"]).text)
    assert "Open the report" in told[-1]["output"]["summary"]


def test_what_is_told_slowly_comes_before_the_conclusion(runner: Runner, github: FakeGitHub) -> None:
    github.slow_s = 4.0
    with secuprobe(SLOW) as api:
        step = push(runner, github, api, github.head, fail_on_severity="high")

    assert step.code == 1
    assert github.titles[-1] == "2 findings at or above high (1 critical, 1 high)"
    assert len(github.titles) == 3, "what would have had to wait was dropped"
    assert github.checks[-1]["conclusion"] == "failure"


def test_what_can_not_be_told_is_no_news_and_costs_nothing(runner: Runner, github: FakeGitHub) -> None:
    refused: list[str] = []

    def refuse(request: str) -> tuple[int, str] | None:
        if request.startswith("PATCH") and not refused:
            refused.append(request)
            return 500, "Oops"
        return None

    github.refuse = refuse
    with secuprobe(SLOW) as api:
        step = push(runner, github, api, github.head, fail_on_severity="high")

    assert step.code == 1
    assert refused
    assert "Oops" not in step.log
    assert [len(github.titles), github.checks[-1]["conclusion"]] == [2, "failure"], "a forge that isn't well is left alone"


@pytest.mark.parametrize(("mode", "before"), [("always", False), ("changes", True), ("changes", False)])
def test_a_merge_requests_note_says_it_where_there_is_to_be_one(runner: Runner, mode: str, before: bool) -> None:
    with project_of_two() as gitlab, secuprobe(SLOW) as api:
        if before:
            run(runner, api, merge_request(gitlab, SECUPROBE_PR_COMMENT="always"))
        gitlab.bodies.clear()
        step = run(runner, api, merge_request(gitlab, SECUPROBE_PR_COMMENT=mode, SECUPROBE_FAIL_ON_SEVERITY="none"))

    assert step.code == 0
    if mode == "changes" and not before:
        assert gitlab.notes == []
        return
    (note,) = gitlab.notes
    assert re.search("SecuProbe: (queued|running)", gitlab.bodies[-2][1]["body"])
    assert "SecuProbe: passed" in note["body"]


def on_a_terminal(folder: Path, url: str, *arguments: str, **environment: str) -> str:
    """Run a command on a terminal, and return all that it wrote there."""
    ours, its = pty.openpty()
    wanted = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL, "SECUPROBE_API_URL": url, "COLUMNS": "100", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "entrypoint.py"), *arguments],
        cwd=folder,
        env={**inherited_environment(), **wanted, **environment},
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown, ends_at = b"", time.monotonic() + 30
    while time.monotonic() < ends_at and select.select([ours], [], [], 30)[0]:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # its end is closed
            break
        shown += part
    os.close(ours)
    assert process.wait(10) in (0, 1)
    return shown.decode().replace("\r\n", "\n")


def test_on_a_terminal_there_is_a_bar_and_it_leaves_no_trace(tmp_path: Path) -> None:
    with secuprobe({**SLOW, "findings": [{"title": "No CSP", "severity": "critical", "category": "x"}]}) as api:
        shown = on_a_terminal(tmp_path, api.url)

    drawn = shown.split("\r\x1b[2K")
    bars = [re.sub(r"\x1b\[[0-9;]*m", "", part) for part in drawn if "━" in part]
    assert len(bars) >= 5, "a drawing at least every half second"
    assert re.match(r"running +━*[━╸╺ ]*\d s of about 4 s\n*$", bars[-1])
    left = "".join(part.rpartition("\n")[0] + part.rpartition("\n")[1] for part in drawn)
    assert "━" not in left, "each bar is drawn over"
    assert "\nFAILED: 1 finding at or above critical" in shown
    assert "\x1b[?25l" not in shown, "the cursor stays"


def screen_of(written: str) -> list[str]:
    """Return the lines that a terminal shows after what was written there."""
    lines, at = [""], 0
    for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            at += 1
            lines += [""] * (at + 1 - len(lines))
        elif part == "\x1b[1A":
            at -= 1
        elif part == "\x1b[2K":
            lines[at] = ""
        elif not part.startswith(("\x1b", "\r")):
            lines[at] += part
    return lines


def test_on_a_terminal_an_estate_is_a_table_that_leaves_no_trace(tmp_path: Path) -> None:
    with secuprobe({**SLOW, "findings": []}, domains={f"site-{n}.example": True for n in range(4)}) as api:
        scan = api.service.engine.scan

        async def quick_or_slow(url: str) -> Outcome:
            return Outcome([], 95) if "site-0" in url else await scan(url)

        api.service.engine.scan = quick_or_slow  # type: ignore[method-assign]
        shown = on_a_terminal(tmp_path, api.url, "estate", SECUPROBE_URL="", COLUMNS="120")

    frames = [re.sub(r"\x1b\[[0-9;]*m", "", frame) for frame in re.split(r"\r\x1b\[2K(?:\x1b\[1A\r\x1b\[2K)*", shown)]
    tables = [frame for frame in frames if "━" in frame and "\n" in frame.strip()]
    assert any(re.search(r"^  https://site-\d\.example +running, \d s", table, re.MULTILINE) for table in tables)
    assert any("passed: no finding" in table for table in tables)
    left = screen_of(shown)
    assert not any("━" in line or "running," in line for line in left), left
    assert "PASSED: 4 sites: 4 passed" in left


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"GITLAB_CI": "true"}])
def test_where_no_bar_can_be_shown_there_are_lines(tmp_path: Path, environment: dict[str, str]) -> None:
    with secuprobe({**SLOW, "findings": [{"title": "No CSP", "severity": "critical", "category": "x"}]}) as api:
        shown = on_a_terminal(tmp_path, api.url, **environment)

    assert re.search(r"^running, \d s of about 4 s$", shown, re.MULTILINE)
    assert "━" not in shown
