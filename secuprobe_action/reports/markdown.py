"""The job summary, and the check run's, in GitHub's Markdown; and those of its parts that other pages have, too."""

from collections.abc import Iterator, Sequence

from secuprobe_action import __version__
from secuprobe_action.errors import ActionError
from secuprobe_action.findings.baseline import Baseline
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.ignore import rule_for
from secuprobe_action.findings.model import WORST_FIRST, Finding, ScanReport, Severity
from secuprobe_action.reports.escape import html_attribute, markdown, markdown_lines
from secuprobe_action.reports.findings_table import (
    accepted,
    findings_table,
    fitting,
    fixed,
    severity,
    severity_sign,
    size,
    title,
)
from secuprobe_action.reports.story import Format, Story, Trouble, name_of_its_own
from secuprobe_action.reports.trend import trend
from secuprobe_action.text import age, capitalised, duration, number, plural

MAX_BYTES = 1_000_000
"""A job summary over 1,048,576 bytes is dropped whole (actions/runner, FileCommandManager.cs); an error line may follow ours."""


MAX_TEXT = 20_000
_FOOT_BYTES = 2_000
_TABLE_SHARE = 0.5
_ACCEPTED_SHARE = 0.1


def render(story: Story) -> str:
    """Return the summary as a report of its own."""
    return summary(story.report, story.verdict)


