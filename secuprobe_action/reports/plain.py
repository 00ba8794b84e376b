"""The verdict as a plain table, for the log of any platform."""

from secuprobe_action.findings.gate import Verdict, describe_counts
from secuprobe_action.findings.model import Finding, ScanReport, Severity
from secuprobe_action.reports.trend import trend
from secuprobe_action.text import duration, number, one_line, plural

MAX_ROWS = 25
"""A log is skimmed: the worst findings, and how many more there are."""

_TITLE, _CATEGORY = 60, 30


def render(report: ScanReport, verdict: Verdict) -> str:
    """Return score, counts, the worst findings and the verdict, the verdict last, where a log is read from."""
    score = "not given" if report.score is None else f"{number(report.score)}/100"
    lines = [
        f"SecuScore  {score}",
        *_course(verdict),
        f"Findings   {describe_counts(verdict.counts) or 'none'}",
        f"Report     {report.report_url}",
        f"Scan       {report.scan_id} ({duration(report.duration_s)})",
        *_changes(verdict),
        *_table(tuple(assessed.finding for assessed in verdict.open)),
        f"{'PASSED' if verdict.passed else 'FAILED'}: {verdict.reason}",
    ]
    return "\n".join(lines)


def _course(verdict: Verdict) -> list[str]:
    known = trend(verdict)
    return [f"Trend      {known.sparkline} {known.text}"] if known else []


def _changes(verdict: Verdict) -> list[str]:
    lines = []
    if verdict.baseline:
        unchanged = len(verdict.findings) - len(verdict.new)
        counts = f"{len(verdict.new):,} new, {len(verdict.fixed):,} fixed, {unchanged:,} unchanged"
        lines.append(f"Changes    {counts} since scan {verdict.baseline.scan_id}")
    if verdict.accepted:
        lines.append(f"Accepted   {plural(len(verdict.accepted), 'finding')}, by the ignore file")
    return lines


def _table(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return []
    shown = findings[:MAX_ROWS]
    rows = [_row(_severity(f), f.title or "(no title)", f.category or "(no category)") for f in shown]
    if len(findings) > len(shown):
        rows.append(f"… and {plural(len(findings) - len(shown), 'more finding')}")
    return ["", _row("SEVERITY", "TITLE", "CATEGORY"), *rows, ""]


def _severity(finding: Finding) -> str:
    if finding.severity is Severity.UNKNOWN and finding.severity_text:
        return one_line(f"? {finding.severity_text}", 10)
    return finding.severity.label


def _row(severity: str, title: str, category: str) -> str:
    return f"{severity:<10}{one_line(title, _TITLE):<{_TITLE + 2}}{one_line(category, _CATEGORY)}"
