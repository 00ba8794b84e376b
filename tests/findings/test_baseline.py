"""What is new: fingerprints that last, and a comparison that doubts."""

from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.findings import gate
from secuprobe_action.findings.baseline import Baseline, Change, Compared, compare, fingerprint
from secuprobe_action.findings.gate import Policy
from secuprobe_action.findings.model import Finding, Severity
from tests.support import finding, report

NEW, OLD = Change.NEW, Change.UNCHANGED


def changes(current: list[Finding], before: list[Finding]) -> tuple[Change, ...]:
    return compare(current, Baseline("base", tuple(before))).changes


def test_a_fingerprint_outlasts_ids_severities_case_spacing_and_spelling() -> None:
    first = finding(Severity.HIGH, title="No  CSP", category="Headers", id="1")
    second = finding(Severity.LOW, title=" no csp\n", category="HEADERS", id="2", description="other")

    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(finding(title="ﬁle")) == fingerprint(finding(title="file"))


def test_other_titles_and_categories_have_other_fingerprints() -> None:
    prints = {
        fingerprint(finding(title=title, category=category))
        for title, category in [("a", "b"), ("b", "a"), ("ab", None), (None, "ab")]
    }

    assert len(prints) == 4


def test_the_fingerprint_itself_is_kept() -> None:
    # Stored in check runs and alerts: a change of it is a new FINGERPRINT_VERSION.
    assert fingerprint(finding(title="No CSP", category="Headers")) == "791e5103e639213ba1cf9fb1541934e5"


def test_what_the_baseline_had_is_unchanged_and_the_rest_is_new() -> None:
    assert changes([finding(title="a"), finding(title="b")], [finding(title="a")]) == (OLD, NEW)


def test_the_same_finding_more_often_than_before_is_new() -> None:
    assert changes([finding(), finding()], [finding()]) == (OLD, NEW)


def test_a_risen_severity_is_new_and_a_fallen_one_is_not() -> None:
    assert changes([finding(Severity.HIGH)], [finding(Severity.LOW)]) == (NEW,)
    assert changes([finding(Severity.LOW)], [finding(Severity.HIGH)]) == (OLD,)


def test_the_worst_is_compared_with_the_worst() -> None:
    assert changes([finding(Severity.LOW), finding(Severity.HIGH)], [finding(Severity.HIGH), finding(Severity.LOW)]) == (OLD, OLD)
    assert changes([finding(Severity.HIGH), finding(Severity.HIGH)], [finding(Severity.HIGH), finding(Severity.LOW)]) == (
        OLD,
        NEW,
    )


def test_what_is_gone_is_fixed_worst_first() -> None:
    before = (finding(Severity.LOW, title="a"), finding(Severity.HIGH, title="b"), finding(title="c"))

    fixed = compare([finding(title="c")], Baseline("base", before)).fixed

    assert [gone.title for gone in fixed] == ["b", "a"]


FINDINGS = st.lists(
    st.builds(lambda title, severity: finding(severity, title=title), st.sampled_from("abc"), st.sampled_from(list(Severity))),
    max_size=8,
)


@given(FINDINGS)
def test_against_itself_nothing_is_new_or_fixed(findings: list[Finding]) -> None:
    comparison = compare(findings, Baseline("base", tuple(reversed(findings))))

    assert set(comparison.changes) <= {OLD}
    assert comparison.fixed == ()


@given(FINDINGS, FINDINGS)
def test_every_finding_is_accounted_for(current: list[Finding], before: list[Finding]) -> None:
    comparison = compare(current, Baseline("base", tuple(before)))

    risen = len(before) - len(comparison.fixed) - comparison.changes.count(OLD)
    assert 0 <= risen <= comparison.changes.count(NEW)


def test_under_fail_on_new_only_new_findings_fail() -> None:
    old, new = finding(Severity.HIGH, title="old"), finding(Severity.HIGH, title="new")
    scanned = report(old, new)

    verdict = gate.judge(
        scanned, Policy(Severity.HIGH, only_new=True), Compared(compare(scanned.findings or (), Baseline("base", (old,))))
    )

    assert verdict.reason == "1 new finding at or above high (1 high)"
    assert [assessed.finding.title for assessed in verdict.findings if assessed.fails] == ["new"]
    assert gate.judge(
        report(old), Policy(Severity.HIGH, only_new=True), Compared(compare([old], Baseline("base", (old,))))
    ).passed


def test_under_fail_on_all_old_findings_fail_too() -> None:
    old = finding(Severity.HIGH)

    assert not gate.judge(report(old), Policy(Severity.HIGH), Compared(compare([old], Baseline("base", (old,))))).passed


def test_without_a_comparison_all_findings_fail_and_the_doubt_is_told() -> None:
    verdict = gate.judge(report(finding(Severity.HIGH)), Policy(Severity.HIGH, only_new=True), Compared(doubts=("No baseline.",)))

    assert not verdict.passed
    assert verdict.reason == "1 finding at or above high (1 high)"
    assert verdict.warnings == ("No baseline.",)


def test_what_only_the_counts_tell_of_counts_as_new() -> None:
    old = finding(Severity.HIGH)
    scanned = report(old, counts={Severity.HIGH: 2}, total=1)

    verdict = gate.judge(scanned, Policy(Severity.HIGH, only_new=True), Compared(compare([old], Baseline("base", (old,)))))

    assert not verdict.passed
    assert verdict.reason == "1 new finding at or above high (1 high)"


def test_a_score_below_the_minimum_or_missing_fails() -> None:
    policy = Policy(Severity.CRITICAL, min_score=80)

    assert gate.judge(report(score=80), policy).passed
    assert gate.judge(report(score=79.5), policy).reason.endswith("; the score is 79.5, and min_score is 80")
    assert not gate.judge(report(score=79.5), policy).passed
    assert "the score is not known" in gate.judge(report(score=None), Policy(None, min_score=0)).reason


def test_a_missing_title_is_an_empty_one() -> None:
    assert fingerprint(finding(title=None)) == fingerprint(finding(title=" "))


def test_a_comparison_names_its_baseline() -> None:
    base = Baseline("base", ())

    assert compare([], base).baseline is base


def test_text_that_can_not_be_encoded_has_a_fingerprint_too() -> None:
    assert fingerprint(finding(title="a\ud800")) != fingerprint(finding(title="a"))
