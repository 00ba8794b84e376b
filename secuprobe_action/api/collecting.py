"""Pure: what was asked of a finished scan, as the report that a gate judges."""

import re

from secuprobe_action.api.wire import Scan, Vulnerability, VulnerabilityList, WireCounts
from secuprobe_action.errors import ApiError, Forbidden
from secuprobe_action.findings.model import Counts, Finding, ScanReport, Severity, Started, worst_first
from secuprobe_action.findings.urls import shown_url
from secuprobe_action.text import one_line

# Without what a shell reads inside double quotes, let alone a log: workflows write `echo "${{ steps.scan.outputs.report_url }}"`.
_HARMLESS_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@&+,;=%-]{1,2000}\Z")


def report_url(scan: Scan, started: Started) -> str:
    """Return the API's link to the report where it is a plain web link, else ours."""
    link = scan.report_url or ""
    return link if _HARMLESS_LINK.match(link) else started.report_url


def _counts(wire: WireCounts) -> Counts | None:
    if wire is None:
        return None
    counts: dict[Severity, int] = {}
    for name, count in wire.items():
        severity = Severity.parse(name)
        counts[severity] = counts.get(severity, 0) + count
    return counts


def _total(scan: Scan, listed: VulnerabilityList | None) -> int | None:
    """Return how many findings there are by whatever says more of them; None where nothing says it."""
    stated = (scan.total, listed.total if listed else None)
    return max((total for total in stated if total is not None), default=None)


def _unknown_names(wire: WireCounts) -> tuple[str, ...]:
    named = (name for name, count in (wire or {}).items() if count and Severity.parse(name) is Severity.UNKNOWN)
    return tuple(name for name in named if name.strip().lower() != Severity.UNKNOWN.label)


def findings(listed: VulnerabilityList) -> tuple[Finding, ...]:
    """Return the listed findings, worst first."""
    return worst_first(tuple(_finding(vulnerability) for vulnerability in listed.vulnerabilities))


def _finding(vulnerability: Vulnerability) -> Finding:
    return Finding(
        title=vulnerability.title,
        severity=Severity.parse(vulnerability.severity),
        severity_text=vulnerability.severity,
        category=vulnerability.category,
        description=vulnerability.description,
        remediation=vulnerability.remediation_guide,
        id=vulnerability.id,
    )


def collected(
    scan: Scan, listed: VulnerabilityList | ApiError, started: Started, scanned: str | None, duration_s: float
) -> ScanReport:
    """Return a finished scan's report.

    Args:
        scan: its summary.
        listed: its list, or why it could not be had.
        started: how it began.
        scanned: its URL, or None where nobody names it.
        duration_s: seconds from its beginning to when its end was seen.
    """
    known = listed if isinstance(listed, VulnerabilityList) else None
    # A list that isn't whole may lack anything: that counts as one more finding, of which not even the severity is known.
    gap = f"The list of vulnerabilities isn't whole: {known.incomplete}." if known and known.incomplete else ""
    return ScanReport(
        scan_id=started.scan_id,
        url=None if scanned is None else shown_url(scanned),
        site=started.site,
        score=scan.score,
        counts=_counts(scan.counts),
        findings=None if known is None else findings(known),
        list_problem=one_line(listed.message, 500) if isinstance(listed, ApiError) else None,
        list_refused=isinstance(listed, Forbidden),
        total=_total(scan, known),
        report_url=report_url(scan, started),
        duration_s=duration_s,
        unknown_names=_unknown_names(scan.counts),
        unreadable=(*map(Severity.parse, scan.unreadable), *([Severity.UNKNOWN] if gap else [])),
        doubts=(*scan.doubts, *([gap] if gap else [])),
    )
