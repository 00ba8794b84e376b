"""The HTML report in a real browser: accessible in light and dark, and its filters work without a script of its own."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.picture import CHROMIUM
from secuprobe_action.reports import html_report
from secuprobe_action.reports.story import Story
from tests.reports.stories import EACH, TROUBLE, rich, story
from tests.support import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.node]

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


def test_the_page_is_all_there_is_to_load(tmp_path: Path) -> None:
    script = "return performance.getEntriesByType('resource').map(entry => entry.name)"

    assert in_browser(html_report.render(rich()), script, tmp_path) == []
