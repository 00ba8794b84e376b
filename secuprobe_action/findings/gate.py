"""ScanReport and policy to Verdict. It fails closed: where it can't tell, it does not pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secuprobe_action.errors import NotCompared, NothingToJudge
from secuprobe_action.findings.baseline import Baseline, Change, Compared, Comparison
from secuprobe_action.findings.history import History, Since
from secuprobe_action.findings.ignore import Acceptance, Rule
from secuprobe_action.findings.model import WORST_FIRST, Counts, Finding, ScanReport, Severity, count
from secuprobe_action.text import number, one_line, plural

MAX_WORDS = 5
"""For unknown severities, in a warning."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What fails the check.

    Args:
        threshold: the severity from which findings do, or None where none does.
        only_new: whether only findings that the baseline didn't have do.
        min_score: the score below which it fails, 0 to 100, or None for any.
    """

    threshold: Severity | None
    only_new: bool = False
    min_score: float | None = None

    @property
    def is_gate(self) -> bool:
        """Whether anything can fail it; a run that is a report only asks for nothing."""
        return self.threshold is not None or self.min_score is not None

    def reaches(self, severity: Severity) -> bool:
        """Whether findings of this severity can fail the check."""
        return self.threshold is not None and severity >= self.threshold

    def could_reach(self, severity: Severity) -> bool:
        """Whether findings of this severity could fail a gate: of a run that was asked for a report only, every one could."""
        return self.threshold is None or severity >= self.threshold


@dataclass(frozen=True, slots=True)
class Assessed:
    """A finding, and what became of it.

    Args:
        finding: the finding.
        change: how it stands to the baseline, or None where there is none.
        accepted: the rule by which its risk is accepted, or None.
        fails: whether it fails the check.
        since: since when it is there, or None where that isn't known.
    """

    finding: Finding
    change: Change | None
    accepted: Rule | None
    fails: bool
    since: Since | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided.

    Args:
        passed: whether the check passes.
        policy: by which policy.
        counts: findings by severity, an entry for each, as the gate saw them: the worse of the API's counts and its list.
        findings: the listed findings, worst first, with what became of each.
        baseline: the scan compared with, or None.
        fixed: the baseline's findings that are gone.
        severe: whether any finding reaches the threshold, a rule's acceptance not counted. Where nothing was asked to fail, every
            finding does: a report accepts nothing.
        worse: whether one does that the baseline didn't have; without a baseline, whether any does.
        reason: why, in one sentence.
        warnings: what a reader must know to trust the verdict.
        notices: what a reader may like to know.
        history: what earlier runs tell, or None where that isn't known.
    """

    passed: bool
    policy: Policy
    counts: Counts
    findings: tuple[Assessed, ...]
    baseline: Baseline | None
    fixed: tuple[Finding, ...]
    severe: bool
    worse: bool
    reason: str
    warnings: tuple[str, ...]
    notices: tuple[str, ...]
    history: History | None = None

    @property
    def open(self) -> tuple[Assessed, ...]:
        """The findings whose risk nobody has accepted."""
        return tuple(assessed for assessed in self.findings if assessed.accepted is None)

    @property
    def accepted(self) -> tuple[Assessed, ...]:
        """The findings whose risk is accepted."""
        return tuple(assessed for assessed in self.findings if assessed.accepted is not None)

    @property
    def new(self) -> tuple[Assessed, ...]:
        """The findings that the baseline didn't have, accepted or not; empty where there is no baseline."""
        return tuple(assessed for assessed in self.findings if assessed.change is Change.NEW)


def judge(
    report: ScanReport,
    policy: Policy,
    compared: Compared | None = None,
    acceptance: Acceptance | None = None,
    history: History | None = None,
) -> Verdict:
    """Decide whether the check passes.

    Args:
        report: a completed scan.
        policy: what fails the check.
        compared: the report's findings against the baseline's, or None where nothing was to be compared. Without a comparison
            all findings are looked at, `only_new` or not.
        acceptance: which of the report's findings are accepted risks, or None for none.
        history: what earlier runs tell of them, which decides nothing; or None where that isn't known.

    Raises:
        NotCompared: it isn't known whether a finding that would fail the check is new.
        NothingToJudge: the report holds neither counts nor a list from which the threshold could be judged.
    """
    _require_evidence(report, policy.threshold)
    compared = compared or Compared()
    comparison = compared.comparison
    listed = report.findings or ()
    changes = comparison.changes if comparison else (None,) * len(listed)
    rules = acceptance.rules if acceptance else (None,) * len(listed)
    since = history.since if history and history.since else (None,) * len(listed)
    findings = tuple(_assess(*each, policy) for each in zip(listed, changes, rules, since, strict=True))
    counts = _worse_of_counts_and_list(report)
    unlisted = _unlisted(counts, listed)
    failing = _failing(findings, unlisted, policy)
    score_problem = _score_problem(report.score, policy.min_score)
    doubt = _doubt(report, policy, compared, acceptance)
    if doubt and failing and not score_problem:
        raise _undecided(report, doubt, failing)
    return Verdict(
        passed=not failing and not score_problem,
        policy=policy,
        counts=counts,
        findings=findings,
        baseline=comparison.baseline if comparison else None,
        fixed=comparison.fixed if comparison else (),
        severe=any(n and policy.could_reach(severity) for severity, n in counts.items()),
        worse=_is_worse(findings, unlisted, policy),
        reason="; ".join(filter(None, (_reason(counts, failing, policy, comparison), score_problem))),
        warnings=(*_doubts(compared), *_warnings(report, counts), *_expired(acceptance)),
        notices=acceptance.notices if acceptance else (),
        history=history,
    )


