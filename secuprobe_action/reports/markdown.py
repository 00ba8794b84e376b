"""The summary in GitHub's Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from secuprobe_action import __version__
from secuprobe_action.errors import ActionError
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import WORST_FIRST, Finding, ScanReport, Severity
from secuprobe_action.reports.escape import html_attribute, markdown, markdown_lines
from secuprobe_action.text import duration, number, plural

MAX_BYTES = 1_000_000
"""A job summary over 1,048,576 bytes is dropped whole (actions/runner, FileCommandManager.cs); an error line may follow ours."""

OPEN_ROWS = 50
"""Findings in the open table; the rest are folded, so that a long list doesn't bury what comes below it."""

MAX_TITLE, MAX_TEXT = 300, 20_000
_FOOT_BYTES = 2_000
_DETAILS_SHARE = 0.5

_ICONS = {
    Severity.UNKNOWN: "❔",
    Severity.CRITICAL: "🟣",
    Severity.HIGH: "🔴",
    Severity.MEDIUM: "🟠",
    Severity.LOW: "🟡",
    Severity.INFO: "🔵",
}


def summary(report: ScanReport, verdict: Verdict, max_bytes: int = MAX_BYTES) -> str:
    """Return the summary of a judged scan.

    Args:
        report: the scan.
        verdict: what the gate decided.
        max_bytes: the most UTF-8 bytes to return, at least 10,000. Whatever doesn't fit is left out from the least severe
            finding up, and counted.
    """
    head = "\n".join(_head(report, verdict))
    left = max_bytes - _FOOT_BYTES - _size(head)
    findings = report.findings or ()
    table = _table(findings, int(left * (1 - _DETAILS_SHARE)))
    details = _details(findings, left - _size(table))
    return "\n\n".join(part for part in (head, table, details, _foot()) if part)


def skipped(reason: str, advice: str) -> str:
    """Return the summary of a run that had nothing to scan with."""
    return f"## ⏭️ SecuProbe: skipped\n\n{markdown(reason)}.\n\n{markdown(advice)}\n\n{_foot()}"


def failure(error: ActionError, scan_id: str | None, report_url: str | None) -> str:
    """Return the summary of a run that ended in an error, with the scan it had started, if any."""
    parts = [f"## ⚠️ {markdown(error.title)}", markdown_lines(error.message, 5_000), markdown_lines(error.advice, 5_000)]
    return "\n\n".join(part for part in (*parts, _scan_line(scan_id, report_url), _foot()) if part)


def cancelled(consequence: str, scan_id: str | None, report_url: str | None) -> str:
    """Return the summary of a run that was cancelled, with what becomes of its scan, if there is one."""
    parts = ("## 🛑 SecuProbe: cancelled", markdown(consequence), _scan_line(scan_id, report_url), _foot())
    return "\n\n".join(part for part in parts if part)


def _scan_line(scan_id: str | None, report_url: str | None) -> str:
    if scan_id is None:
        return ""
    link = f" · {_link(report_url, 'Open the report')}" if report_url else ""
    return f"Scan <code>{markdown(scan_id)}</code>{link}"


def _head(report: ScanReport, verdict: Verdict) -> Iterator[str]:
    icon, word = ("✅", "passed") if verdict.passed else ("❌", "failed")
    yield f"## {icon} SecuProbe: {word}\n\n**{_capitalised(markdown(verdict.reason))}.**\n"
    severities = [s for s in WORST_FIRST if s is not Severity.UNKNOWN or verdict.counts[s]]
    yield f"| SecuScore | {' | '.join(f'{_ICONS[s]} {s.label.capitalize()}' for s in severities)} |"
    yield "| :---: " * (len(severities) + 1) + "|"
    score = "not given" if report.score is None else f"<strong>{number(report.score)}</strong> / 100"
    yield f"| {score} | {' | '.join(f'{verdict.counts[s]:,}' for s in severities)} |\n"
    target = f"Scanned <code>{markdown(report.url, 500)}</code> in" if report.url else "Took"
    yield f"{target} {duration(report.duration_s)} · {_scan_line(report.scan_id, report.report_url)}"
    for warning in verdict.warnings:
        yield f"\n> [!WARNING]\n> {markdown(warning)}"


def _table(findings: Sequence[Finding], max_bytes: int) -> str:
    """Return the findings as rows, worst first: the first ones open, the rest folded."""
    if not findings:
        return ""
    left = max_bytes - 2_000
    rows = list(_fitting((_row(finding) for finding in findings), left))
    head = "| Severity | Title | Category |\n| :--- | :--- | :--- |\n"
    parts = [f"### Findings\n\n{head}{''.join(rows[:OPEN_ROWS])}"]
    if len(rows) > OPEN_ROWS:
        folded = head + "".join(rows[OPEN_ROWS:])
        parts.append(f"<details><summary>{plural(len(rows) - OPEN_ROWS, 'more finding')}</summary>\n\n{folded}\n</details>")
    if len(rows) < len(findings):
        parts.append(
            f"**{_left_out(len(findings) - len(rows), 'finding')} of the table**: the summary would be too large for GitHub."
        )
    return "\n\n".join(part.rstrip("\n") for part in parts)


def _row(finding: Finding) -> str:
    return f"| {_severity(finding)} | {_title(finding)} | {_category(finding)} |\n"


def _details(findings: Sequence[Finding], max_bytes: int) -> str:
    """Return each finding's description and remediation, folded; as HTML blocks, in which nothing is Markdown."""
    if not findings:
        return ""
    shown = list(_fitting((_detail(finding) for finding in findings), max_bytes - 500))
    note = ""
    if len(shown) < len(findings):
        note = (
            f"\n\n**Details of {_left_out(len(findings) - len(shown), 'finding')}**: the summary would be too large for GitHub."
        )
    return "### Details\n\n" + "\n".join(shown) + note


def _detail(finding: Finding) -> str:
    return (
        f"<details><summary>{_severity(finding)} · {_title(finding)}</summary>\n"
        f"<p>{_paragraph(finding.description, 'No description.')}</p>\n"
        f"<p><strong>Remediation</strong><br>{_paragraph(finding.remediation, 'No remediation guide.')}</p>\n"
        "</details>\n"
    )


def _paragraph(text: str | None, otherwise: str) -> str:
    return markdown_lines(text, MAX_TEXT) if text and text.strip() else f"<em>{otherwise}</em>"


def _severity(finding: Finding) -> str:
    label = finding.severity.label.capitalize()
    if finding.severity is Severity.UNKNOWN and finding.severity_text:
        label += f" (<code>{markdown(finding.severity_text, 40)}</code>)"
    return f"{_ICONS[finding.severity]} {label}"


def _title(finding: Finding) -> str:
    return markdown(finding.title or "", MAX_TITLE) or "<em>no title</em>"


def _category(finding: Finding) -> str:
    return markdown(finding.category or "", MAX_TITLE) or "<em>no category</em>"


def _fitting(parts: Iterable[str], max_bytes: int) -> Iterator[str]:
    """Yield whole parts for as long as they fit."""
    left = max_bytes
    for part in parts:
        left -= _size(part) + 1
        if left < 0:
            return
        yield part


def _left_out(count: int, noun: str) -> str:
    return f"{plural(count, noun)} left out"


def _link(url: str, text: str) -> str:
    return f'<a href="{html_attribute(url)}">{text}</a>'


def _foot() -> str:
    return f"<sub>SecuProbe Security Scan {__version__}</sub>\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
