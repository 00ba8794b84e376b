"""ScanReport and policy to Verdict. It fails closed: where it can't tell, it does not pass."""

from dataclasses import dataclass

from secuprobe_action.errors import NothingToJudge
from secuprobe_action.findings.model import WORST_FIRST, Counts, ScanReport, Severity
from secuprobe_action.text import plural


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided.

    Args:
        passed: whether the check passes.
        threshold: the severity from which findings fail the gate, or None where nothing does.
        counts: findings by severity, an entry for each, as the gate saw them: the worse of the API's counts and its list.
        reason: why, in one sentence.
        warnings: what a reader must know to trust the verdict.
    """

    passed: bool
    threshold: Severity | None
    counts: Counts
    reason: str
    warnings: tuple[str, ...]

    def fails(self, severity: Severity) -> bool:
        """Whether a finding of this severity fails the gate."""
        return self.threshold is not None and severity >= self.threshold


def judge(report: ScanReport, threshold: Severity | None) -> Verdict:
    """Decide whether the check passes.

    Args:
        report: a completed scan.
        threshold: findings of this severity or worse fail the gate; None: none do.

    Raises:
        NothingToJudge: the report holds neither counts nor a list from which the threshold could be judged.
    """
    _require_evidence(report, threshold)
    counts = _worse_of_counts_and_list(report)
    failing = {severity: n for severity, n in counts.items() if threshold is not None and n and severity >= threshold}
    return Verdict(
        passed=not failing,
        threshold=threshold,
        counts=counts,
        reason=_reason(counts, failing, threshold),
        warnings=_warnings(report, counts),
    )


def _require_evidence(report: ScanReport, threshold: Severity | None) -> None:
    if report.findings is not None:
        return
    judged = [] if threshold is None else [s for s in WORST_FIRST if threshold <= s <= Severity.CRITICAL]
    if report.counts and all(severity in report.counts for severity in judged):
        return
    raise NothingToJudge(
        "The scan is completed, but the API gave neither a list of its vulnerabilities nor counts by severity"
        f" that reach down to the threshold ({report.list_problem or 'no list'}). What can't be judged does not pass.",
        f"Look at the report ({report.report_url}). The input scan_id: {report.scan_id} judges it again without a new scan.",
        scan_id=report.scan_id,
        report_url=report.report_url,
    )


def _listed(report: ScanReport) -> dict[Severity, int]:
    listed = dict.fromkeys(WORST_FIRST, 0)
    for finding in report.findings or ():
        listed[finding.severity] += 1
    return listed


def _worse_of_counts_and_list(report: ScanReport) -> dict[Severity, int]:
    """Take the larger number of each severity; findings that only the list's total knows of have an unknown severity."""
    stated = report.counts or {}
    counts = {severity: max(n, stated.get(severity, 0)) for severity, n in _listed(report).items()}
    counts[Severity.UNKNOWN] += max(0, (report.total or 0) - sum(counts.values()))
    return counts


def describe_counts(counts: Counts) -> str:
    """Return the counts that aren't zero, worst first: `1 critical, 3 high`."""
    return ", ".join(f"{counts[s]:,} {s.label}" for s in WORST_FIRST if counts.get(s))


def _reason(counts: Counts, failing: Counts, threshold: Severity | None) -> str:
    total = plural(sum(counts.values()), "finding")
    if threshold is None:
        return f"{total}; fail_on_severity is none, so no finding fails the check"
    if not failing:
        return f"no finding at or above {threshold.label} ({total} in all)"
    return f"{plural(sum(failing.values()), 'finding')} at or above {threshold.label} ({describe_counts(failing)})"


def _warnings(report: ScanReport, counts: Counts) -> tuple[str, ...]:
    warnings = []
    if report.findings is None:
        warnings.append(
            "The list of vulnerabilities could not be read, so details are missing; the counts decided. "
            f"{report.list_problem or ''}".rstrip()
        )
    else:
        listed = len(report.findings)
        if report.total is not None and report.total > listed:
            warnings.append(
                f"The API listed {listed:,} of {plural(report.total, 'finding')}; "
                "what is not listed counts for the gate all the same."
            )
        if report.counts is not None and any(report.counts.get(s, 0) != n for s, n in _listed(report).items()):
            warnings.append("The API's counts and its list of vulnerabilities differ; the worse of the two decided.")
    if counts[Severity.UNKNOWN]:
        warnings.append(
            f"{plural(counts[Severity.UNKNOWN], 'finding')} with an unknown severity: an unknown severity counts as critical."
        )
    return tuple(warnings)
