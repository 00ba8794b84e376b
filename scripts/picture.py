"""Draws the pictures of the README: our own renderings, in GitHub's style, by headless Chromium.

`make picture`; needs Chromium and the npm packages.
"""

import datetime as dt
import json
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from secuprobe_action.findings.baseline import Baseline, Compared, compare
from secuprobe_action.findings.gate import Policy, Verdict, judge
from secuprobe_action.findings.history import Ages, History, Seen, Since
from secuprobe_action.findings.ignore import Rule, accept
from secuprobe_action.findings.model import Finding, ScanReport, Severity, worst_first
from secuprobe_action.findings.overview import Estate, Result, Site
from secuprobe_action.findings.progress import Progress
from secuprobe_action.local.demo.preview import page
from secuprobe_action.reports import comment, estate_page, html_report, issue, markdown, news, progress
from secuprobe_action.reports.escape import markdown as escape
from secuprobe_action.reports.story import Story
from secuprobe_action.text import plural

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
MARGIN_CSS = "\n.markdown-body { box-sizing: border-box; width: 900px; padding: 24px; }\n"

CHROMIUM: Sequence[str] = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
)


def load() -> tuple[ScanReport, Baseline]:
    """Return the scan of docs/images/example.json, and the one before it."""
    scan = json.loads((IMAGES / "example.json").read_text(encoding="utf-8"))
    findings = worst_first(tuple(map(_finding, scan["vulnerabilities"])))
    report = ScanReport(
        scan_id=scan["scanId"],
        url=scan["url"],
        site=scan["url"],
        score=scan["secuScore"],
        counts={Severity.parse(name): count for name, count in scan["vulnerabilitiesCount"].items()},
        findings=findings,
        list_problem=None,
        list_refused=False,
        total=len(findings),
        report_url=scan["reportUrl"],
        duration_s=scan["durationSeconds"],
    )
    before = scan["baseline"]
    known = tuple(finding for finding in findings if finding.title not in before["new"])
    fixed = tuple(map(_finding, before["fixed"]))
    return report, Baseline(before["scanId"], known + fixed, before["secuScore"], before["commit"], before["ageSeconds"])


def _finding(entry: dict[str, str]) -> Finding:
    severity = entry["severity"]
    return Finding(
        entry["title"], Severity.parse(severity), severity, entry["category"], entry["description"], entry["remediationGuide"]
    )


TODAY = dt.date(2026, 11, 25)
SCORES = (48.0, 48.0, 52.0, 55.0, 55.0, None, 58.0, 63.0, 66.0, 70.0, 72.0)
"""Of the example's earlier runs, the oldest first."""


def history(report: ScanReport, new: Sequence[str]) -> History:
    """Return a past for the example: the first findings have been there for long, the new ones not at all."""
    days = (0, 85, 85, 40, 40, 12, 3)
    since = [
        Since(Seen(TODAY - dt.timedelta(days=ago), before=ago == 85), TODAY, new=finding.title in new)
        for finding, ago in zip(report.findings or (), days, strict=True)
    ]
    return History((*SCORES, report.score), tuple(since), Ages({}))


def screenshot(html: str, target: Path, height: int, width: int = 900) -> None:
    """Write a picture of the page `html`, so many CSS pixels high and wide."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(html, encoding="utf-8")
        command = [
            *CHROMIUM,
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            f"--screenshot={target}",
            source.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    pixels = struct.unpack(">II", target.read_bytes()[16:24])
    print(f"{target.relative_to(ROOT)}: {pixels[0]} x {pixels[1]}")


def estate(report: ScanReport, verdict: Verdict) -> Estate:
    """Return an estate of which the example's site is one."""

    def quiet(name: str, score: float, new: int | None = 0, **counts: int) -> Site:
        found = {each: counts.get(each.label, 0) for each in Severity}
        total = sum(counts.values())
        reason = f"No new finding at or above high ({plural(total, 'finding')} in all)"
        return Site(f"https://{name}", Result.PASSED, reason, score, found, new, (), report.report_url, name)

    new = tuple(assessed.finding for assessed in verdict.new)
    name = "shop.example.com"
    worst = Site(
        f"https://{name}", Result.FAILED, verdict.reason, report.score, verdict.counts, len(new), new, report.report_url, name
    )
    timed_out = "Scan 6fa459ea-ee8a-3ca4-894e-db77e160355e was not finished within 30 min 0 s"
    return Estate.of(
        [
            worst,
            Site("https://legacy.example.com", Result.ERROR, timed_out, report_url=report.report_url, files="legacy.example.com"),
            quiet("blog.example.com", 91, medium=1, low=3, info=4),
            quiet("www.example.com", 96, low=2, info=5),
            quiet("status.example.com", 99, info=1),
            Site("beta.example.com", Result.NOT_VALIDATED, "The domain is not validated at SecuProbe, so it was not scanned"),
        ]
    )


def main() -> None:
    css = (ROOT / "node_modules" / "github-markdown-css" / "github-markdown-light.css").read_text(encoding="utf-8") + MARGIN_CSS
    report, baseline = load()
    findings = report.findings or ()
    past = history(report, json.loads((IMAGES / "example.json").read_text(encoding="utf-8"))["baseline"]["new"])
    alone = judge(report, Policy(Severity.HIGH), history=past)
    # One finding is unfolded, as a reader would, to show what is in there.
    summary = page(markdown.summary(report, alone), "Job summary", css).replace("<details>", "<details open>", 1)
    screenshot(summary, IMAGES / "job-summary.png", 1090)
    running = progress.render(Progress("running", "1 min 20 s of about 2 min", 80 / 118), report.report_url)
    screenshot(page(running, "Check", css), IMAGES / "check-in-progress.png", 190)
    rule = Rule(title_glob="TLS 1.0*", reason="Old terminals until March.", expires=dt.date(2027, 3, 31), line=1)
    acceptance = accept([rule], findings, report.url, dt.date(2026, 11, 25))
    compared = judge(report, Policy(Severity.HIGH, only_new=True), Compared(compare(findings, baseline)), acceptance, past)
    screenshot(
        page(comment.render(report, compared, "9f2c41d07a6e8b3350e1f4aa27c95d6b81c0e7f3"), "Comment", css),
        IMAGES / "pull-request-comment.png",
        630,
    )
    told = news.of_scan(report, compared)
    came = issue.changed(told, issue.Changes([news.named(each) for each in compared.new], went=2))
    shown = f"# {escape(issue.title('SecuProbe', told))}\n\n{told.text}\n\n---\n\n{came}"
    screenshot(page(shown, "Issue", css), IMAGES / "issue.png", 1540)
    finished_at = dt.datetime(2026, 11, 25, 12, 30, tzinfo=dt.UTC)
    screenshot(estate_page.render(estate(report, compared), (), finished_at), IMAGES / "estate.png", 960, 1_080)
    story = Story(report, compared, ".github/workflows/security.yml", finished_at)
    html = html_report.render(story).replace('<details class="finding"', '<details open class="finding"', 1)
    screenshot(html, IMAGES / "html-report.png", 1400)


if __name__ == "__main__":
    main()