def _doubts(compared: Compared) -> Iterator[str]:
    yield from compared.doubts
    if compared.problem:
        yield f"Nothing was compared: {compared.problem}"


def _assess(finding: Finding, change: Change | None, rule: Rule | None, since: Since | None, policy: Policy) -> Assessed:
    spared = rule is not None or (policy.only_new and change is Change.UNCHANGED)
    return Assessed(finding, change, rule, fails=policy.reaches(finding.severity) and not spared, since=since)


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
    )


def _worse_of_counts_and_list(report: ScanReport) -> dict[Severity, int]:
    """Take the larger number of each severity; findings that only a total knows of have an unknown severity.

    Where a count can't be read, there may be one more than is known: doubt gates.
    """
    stated = report.counts or {}
    counts = {severity: max(n, stated.get(severity, 0)) for severity, n in count(report.findings or ()).items()}
    counts[Severity.UNKNOWN] += max(0, (report.total or 0) - sum(counts.values()))
    for severity in report.unreadable:
        counts[severity] += 1
    return counts


def _unlisted(counts: Counts, listed: tuple[Finding, ...]) -> Counts:
    """Return what the counts have beyond the list. It can neither be accepted nor be known to be old."""
    seen = count(listed)
    return {severity: n - seen[severity] for severity, n in counts.items()}


def _failing(findings: tuple[Assessed, ...], unlisted: Counts, policy: Policy) -> dict[Severity, int]:
    failing = count(assessed.finding for assessed in findings if assessed.fails)
    for severity, n in unlisted.items():
        failing[severity] += n if policy.reaches(severity) else 0
    return {severity: n for severity, n in failing.items() if n}


def _is_worse(findings: tuple[Assessed, ...], unlisted: Counts, policy: Policy) -> bool:
    listed = any(policy.could_reach(each.finding.severity) and each.change is not Change.UNCHANGED for each in findings)
    return listed or any(n and policy.could_reach(severity) for severity, n in unlisted.items())


def _doubt(report: ScanReport, policy: Policy, compared: Compared, acceptance: Acceptance | None) -> str:
    """Return why it is not known which findings fail the check, or nothing. What was refused for good is no doubt: all count."""
    if policy.only_new and compared.problem:
        return f"The findings could not be compared with the baseline: {compared.problem}"
    if report.findings is None and not report.list_refused and acceptance and acceptance.unused:
        return f"The findings could not be compared with the ignore file's rules: {report.list_problem or 'there is no list.'}"
    return ""


def _undecided(report: ScanReport, doubt: str, failing: Counts) -> NotCompared:
    return NotCompared(
        f"{doubt} There are {describe_counts(failing)} at or above the threshold, and it is not known whether they count. "
        "What can't be judged does not pass.",
        f"Run the job again: the input scan_id: {report.scan_id} judges this scan again without a new one. "
        f"Its report: {report.report_url}",
    )


def _score_problem(score: float | None, min_score: float | None) -> str:
    if min_score is None or (score is not None and score >= min_score):
        return ""
    return f"the score is {'not known' if score is None else number(score)}, and min_score is {number(min_score)}"


def describe_counts(counts: Mapping[Severity, int]) -> str:
    """Return the counts that aren't zero, worst first: `1 critical, 3 high`."""
    return ", ".join(f"{counts[s]:,} {s.label}" for s in WORST_FIRST if counts.get(s))


def _reason(counts: Counts, failing: Counts, policy: Policy, comparison: Comparison | None) -> str:
    total = plural(sum(counts.values()), "finding")
    if policy.threshold is None:
        return f"{total}; fail_on_severity is none, so no finding fails the check"
    kind = "new finding" if policy.only_new and comparison else "finding"
    if not failing:
        return f"no {kind} at or above {policy.threshold.label} ({total} in all)"
    return f"{plural(sum(failing.values()), kind)} at or above {policy.threshold.label} ({describe_counts(failing)})"


def _warnings(report: ScanReport, counts: Counts) -> list[str]:
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
        seen = count(report.findings)
        if report.counts is not None and any(report.counts.get(s, 0) != n for s, n in seen.items()):
            warnings.append("The API's counts and its list of vulnerabilities differ; the worse of the two decided.")
    if counts[Severity.UNKNOWN]:
        warnings.append(
            f"{plural(counts[Severity.UNKNOWN], 'finding')} with an unknown severity{_unknown_words(report)}: "
            "an unknown severity counts as critical."
        )
    return [*warnings, *report.doubts]


def _unknown_words(report: ScanReport) -> str:
    """Return the API's own words for the severities that aren't known, in parentheses; nothing where it gave none."""
    listed = (finding.severity_text for finding in report.findings or () if finding.severity is Severity.UNKNOWN)
    given = (one_line(word or "", 40) for word in (*listed, *report.unknown_names))
    words = list(dict.fromkeys(f"“{word}”" for word in given if word and word.lower() != Severity.UNKNOWN.label))
    more = f" and {len(words) - MAX_WORDS} more" if len(words) > MAX_WORDS else ""
    return f" ({', '.join(words[:MAX_WORDS])}{more})" if words else ""


def _expired(acceptance: Acceptance | None) -> list[str]:
    rules = acceptance.expired if acceptance else ()
    return [f"The ignore file's rule at {rule} expired on {rule.expires} and no longer applies." for rule in rules]
