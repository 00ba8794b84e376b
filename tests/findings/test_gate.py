"""The gate: what passes, what fails, and that it fails closed."""

import datetime as dt
from typing import Any

import pytest

from secuprobe_action.errors import NothingToJudge
from secuprobe_action.findings import gate
from secuprobe_action.findings.baseline import Baseline, Change, Compared, compare
from secuprobe_action.findings.gate import Policy, Verdict
from secuprobe_action.findings.ignore import Rule, accept
from secuprobe_action.findings.model import ScanReport, Severity
from tests.support import finding, report


def judge(scanned: ScanReport, threshold: Severity | None) -> Verdict:
    return gate.judge(scanned, Policy(threshold))


KNOWN = [severity for severity in Severity if severity is not Severity.UNKNOWN]
THRESHOLDS = [Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, None]


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("severity", list(Severity))
def test_a_finding_fails_the_gate_at_or_above_the_threshold(severity: Severity, threshold: Severity | None) -> None:
    verdict = judge(report(finding(severity)), threshold)

    assert verdict.passed == (threshold is None or severity < threshold)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_no_findings_pass_any_threshold(threshold: Severity | None) -> None:
    assert judge(report(), threshold).passed


def test_the_reason_names_what_failed_and_the_threshold() -> None:
    verdict = judge(
        report(finding(Severity.CRITICAL), finding(Severity.HIGH), finding(Severity.HIGH), finding(Severity.LOW)), Severity.HIGH
    )

    assert verdict.reason == "3 findings at or above high (1 critical, 2 high)"


def test_the_reason_of_a_pass_names_the_threshold_and_the_number() -> None:
    assert judge(report(finding(Severity.LOW)), Severity.HIGH).reason == "no finding at or above high (1 finding in all)"
    assert (
        judge(report(finding(Severity.LOW)), None).reason == "1 finding; fail_on_severity is none, so no finding fails the check"
    )


def test_counts_worse_than_the_list_decide() -> None:
    verdict = judge(report(finding(Severity.LOW), counts={Severity.CRITICAL: 1, Severity.LOW: 1}), Severity.CRITICAL)

    assert not verdict.passed
    assert any("differ" in warning for warning in verdict.warnings)


def test_a_list_worse_than_the_counts_decides() -> None:
    verdict = judge(report(finding(Severity.CRITICAL), counts=dict.fromkeys(KNOWN, 0)), Severity.CRITICAL)

    assert not verdict.passed
    assert any("differ" in warning for warning in verdict.warnings)


def test_counts_that_agree_with_the_list_are_no_warning() -> None:
    assert judge(report(finding(Severity.LOW), finding(Severity.INFO)), Severity.HIGH).warnings == ()


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_an_unknown_severity_counts_as_critical_with_a_warning(threshold: Severity | None) -> None:
    verdict = judge(report(finding(Severity.UNKNOWN, severity_text="apocalyptic")), threshold)

    assert verdict.passed == (threshold is None)
    assert any("unknown severity" in warning for warning in verdict.warnings)


@pytest.mark.parametrize("counts", [None, {}])
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_neither_counts_nor_list_is_an_error(counts: Any, threshold: Severity | None) -> None:
    with pytest.raises(NothingToJudge) as raised:
        judge(report(counts=counts, findings=None, total=None, list_problem="It was 403."), threshold)

    assert "It was 403." in raised.value.message
    assert "scan-1" in raised.value.advice


def test_without_a_list_the_counts_decide_and_details_are_said_to_be_missing() -> None:
    counts = {**dict.fromkeys(KNOWN, 0), Severity.HIGH: 2}

    verdict = judge(report(counts=counts, findings=None, total=None, list_problem="It was 403."), Severity.HIGH)

    assert not verdict.passed
    assert any("details are missing" in warning and "It was 403." in warning for warning in verdict.warnings)


@pytest.mark.parametrize("missing", [Severity.CRITICAL, Severity.HIGH])
def test_without_a_list_counts_must_reach_down_to_the_threshold(missing: Severity) -> None:
    counts = {severity: 0 for severity in KNOWN if severity is not missing}

    with pytest.raises(NothingToJudge):
        judge(report(counts=counts, findings=None, total=None), Severity.HIGH)


def test_without_a_list_counts_below_the_threshold_may_be_missing() -> None:
    counts = {Severity.CRITICAL: 0, Severity.HIGH: 0}

    assert judge(report(counts=counts, findings=None, total=None), Severity.HIGH).passed


