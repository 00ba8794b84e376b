"""The HTML report in a real browser: accessible in light and dark, and its filters work without a script of its own."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.picture import CHROMIUM
from secuprobe_action.findings.model import Severity
from secuprobe_action.findings.overview import Estate, Result, Site
from secuprobe_action.reports import estate_page, html_report
from secuprobe_action.reports.story import Story
from tests.reports.stories import EACH, FINISHED_AT, TROUBLE, rich, story
from tests.support import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.node]

SITES = tuple(
    Site(
        f"https://{result.name.lower().replace('_', '-')}.example",
        result,
        "2 findings at or above high <b>",
        score=None if result > Result.ERROR else 40.5,
        counts=None if result is Result.ERROR else {Severity.UNKNOWN: 1, Severity.HIGH: 1_234},
        new_count=new_count,
        report_url="https://secuprobe.io/scan/1" if new_count is not None else None,
        files=f"site-{result.value}" if new_count is not None else None,
    )
    for result, new_count in zip(Result, (2, None, None, 0, None), strict=True)
)
ESTATE = estate_page.render(Estate.of(SITES), ("1 site was left out & so on",), FINISHED_AT)
NOT_COMPARED = estate_page.render(Estate.of(site for site in SITES if site.new_count is None), (), FINISHED_AT)

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def in_browser(page: str, script: str, folder: Path) -> Any:
    """Return what an asynchronous script says of a page."""
    open_to_scripts = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page)
    call = f"<script>(async () => {{ {script} }})().then(said => {{ document.title = JSON.stringify(said) }})</script>"
    file = folder / "page.html"
    file.write_text(open_to_scripts.replace("</body>", f"{call}</body>"), encoding="utf-8")
    command = [*CHROMIUM, f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000", "--dump-dom", file.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90).stdout
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    return json.loads(html.unescape(title[1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shown", [rich(), story(), story(*EACH, score=None)], ids=["everything", "nothing found", "no score"])
def test_axe_finds_nothing_to_complain_about(shown: Story, scheme: str, tmp_path: Path) -> None:
    complains_of_nothing(html_report.render(shown), scheme, tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_about_where_there_is_no_verdict(scheme: str, tmp_path: Path) -> None:
    complains_of_nothing(html_report.failure(TROUBLE), scheme, tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "page",
    [ESTATE, NOT_COMPARED, estate_page.render(Estate(()), (), FINISHED_AT), estate_page.running()],
    ids=["everything", "nothing judged", "no site", "still running"],
)
def test_axe_finds_nothing_to_complain_about_in_an_estates_page(page: str, scheme: str, tmp_path: Path) -> None:
    complains_of_nothing(page, scheme, tmp_path)


def complains_of_nothing(page: str, scheme: str, tmp_path: Path) -> None:
    page = page.replace("<details", "<details open")
    if scheme == "dark":
        page = page.replace("@media (prefers-color-scheme: dark)", "@media all")
    page = page.replace("</head>", f"<script>{AXE.read_text(encoding='utf-8')}</script></head>")
    script = "const r = await axe.run(); return [r.passes.length, r.violations.map(v => [v.id, v.nodes[0].html])]"

    passes, violations = in_browser(page, script, tmp_path)

    assert violations == []
    assert passes > 15


def test_the_filters_hide_and_show_findings(tmp_path: Path) -> None:
    script = """
        const findings = [...document.querySelectorAll('.finding')];
        const shown = () => findings.filter(f => f.checkVisibility()).map(f => f.dataset.severity);
        const all = shown();
        document.getElementById('show-critical').click();
        const without = shown();
        document.getElementById('show-critical').click();
        document.getElementById('only-new').click();
        return [all, without, shown()];
    """

    everything, without_critical, only_new = in_browser(html_report.render(rich()), script, tmp_path)

    assert everything == ["unknown", "critical", "high", "medium", "low", "info"]
    assert without_critical == ["unknown", "high", "medium", "low", "info"]
    assert only_new == ["unknown", "critical"]


def test_the_filters_of_an_estates_page_hide_and_show_sites(tmp_path: Path) -> None:
    script = """
        const rows = [...document.querySelectorAll('.sites tbody tr')];
        const shown = () => rows.filter(row => row.checkVisibility()).map(row => row.dataset.result);
        const said = [shown()];
        for (const id of ['show-not-validated', 'show-error', 'show-error', 'only-new']) {
            document.getElementById(id).click();
            said.push(shown());
        }
        return said;
    """

    everything, without, without_both, with_errors, only_new = in_browser(ESTATE, script, tmp_path)

    assert everything == ["failed", "error", "not reached", "passed", "not validated"]
    assert without == ["failed", "error", "not reached", "passed"]
    assert without_both == ["failed", "not reached", "passed"]
    assert with_errors == without
    assert only_new == ["failed"]


@pytest.mark.parametrize("page", [html_report.render(rich()), ESTATE], ids=["a site", "an estate"])
def test_the_page_is_all_there_is_to_load(page: str, tmp_path: Path) -> None:
    script = "return performance.getEntriesByType('resource').map(entry => entry.name)"

    assert in_browser(page, script, tmp_path) == []
