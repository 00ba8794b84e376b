"""What a Code Insights report says, and the lines that it keeps for later runs. Pure; it must not know how it is sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secuprobe_action.findings.gate import Assessed, Verdict, describe_counts
from secuprobe_action.findings.identity import digest, identify
from secuprobe_action.findings.model import ScanReport, Severity
from secuprobe_action.findings.progress import Progress
from secuprobe_action.platforms.base import Check, Conclusion
from secuprobe_action.text import one_line, printable, sharing

# developer.atlassian.com, Bitbucket Cloud REST API, Reports
MAX_ANNOTATIONS = 1_000
MAX_DETAILS = 2_000
MAX_SUMMARY = MAX_TITLE = 450

MAX_LINE = 255
MAX_LASTING, MAX_FLEETING = 6, 2
"""Lines in the report of memories, which later runs go by, and in the verdict's, of no use for long. The newest stay."""

_SEVERITIES = {
    Severity.UNKNOWN: "CRITICAL",
    Severity.CRITICAL: "CRITICAL",
    Severity.HIGH: "HIGH",
    Severity.MEDIUM: "MEDIUM",
    Severity.LOW: "LOW",
    Severity.INFO: "LOW",
}
_RESULTS = {
    None: "PENDING",
    Conclusion.SUCCESS: "PASSED",
    Conclusion.NEUTRAL: "PASSED",
    Conclusion.FAILURE: "FAILED",
    Conclusion.TIMED_OUT: "FAILED",
    Conclusion.CANCELLED: "FAILED",
}
_MEMORY = "Kept for later runs:"


@dataclass(frozen=True, slots=True)
class Memory:
    """The lines in a report. There is one report a commit, check name and site, so it holds what several runs left.

    Args:
        lines: the oldest first.
    """

    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, details: str) -> "Memory":
        """Return what the details of a report keep."""
        *_, kept = details.rpartition(_MEMORY)
        found = re.findall(rf"secuprobe:\S{{1,{MAX_LINE}}}", kept) if _MEMORY in details else []
        return cls(tuple(found[-MAX_LASTING:]))

    def __str__(self) -> str:
        return " ".join((f"\n\n{_MEMORY}", *self.lines)) if self.lines else ""

    def with_line(self, line: str, most: int) -> "Memory":
        """Return what is kept once a run has left a line: the newest lines, and so many at the most."""
        return Memory((*self.without(line).lines, line)[-most:])

    def without(self, line: str | None) -> "Memory":
        """Return what is kept without a line."""
        return Memory(tuple(each for each in self.lines if each != line))


def report_id(name: str, site: str | None) -> str:
    """Return a report's id: the sites that one commit is deployed to have one each, whatever of them is readable in it."""
    readable = re.sub(r"[^a-z0-9]+", "-", f"{name} {site or ''}".lower())[:60].strip("-")
    return f"secuprobe-{readable}{'-' if readable else ''}{digest(name, site, length=8)}"


def memory_id(name: str, site: str | None) -> str:
    """Return the id of the report that keeps what later runs go by.

    It is one of its own, which is never deleted, and which nothing writes but a verdict: a report that is made anew may be lost
    half-way, and what says how a scan stands may be carried out late.
    """
    return f"{report_id(name, site)}-memory"


def of_memory(site: str, memory: Memory) -> dict[str, Any]:
    """Return the report that keeps what later runs go by; it says nothing of this one."""
    head = {**_head(site), "title": one_line(f"SecuProbe memory: {site}", MAX_TITLE)}
    return with_memory({**head, "details": "What later runs are compared with.", "result": "PASSED", "data": []}, memory)


def _head(site: str | None) -> dict[str, Any]:
    title = one_line(f"SecuProbe security scan{f': {site}' if site else ''}", MAX_TITLE)
    return {"title": title, "report_type": "SECURITY", "reporter": "SecuProbe"}