def test_a_list_without_counts_decides() -> None:
    assert judge(report(finding(Severity.MEDIUM), counts=None), Severity.HIGH).passed
    assert not judge(report(finding(Severity.MEDIUM), counts=None), Severity.MEDIUM).passed


def test_a_list_shorter_than_its_total_is_a_warning() -> None:
    counts = {**dict.fromkeys(KNOWN, 0), Severity.LOW: 5}

    verdict = judge(report(finding(Severity.LOW), counts=counts, total=5), Severity.HIGH)

    assert verdict.passed
    assert any("listed 1 of 5 findings" in warning for warning in verdict.warnings)


def test_findings_that_neither_list_nor_counts_tell_of_count_as_critical() -> None:
    verdict = judge(report(finding(Severity.LOW), counts=None, total=29), Severity.CRITICAL)

    assert not verdict.passed
    assert verdict.counts[Severity.UNKNOWN] == 28


def test_every_severity_has_a_count_in_the_verdict() -> None:
    assert set(judge(report(counts=None), Severity.LOW).counts) == set(Severity)


def test_severities_parse_whatever_their_case_and_nothing_else_does() -> None:
    assert [Severity.parse(text) for text in ("critical", " HIGH ", "Medium", "low", "INFO")] == sorted(KNOWN, reverse=True)
    assert {Severity.parse(text) for text in ("", None, "severe", "crit")} == {Severity.UNKNOWN}


def test_a_verdict_says_by_what_it_was_reached() -> None:
    old = finding(Severity.HIGH)
    gone = finding(Severity.LOW, title="gone")
    policy = Policy(Severity.HIGH, only_new=True, min_score=10)
    base = Baseline("base", (old, gone))

    verdict = gate.judge(report(old), policy, Compared(compare([old], base)))

    assert (verdict.policy, verdict.baseline, verdict.fixed) == (policy, base, (gone,))
    assert [assessed.change for assessed in verdict.findings] == [Change.UNCHANGED]


def test_the_words_behind_unknown_severities_are_told_once_each_and_not_too_many() -> None:
    listed = [finding(Severity.UNKNOWN, severity_text=text) for text in ("blocker", "blocker", "unknown", " ", None)]
    few = judge(report(*listed, unknown_names=("Blocker?",)), None)
    many = judge(report(unknown_names=tuple("abcdefg"), counts={Severity.UNKNOWN: 7}, total=None), None)

    assert "5 findings with an unknown severity (“blocker”, “Blocker?”): an" in few.warnings[-1]
    assert "(“a”, “b”, “c”, “d”, “e” and 2 more)" in many.warnings[-1]


@pytest.mark.parametrize(("severity", "passes"), [(Severity.LOW, True), (Severity.HIGH, False), (Severity.UNKNOWN, False)])
def test_a_count_that_can_not_be_read_is_one_more_than_is_known(severity: Severity, passes: bool) -> None:
    scanned = report(finding(Severity.MEDIUM), unreadable=(severity,), doubts=("It can't be read.",))
    verdict = judge(scanned, Severity.HIGH)

    assert verdict.passed == passes
    assert verdict.counts[severity] == 1
    assert verdict.warnings[-1] == "It can't be read."


def test_doubt_about_a_count_is_not_accepted_with_what_is_listed() -> None:
    scanned = report(finding(Severity.HIGH), unreadable=(Severity.HIGH,))
    acceptance = accept([Rule(title="No CSP", reason="x", line=1)], scanned.findings or (), scanned.url, dt.date(2026, 1, 1))

    assert not gate.judge(scanned, Policy(Severity.HIGH), acceptance=acceptance).passed


def test_warnings_are_whole_sentences() -> None:
    unreadable = judge(report(findings=None, total=None, list_problem=None), Severity.HIGH)
    unknown = judge(report(finding(Severity.UNKNOWN), total=2, counts=None), None)

    assert unreadable.warnings == ("The list of vulnerabilities could not be read, so details are missing; the counts decided.",)
    assert unknown.warnings == (
        "The API listed 1 of 2 findings; what is not listed counts for the gate all the same.",
        "2 findings with an unknown severity: an unknown severity counts as critical.",
    )


def test_what_can_not_be_judged_is_told_with_the_reason() -> None:
    with pytest.raises(NothingToJudge) as raised:
        judge(report(counts=None, findings=None, total=None), None)

    assert raised.value.message == (
        "The scan is completed, but the API gave neither a list of its vulnerabilities nor counts by severity that reach down to "
        "the threshold (no list). What can't be judged does not pass."
    )