def summary(report: ScanReport, verdict: Verdict, max_bytes: int = MAX_BYTES) -> str:
    """Return the summary of a judged scan.

    Args:
        report: the scan.
        verdict: what the gate decided.
        max_bytes: the most UTF-8 bytes to return, at least 30,000. Whatever doesn't fit is left out from the least severe
            finding up, and counted.
    """
    room = max_bytes - _FOOT_BYTES
    parts = [
        headline(verdict),
        score_and_counts(report, verdict),
        course(verdict),
        _facts(report, verdict),
        *_notes(verdict, room // 5),
    ]
    room -= sum(map(size, parts))
    folded = [*fixed(verdict, int(room * _ACCEPTED_SHARE)), *accepted(verdict, int(room * _ACCEPTED_SHARE))]
    room -= sum(map(size, folded))
    table = findings_table(verdict.open, "### Findings", int(room * _TABLE_SHARE))
    details = _details(verdict.open, room - size(table))
    return "\n\n".join(part for part in (*parts, table, *folded, details, foot()) if part)


def trouble(told: Trouble) -> str:
    """Return why there is no verdict as a report of its own."""
    target = f"It was to scan <code>{markdown(told.url, 500)}</code>." if told.url else ""
    parts = [f"## ⚠️ {markdown(told.title)}", target, markdown_lines(told.message, 10_000)]
    return "\n\n".join(part for part in (*parts, _scan_line(told.scan_id, told.report_url), foot()) if part)


def skipped(reason: str, advice: str) -> str:
    """Return the summary of a run that had nothing to scan with."""
    return f"## ⏭️ SecuProbe: skipped\n\n{markdown(reason)}.\n\n{markdown(advice)}\n\n{foot()}"


def failure(error: ActionError, scan_id: str | None, report_url: str | None) -> str:
    """Return the summary of a run that ended in an error, with the scan it had started, if any."""
    parts = [f"## ⚠️ {markdown(error.title)}", markdown_lines(error.message, 5_000), markdown_lines(error.advice, 5_000)]
    return "\n\n".join(part for part in (*parts, _scan_line(scan_id, report_url), foot()) if part)


def cancelled(consequence: str, scan_id: str | None, report_url: str | None) -> str:
    """Return the summary of a run that was cancelled, with what becomes of its scan, if there is one."""
    parts = ("## 🛑 SecuProbe: cancelled", markdown(consequence), _scan_line(scan_id, report_url), foot())
    return "\n\n".join(part for part in parts if part)


def headline(verdict: Verdict) -> str:
    """Return the verdict in a heading, and its reason in one line."""
    icon, word = ("✅", "passed") if verdict.passed else ("❌", "failed")
    return f"## {icon} SecuProbe: {word}\n\n**{capitalised(markdown(verdict.reason))}.**"


def score_and_counts(report: ScanReport, verdict: Verdict) -> str:
    """Return the score and the counts as a table, with their change where there is a baseline."""
    baseline = verdict.baseline
    severities = [s for s in WORST_FIRST if s is not Severity.UNKNOWN or verdict.counts[s]]
    before = baseline.counts if baseline else None
    cells = [f"{verdict.counts[s]:,}{_arrow(verdict.counts[s] - before[s]) if before else ''}" for s in severities]
    score = "not given" if report.score is None else f"<strong>{number(report.score)}</strong> / 100"
    if baseline and baseline.score is not None and report.score is not None:
        score += _arrow(report.score - baseline.score)
    return (
        f"| SecuScore | {' | '.join(map(severity_sign, severities))} |\n"
        + "| :---: " * (len(severities) + 1)
        + f"|\n| {score} | {' | '.join(cells)} |"
    )


def course(verdict: Verdict) -> str:
    """Return the score's course over the last runs, or nothing where it isn't known."""
    known = trend(verdict)
    return f"Trend <code>{known.sparkline}</code> {known.text}{_arrow(known.change)}" if known else ""


def since_baseline(verdict: Verdict) -> str:
    """Return what changed since which scan, commit and time, or nothing where there is no baseline."""
    baseline = verdict.baseline
    if baseline is None:
        return ""
    return f"{plural(len(verdict.new), 'new finding')} and {len(verdict.fixed):,} fixed since {_name(baseline)}."


def link(url: str, text: str) -> str:
    """Return a link; `text` is ours."""
    return f'<a href="{html_attribute(url)}">{text}</a>'


def foot() -> str:
    """Return the last line, with the version."""
    return f"<sub>SecuProbe Security Scan {__version__}</sub>\n"


def _facts(report: ScanReport, verdict: Verdict) -> str:
    name = name_of_its_own(report)
    target = (
        f"Scanned <code>{markdown(report.url, 500)}</code>{name and f' as {markdown(name, 200)}'} in" if report.url else "Took"
    )
    line = f"{target} {duration(report.duration_s)} · {_scan_line(report.scan_id, report.report_url)}"
    return "\n\n".join(part for part in (line, since_baseline(verdict)) if part)


def _notes(verdict: Verdict, max_bytes: int) -> Iterator[str]:
    notes = [f"> [!WARNING]\n> {markdown(text, 2_000)}" for text in verdict.warnings]
    notes += [f"> [!NOTE]\n> {markdown(text, 2_000)}" for text in verdict.notices]
    shown = list(fitting(notes, max_bytes))
    yield from shown
    if len(shown) < len(notes):
        yield f"> [!WARNING]\n> {plural(len(notes) - len(shown), 'more message')} in the log."


def _scan_line(scan_id: str | None, report_url: str | None) -> str:
    if scan_id is None:
        return ""
    report = f" · {link(report_url, 'Open the report')}" if report_url else ""
    return f"Scan <code>{markdown(scan_id)}</code>{report}"


def _name(baseline: Baseline) -> str:
    commit = f" of commit <code>{markdown(baseline.commit[:12])}</code>" if baseline.commit else ""
    old = f" ({age(baseline.age_s)} old)" if baseline.age_s is not None else ""
    return f"scan <code>{markdown(baseline.scan_id)}</code>{commit}{old}"


def _arrow(difference: float) -> str:
    if not difference:
        return ""
    return f" ({'▲' if difference > 0 else '▼'}&nbsp;{number(abs(difference))})"


def _details(findings: Sequence[Assessed], max_bytes: int) -> str:
    """Return each finding's description and remediation, folded; as HTML blocks, in which nothing is Markdown."""
    if not findings:
        return ""
    shown = list(fitting((_detail(assessed.finding) for assessed in findings), max_bytes - 500))
    note = ""
    if len(shown) < len(findings):
        left_out = plural(len(findings) - len(shown), "finding")
        note = f"\n\n**Details of {left_out} left out**: the summary would be too large for GitHub."
    return "### Details\n\n" + "\n".join(shown) + note


def _detail(finding: Finding) -> str:
    return (
        f"<details><summary>{severity(finding)} · {title(finding)}</summary>\n"
        f"<p>{_paragraph(finding.description, 'No description.')}</p>\n"
        f"<p><strong>Remediation</strong><br>{_paragraph(finding.remediation, 'No remediation guide.')}</p>\n"
        f"{_acceptance(finding)}"
        "</details>\n"
    )


def _acceptance(finding: Finding) -> str:
    """Return the rule that accepts the finding, to be copied from the page into the ignore file."""
    rule = rule_for(finding)
    if rule is None:
        return ""
    # Its lines hold no line end of their own, and no blank line: the HTML block goes on. Their indentation is ours to keep.
    lines = ("  " * line.startswith("  ") + markdown(line) for line in rule.splitlines())
    return "<p><strong>To accept this risk</strong>, in the ignore file:</p>\n<pre>" + "\n".join(lines) + "</pre>\n"


def _paragraph(text: str | None, otherwise: str) -> str:
    return markdown_lines(text, MAX_TEXT) if text and text.strip() else f"<em>{otherwise}</em>"


FORMAT = Format(render, trouble)
