"""The demo: what a step leaves is read by the runner's rules, shown as GitHub shows it, and leads to what a team would see."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.local.background import running
from secuprobe_action.local.demo.runner import Kind, Line, LogReader, read_outputs
from secuprobe_action.local.demo.showcase import Badge, Block, badge_of, blocks_of
from secuprobe_action.local.demo.site import create_site
from tests.browser import browser
from tests.support import ROOT, inherited_environment


def test_outputs_are_names_with_values_or_with_lines_up_to_a_delimiter() -> None:
    text = "a=1\nb=x=y<<z\n\nc<<EOF\nline 1\n\nd=2\nEOF\ne=\n"

    assert read_outputs(text) == {"a": "1", "b": "x=y<<z", "c": "line 1\n\nd=2", "e": ""}


def test_a_later_value_takes_the_place_of_an_earlier_one() -> None:
    assert read_outputs("a=1\na<<E\n2\nE\n") == {"a": "2"}


@pytest.mark.parametrize("text", ["nonsense\n", "a<<EOF\nno end\n", "<<EOF\nx\nEOF\n"])
def test_what_the_runner_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an output|delimiter"):
        read_outputs(text)


def test_commands_are_obeyed_and_not_shown() -> None:
    log = [
        "::add-mask::sp_live_secret\n",
        "::group::Scan of a%0Ab\n",
        "  ::debug::hidden\n",
        "the key is sp_live_secret :: group\n",
        "::endgroup::\n",
        "::error title=Check%3A failed,file=x::50%25 of it%3A sp_live_secret::\n",
        "::notice::all\n",
    ]

    assert list(LogReader().read(log)) == [
        Line(Kind.GROUP, "Scan of a\nb"),
        Line(Kind.TEXT, "the key is *** :: group"),
        Line(Kind.END_OF_GROUP, ""),
        Line(Kind.ERROR, "50% of it: ***::", "Check: failed"),
        Line(Kind.NOTICE, "all"),
    ]


@given(st.lists(st.text()))
def test_any_log_can_be_read(log: list[str]) -> None:
    list(blocks_of(list(LogReader().read(log))))


def test_a_group_of_a_log_is_one_block() -> None:
    log = [Line(Kind.TEXT, "a"), Line(Kind.GROUP, "G"), Line(Kind.TEXT, "b"), Line(Kind.END_OF_GROUP, ""), Line(Kind.TEXT, "c")]

    assert list(blocks_of(log)) == [Block("", [("text", "a")]), Block("G", [("text", "b")]), Block("", [("text", "c")])]


@pytest.mark.parametrize(
    ("colour", "shown"),
    [("red", "#e05d44"), ("#abc", "#abc"), ("a1b2c3", "#a1b2c3"), ('"><script>', "#9f9f9f"), (None, "#9f9f9f")],
)
def test_a_badge_is_the_one_that_shields_would_make(colour: str | None, shown: str) -> None:
    endpoint = {"schemaVersion": 1, "label": "SecuScore", "message": "78 / 100", **({"color": colour} if colour else {})}

    assert badge_of(endpoint) == Badge("SecuScore", "78 / 100", shown)


@pytest.mark.parametrize(("mended", "leaks"), [(False, True), (True, False)])
def test_the_shops_injection_can_be_mended(*, mended: bool, leaks: bool) -> None:
    with running(create_site(mended=mended)) as url:
        shown = httpx.get(f"{url}/product", params={"id": "1 OR 1=1"})
        plain = httpx.get(f"{url}/product", params={"id": "2"})

    assert ("Teapot</li>" in shown.text or "Spoon" in shown.text) is leaks
    assert "Cup" in plain.text


@dataclass(frozen=True)
class Run:
    """A run of the demo.

    Args:
        log: what it printed.
        outputs: the step's.
    """

    log: str
    outputs: Mapping[str, str]


def demo(folder: Path, *arguments: str) -> Run:
    command = [sys.executable, "-m", "secuprobe_action", "demo", "--folder", str(folder), *arguments]
    environment = inherited_environment() | {"SECUPROBE_MIN_SCORE": "nonsense"}  # what a shell has set is not the demo's
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Run(done.stdout, read_outputs((folder / "output.txt").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run, Run]:
    """Run the demo, and again with the shop mended."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder), demo(folder, "--fix")


