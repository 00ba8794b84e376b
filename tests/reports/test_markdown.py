"""The job summary: what a reader sees, and that it stays within GitHub's limit whatever comes."""

import pytest

from secuprobe_action.errors import ScanTimedOut
from secuprobe_action.findings.gate import Policy, judge
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports import markdown
from tests.reports.rendered import Page
from tests.support import finding, report

SOME = [finding(severity, title=f"Finding {severity.label}") for severity in Severity if severity is not Severity.UNKNOWN]


def render(*listed: Finding, threshold: Severity | None = Severity.HIGH, **fields: object) -> str:
    judged = report(*listed, **fields)
    return markdown.summary(judged, judge(judged, Policy(threshold)))


def test_it_begins_with_the_verdict_and_its_reason() -> None:
    lines = [line for line in render(*SOME).splitlines() if line]

    assert lines[0] == "## ❌ SecuProbe: failed"
    assert lines[1] == "**2 findings at or above high (1 critical, 1 high).**"
    assert render().startswith("## ✅ SecuProbe: passed\n\n**No finding at or above high (0 findings in all).**")


def test_it_shows_score_counts_and_findings_worst_first() -> None:
    page = Page(render(*SOME, SOME[0]))

    counts, table = page.tables
    assert counts.rows[0] == ["SecuScore", "🟣 Critical", "🔴 High", "🟠 Medium", "🟡 Low", "🔵 Info"]
    assert counts.rows[1] == ["78 / 100", "1", "1", "1", "1", "2"]
    assert [row[0] for row in table.rows[1:]] == ["🟣 Critical", "🔴 High", "🟠 Medium", "🟡 Low", "🔵 Info", "🔵 Info"]
    assert table.rows[1] == ["🟣 Critical", "Finding critical", "Headers"]


def test_each_finding_has_its_description_and_remediation_folded_below() -> None:
    page = Page(render(finding(description="It is\nbad.", remediation="1. Mend\n2. Test")))

    assert page.summaries == ["🔴 High · No CSP"]
    assert "It is\nbad." in page.text or "It isbad." in page.text
    assert "Remediation1. Mend2. Test" in page.text


def test_it_links_the_report_and_names_the_scan() -> None:
    page = Page(render())

    assert ("a", {"href": "https://secuprobe.io/scan/scan-1"}) in page.elements
    assert "Scanned https://shop.example in 1 min 1 s · Scan scan-1" in page.text


def test_what_the_api_left_out_is_shown_as_such() -> None:
    page = Page(render(Finding(title=None, severity=Severity.LOW), score=None, url=None))

    assert page.tables[0].rows[1][0] == "not given"
    assert page.tables[1].rows[1] == ["🟡 Low", "no title", "no category"]
    assert "No description." in page.text
    assert "No remediation guide." in page.text


def test_an_unknown_severity_is_shown_with_the_word_that_was_given() -> None:
    page = Page(render(finding(Severity.UNKNOWN, severity_text="a|pocalyptic")))

    assert "❔ Unknown" in page.tables[0].rows[0]
    assert page.tables[1].rows[1][0] == "❔ Unknown (a|pocalyptic)"


def test_warnings_stand_out() -> None:
    assert "> [!WARNING]\n> The list of vulnerabilities could not be read" in render(
        findings=None, list_problem="403.", total=None
    )


def test_without_findings_there_is_no_table_of_them() -> None:
    page = Page(render())

    assert len(page.tables) == 1
    assert page.summaries == []


def test_more_findings_than_fit_the_eye_are_folded() -> None:
    page = Page(render(*[finding(Severity.LOW, title=f"n{n}") for n in range(120)]))

    assert len(page.tables[1].rows) == 1 + 50
    assert len(page.tables[2].rows) == 1 + 70
    assert page.summaries[0] == "70 more findings"


@pytest.mark.parametrize("length", [10, 2_000])
def test_20000_findings_stay_within_the_limit_worst_first_with_the_rest_counted(length: int) -> None:
    listed = [finding(Severity.LOW, title=f"low {n}", description="d" * length) for n in range(19_990)]
    listed += [finding(Severity.CRITICAL, title=f"critical {n}", description="<" * length) for n in range(10)]

    text = render(*listed)
    page = Page(text)

    assert len(text.encode("utf-8")) <= 1_000_000
    rows = [row for table in page.tables[1:] for row in table.rows[1:]]
    assert [row[1] for row in rows[:10]] == [f"critical {n}" for n in range(10)]
    assert all(len(row) == 3 for row in rows)
    assert f"{20_000 - len(rows):,} findings left out of the table" in page.text
    details = [summary for summary in page.summaries if " · " in summary]
    assert details[0] == "🟣 Critical · critical 0"
    assert f"Details of {20_000 - len(details):,} findings left out" in page.text
    assert text.endswith("</sub>\n")


def test_the_largest_single_finding_does_not_break_the_limit() -> None:
    huge = finding(Severity.CRITICAL, title="&" * 10**6, category="&" * 10**6, description="&\n" * 10**6, remediation="&" * 10**6)

    text = render(huge)

    assert len(text.encode("utf-8")) <= 1_000_000
    assert len(Page(text).tables[1].rows) == 2


def test_a_skip_says_why_and_what_to_do() -> None:
    text = Page(markdown.skipped("GitHub gives no secrets", "Scan on push."))

    assert "SecuProbe: skipped" in text.text
    assert "GitHub gives no secrets." in text.text
    assert "Scan on push." in text.text


def test_an_error_says_what_happened_what_to_do_and_which_scan_runs() -> None:
    error = ScanTimedOut("Not <b>finished</b>.", "Attach.")

    page = Page(markdown.failure(error, "scan-1", "https://r.example"))

    assert page.text.startswith("⚠️ SecuProbe scan timed out")
    assert "Not <b>finished</b>." in page.text
    assert "Attach." in page.text
    assert "Scan scan-1 · Open the report" in page.text


def test_a_cancelled_run_says_what_was_running() -> None:
    text = Page(markdown.cancelled("Scan @x goes on.", "scan-1", "https://r.example")).text

    assert "Scan @x goes on." in text
    assert "Scan scan-1 · Open the report" in text
