"""Findings as tables in GitHub's Markdown, each with its severity, its title and how long it has been there."""

from collections.abc import Iterable, Iterator, Sequence

from secuprobe_action.findings.baseline import Change
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports.escape import markdown
from secuprobe_action.text import plural

OPEN_ROWS = 50
"""Findings in the open table; the rest are folded, so that a long list doesn't bury what comes below it."""

MAX_TITLE = 300
_COLUMNS = ("Severity", "Title", "Category")

ICONS = {
    Severity.UNKNOWN: "❔",
    Severity.CRITICAL: "🟣",
    Severity.HIGH: "🔴",
    Severity.MEDIUM: "🟠",
    Severity.LOW: "🟡",
    Severity.INFO: "🔵",
}


def findings_table(findings: Sequence[Assessed], heading: str, max_bytes: int, open_rows: int = OPEN_ROWS) -> str:
    """Return the findings as rows, worst first: the first ones open, the rest folded; nothing where there are none.

    Args:
        findings: what to show.
        heading: what stands above it, as Markdown.
        max_bytes: the most UTF-8 bytes to return.
        open_rows: how many rows aren't folded.
    """
    if not findings:
        return ""
    marks = any(assessed.change for assessed in findings)
    ages = any(_since(assessed) not in ("", "new") for assessed in findings)
    head = _head(*_COLUMNS, *(["Open"] if ages else []))
    rows = list(fitting((_row(assessed, marks=marks, ages=ages) for assessed in findings), max_bytes - 1_000))
    parts = [f"{heading}\n\n{head}{''.join(rows[:open_rows])}"]
    if len(rows) > open_rows:
        parts.append(_folded(plural(len(rows) - open_rows, "more finding"), head + "".join(rows[open_rows:])))
    if len(rows) < len(findings):
        left_out = plural(len(findings) - len(rows), "finding")
        parts.append(f"**{left_out} left out of the table**: it would be too large for GitHub.")
    return "\n\n".join(part.rstrip("\n") for part in parts)


def fixed(verdict: Verdict, max_bytes: int) -> Iterator[str]:
    """Yield the findings that are gone since the baseline, folded, where there are any."""
    if verdict.fixed:
        rows = fitting((f"| {severity(f)} | ~~{title(f)}~~ | {category(f)} |\n" for f in verdict.fixed), max_bytes - 500)
        yield _folded(f"✅ {len(verdict.fixed):,} fixed since the baseline", _head(*_COLUMNS) + "".join(rows))


def unchanged(verdict: Verdict, max_bytes: int) -> Iterator[str]:
    """Yield the findings that the baseline had too, folded, where there are any."""
    old = [assessed for assessed in verdict.open if assessed.change is Change.UNCHANGED]
    if old:
        rows = fitting((_row(assessed, marks=False, ages=True) for assessed in old), max_bytes - 500)
        yield _folded(plural(len(old), "unchanged finding"), _head(*_COLUMNS, "Open") + "".join(rows))


def accepted(verdict: Verdict, max_bytes: int) -> Iterator[str]:
    """Yield the accepted risks with their reasons, folded, where there are any."""
    if verdict.accepted:
        head = _head(*_COLUMNS, "Reason", "Until")
        rows = fitting((_accepted_row(assessed) for assessed in verdict.accepted), max_bytes - 500)
        yield _folded(f"🤝 {plural(len(verdict.accepted), 'accepted risk')}", head + "".join(rows))


def severity_sign(severity: Severity) -> str:
    """Return a severity's name with its sign."""
    return f"{ICONS[severity]} {severity.label.capitalize()}"


def severity(finding: Finding) -> str:
    """Return the severity with its sign, and with the API's own word where it isn't known."""
    words = f" (<code>{markdown(finding.severity_text, 40)}</code>)" if finding.severity_text else ""
    return severity_sign(finding.severity) + (words if finding.severity is Severity.UNKNOWN else "")


def title(finding: Finding) -> str:
    """Return the title, or that there is none."""
    return markdown(finding.title or "", MAX_TITLE) or "<em>no title</em>"


def category(finding: Finding) -> str:
    """Return the category, or that there is none."""
    return markdown(finding.category or "", MAX_TITLE) or "<em>no category</em>"


def _head(*columns: str) -> str:
    return f"| {' | '.join(columns)} |\n" + "| :--- " * len(columns) + "|\n"


def _since(assessed: Assessed) -> str:
    return assessed.since.text if assessed.since else ""


def _row(assessed: Assessed, *, marks: bool, ages: bool) -> str:
    new = "🆕 " if marks and assessed.change is Change.NEW else ""
    finding = assessed.finding
    return f"| {severity(finding)} | {new}{title(finding)} | {category(finding)} |{f' {_since(assessed)} |' if ages else ''}\n"


def _accepted_row(assessed: Assessed) -> str:
    rule, finding = assessed.accepted, assessed.finding
    reason, until = (markdown(rule.reason), rule.expires or "–") if rule else ("", "")
    return f"| {severity(finding)} | {title(finding)} | {category(finding)} | {reason} | {until} |\n"


def _folded(heading: str, content: str) -> str:
    return f"<details><summary>{heading}</summary>\n\n{content}\n</details>"


def fitting(parts: Iterable[str], max_bytes: int) -> Iterator[str]:
    """Yield whole parts for as long as they fit in that many UTF-8 bytes."""
    left = max_bytes
    for part in parts:
        left -= size(part) + 1
        if left < 0:
            return
        yield part


def size(text: str) -> int:
    """Return the length in UTF-8 bytes, which is what GitHub's limits count."""
    return len(text.encode("utf-8"))