@pytest.mark.wapiti
def test_the_log_is_as_github_shows_it_and_a_second_run_is_compared_with_the_first(runs: tuple[Path, Run, Run]) -> None:
    folder, first, second = runs

    assert not re.search(r"^\s*::", first.log, re.MULTILINE)
    assert "sp_live_" not in first.log
    assert "▸ SecuProbe scans http://127.0.0.1:" in first.log
    assert "queued: " not in first.log  # folded
    assert re.search(r"^Error: Critical: SQL Injection", first.log, re.MULTILINE)
    assert re.search(r"^Warning: Medium: ", first.log, re.MULTILINE)
    assert "result = failed" in first.log
    assert "Exit code 1: the check would fail" in first.log
    assert (first.outputs["new_count"], first.outputs["fixed_count"]) == ("", "")
    assert (second.outputs["new_count"], second.outputs["fixed_count"]) == ("0", "1")
    assert re.search(r"0 new, 1 fixed, \d+ unchanged since scan", second.log)
    sarif = json.loads((folder / "report.sarif").read_text(encoding="utf-8"))
    assert (folder / "alerts.html").read_text(encoding="utf-8").count("<tr><td") == len(sarif["runs"][0]["results"])


@pytest.mark.wapiti
@pytest.mark.browser
def test_one_page_leads_to_all_that_a_team_would_see(runs: tuple[Path, Run, Run], tmp_path: Path) -> None:
    folder, _, second = runs
    index = folder / "index.html"
    assert index.absolute().as_uri() in second.log

    with browser(tmp_path) as person:
        person.go(index.as_uri())
        assert "0 new and 1 fixed" in person.text()
        assert second.outputs["scan_id"] in person.text("table")
        badge = person.ask("document.querySelector('svg[role=img]').getAttribute('aria-label')")
        assert second.outputs["secu_score"] in badge
        pages = person.ask("[...document.querySelectorAll('h2 a')].map(each => [each.innerText, each.href])")
        assert [name for name, _ in pages] == [
            "Job summary", "Comment", "Check run", "HTML report", "Alerts", "Annotations", "Log",
        ]  # fmt: skip
        for name, address in pages:
            person.go(address)
            assert "Cross Site Scripting" in person.ask("document.body.textContent"), name
            for scheme in ("light", "dark"):
                person.prefer(scheme)
                assert person.accessibility_complaints() == [], (name, scheme)
        person.go(index.as_uri())
        assert person.accessibility_complaints() == []
        assert person.complaints == []


@pytest.mark.wapiti
def test_a_site_of_ones_own_is_scanned(tmp_path: Path) -> None:
    with running(create_site()) as site:
        run = demo(tmp_path, "--url", site, "--fail-on-severity", "none")

    assert f"SecuProbe scans {site}" in run.log
    assert "Exit code 0: the check would pass" in run.log


@pytest.mark.wapiti
@pytest.mark.wapiti
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_why_a_scan_failed_is_told_and_a_companys_proxy_is_not_asked_for_this_machine(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "secuprobe_action", "demo", "--folder", str(tmp_path), "--url", "http://127.0.0.1:1/"]
    environment = inherited_environment() | {name: "http://127.0.0.1:9", "NO_PROXY": "intranet.example"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode not in (0, 1)
    assert "The embedded SecuProbe says: No page could be read at http://127.0.0.1:1/" in done.stdout


def test_only_the_demo_site_can_be_mended() -> None:
    command = [sys.executable, "-m", "secuprobe_action", "demo", "--fix", "--url", "http://127.0.0.1:1"]
    done = subprocess.run(command, cwd=ROOT, env=inherited_environment(), capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "can't go with --url" in done.stderr