def judged(report: ScanReport, verdict: Verdict) -> dict[str, Any]:
    """Return the report of a scan and what the gate made of it."""
    data: list[dict[str, Any]] = [
        {"title": severity.label.capitalize(), "type": "NUMBER", "value": verdict.counts[severity]}
        for severity in reversed(Severity)
        if severity is not Severity.UNKNOWN or verdict.counts[severity]
    ]
    if report.score is not None:
        data.insert(0, {"title": "SecuScore (of 100)", "type": "NUMBER", "value": report.score})
    data.append({"title": "Duration", "type": "DURATION", "value": round(report.duration_s * 1000)})
    counts = describe_counts(verdict.counts) or "no findings"
    details = f"{verdict.reason}. {counts}.{_cut(verdict)} {' '.join(verdict.warnings)}"
    return {
        **_head(report.site),
        "details": one_line(details, MAX_DETAILS),
        "link": report.report_url,
        "result": "PASSED" if verdict.passed else "FAILED",
        "data": data,
    }


def unjudged(site: str | None, title: str, message: str, report_url: str | None) -> dict[str, Any]:
    """Return the report of a run that came to no verdict; arguments as `Platform.publish_no_result`."""
    link = {"link": report_url} if report_url else {}
    return {**_head(site), "details": one_line(f"{title}: {message}", MAX_DETAILS), **link, "result": "FAILED", "data": []}


def in_progress(site: str | None, progress: Progress, report_url: str | None) -> dict[str, Any]:
    """Return the report of a scan that runs; arguments as `Platform.publish_progress`."""
    link = {"link": report_url} if report_url else {}
    share = progress.fraction
    data = [] if share is None else [{"title": "Progress", "type": "PERCENTAGE", "value": round(100 * share)}]
    return {**_head(site), "details": one_line(progress.line, MAX_DETAILS), **link, "result": "PENDING", "data": data}


def of_check(check: Check) -> dict[str, Any]:
    """Return the report that says what a check does, until the run's own takes its place."""
    link = {"link": check.report_url} if check.report_url else {}
    details = one_line(check.title, MAX_DETAILS)
    return {**_head(check.site), "details": details, **link, "result": _RESULTS[check.conclusion], "data": []}


def with_memory(report: Mapping[str, Any], memory: Memory) -> dict[str, Any]:
    """Return a report whose details end in what is kept for later runs."""
    kept = str(memory)
    return {**report, "details": _ending(report["details"], MAX_DETAILS - len(kept)) + kept}


def _cut(verdict: Verdict) -> str:
    if len(verdict.findings) <= MAX_ANNOTATIONS:
        return ""
    return f" Shown are the worst {MAX_ANNOTATIONS:,} of {len(verdict.findings):,} findings: Bitbucket takes no more."


def annotations(own_id: str, report: ScanReport, verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield the annotations of a report, the worst first, as many as Bitbucket takes.

    Args:
        own_id: the report's.
        report: the scan.
        verdict: what the gate made of it.
    """
    identities = identify(report.site, [assessed.finding for assessed in verdict.findings])
    for assessed, identity in list(zip(verdict.findings, identities, strict=True))[:MAX_ANNOTATIONS]:
        yield _annotation(f"{own_id}-{identity.key}", assessed, report)


def _annotation(external_id: str, assessed: Assessed, report: ScanReport) -> dict[str, Any]:
    finding = assessed.finding
    accepted = f"Accepted: {one_line(assessed.accepted.reason, 300)}\n\n" if assessed.accepted else ""
    between = "\n\nRemediation: "
    room = MAX_DETAILS - len(accepted) - len(between)
    seen, mend = sharing(printable(finding.description or "No description."), printable(finding.remediation or "no guide"), room)
    return {
        "external_id": external_id,
        "annotation_type": "VULNERABILITY",
        "summary": one_line(f"{finding.title or 'No title'} ({finding.category or 'no category'})", MAX_SUMMARY),
        "details": f"{accepted}{seen}{between}{mend}",
        "severity": _SEVERITIES[finding.severity],
        "result": "IGNORED" if assessed.accepted else "FAILED" if assessed.fails else "PASSED",
        "link": report.report_url,
    }


def _ending(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
