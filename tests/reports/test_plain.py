"""The verdict as a table in the log."""

from secuprobe_action.findings.gate import Policy, judge
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports import plain
from tests.reports.stories import rich
from tests.support import finding, report


def render(*listed: Finding, **fields: object) -> list[str]:
    judged = report(*listed, **fields)
    return plain.render(judged, judge(judged, Policy(Severity.HIGH))).splitlines()


def test_the_verdict_comes_last_where_a_log_is_read_from() -> None:
    assert render()[-1] == "PASSED: no finding at or above high (0 findings in all)"
    assert render(finding(Severity.HIGH))[-1] == "FAILED: 1 finding at or above high (1 high)"


def test_findings_are_rows_in_columns() -> None:
    lines = render(finding(Severity.LOW, title="Banner"), finding(Severity.HIGH, title="No CSP " * 30))

    header, first, second = lines[5:8]
    assert header.split() == ["SEVERITY", "TITLE", "CATEGORY"]
    assert first.startswith("high      No CSP No CSP")
    assert first.index("Headers") == second.index("Headers") == header.index("CATEGORY")


def test_a_long_list_is_cut_and_counted() -> None:
    lines = render(*[finding(Severity.LOW) for _ in range(100)])

    assert "… and 75 more findings" in lines


def test_what_is_missing_is_said() -> None:
    lines = render(Finding(None, Severity.UNKNOWN, "odd"), score=None)

    assert lines[0] == "SecuScore  not given"
    assert "? odd" in lines[6]
    assert "(no title)" in lines[6]


def test_changes_and_accepted_risks_are_counted() -> None:
    shown = rich()

    lines = plain.render(shown.report, shown.verdict).splitlines()

    assert lines[4:6] == ["Changes    2 new, 1 fixed, 4 unchanged since scan scan-0", "Accepted   1 finding, by the ignore file"]
    assert not any(line.startswith("medium") for line in lines)


def test_text_of_the_site_stays_on_its_row() -> None:
    lines = render(finding(title="a\n::error::b\x1b[2J"))

    assert "a ::error::b�[2J" in lines[6]
