"""The report files: each valid for whom it is meant, and each telling the same story."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.findings.ignore import rule_for
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports import FORMATS, WHOLE_OR_NOT, comment, html_report, markdown
from secuprobe_action.reports.story import Story
from tests.properties.test_hostile import FINDING, MAYBE_TEXT, words
from tests.reports.rendered import Page
from tests.reports.stories import EACH, rich, story
from tests.support import ROOT, finding

SARIF_SCHEMA = jsonschema.Draft7Validator(json.loads((ROOT / "tests/data/sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
REPORT_SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/report.json").read_text(encoding="utf-8")))

TEXT = {"type": "string", "minLength": 1}
TOOL = {
    "type": "object",
    "required": ["id", "name", "version", "vendor"],
    "properties": {"id": TEXT, "name": TEXT, "version": TEXT, "vendor": {"required": ["name"], "properties": {"name": TEXT}}},
}
TIME = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"}
IDENTIFIER = {"type": "object", "required": ["type", "name", "value"], "properties": {"type": TEXT, "name": TEXT, "value": TEXT}}
RESOURCE = {
    "type": "object",
    "required": ["method", "url", "type"],
    "properties": {"method": TEXT, "url": TEXT, "type": {"const": "url"}},
}
# What GitLab's schema 15.2.1 asks of a DAST report: its required fields, enumerations, patterns and lengths.
DAST_SCHEMA = jsonschema.Draft7Validator(
    {
        "type": "object",
        "required": ["version", "scan", "vulnerabilities"],
        "properties": {
            "version": {"const": "15.2.1"},
            "scan": {
                "type": "object",
                "required": ["analyzer", "scanner", "start_time", "end_time", "status", "type", "scanned_resources"],
                "properties": {
                    "analyzer": TOOL,
                    "scanner": TOOL,
                    "start_time": TIME,
                    "end_time": TIME,
                    "status": {"enum": ["success", "failure"]},
                    "messages": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["level", "value"],
                            "properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": TEXT},
                        },
                    },
                    "type": {"const": "dast"},
                    "scanned_resources": {"type": "array", "items": RESOURCE},
                },
            },
            "vulnerabilities": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "identifiers", "location"],
                    "properties": {
                        "id": TEXT,
                        "name": {"type": "string", "maxLength": 255},
                        "description": {"type": "string", "maxLength": 1_048_576},
                        "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                        "solution": {"type": "string", "maxLength": 7_000},
                        "identifiers": {"type": "array", "minItems": 1, "items": IDENTIFIER},
                        "location": {"type": "object", "additionalProperties": {"type": "string"}},
                        "links": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["url"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "url": {"type": "string", "pattern": "^(https?|ftp)://.+"},
                                },
                            },
                        },
                        "evidence": {
                            "type": "object",
                            "properties": {
                                "source": {
                                    "required": ["id", "name"],
                                    "properties": {"id": TEXT, "name": TEXT, "url": {"type": "string"}},
                                },
                                "summary": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    }
)
CODE_QUALITY_SCHEMA = jsonschema.Draft7Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": TEXT,
                "check_name": TEXT,
                "fingerprint": TEXT,
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {"required": ["path", "lines"], "properties": {"path": TEXT, "lines": {"required": ["begin"]}}},
            },
        },
    }
)

STORIES = {
    "everything": rich(),
    "nothing found": story(),
    "no list": story(findings=None, total=None, list_problem="403"),
    "no score, no url": story(*EACH, score=None, url=None),
    "nothing known of a finding": story(Finding(None, Severity.UNKNOWN)),
    "score too low": story(threshold=None, min_score=99),
}


WHOLE = {name: shown for name, shown in STORIES.items() if not shown.gap}
whole = pytest.mark.parametrize("shown", WHOLE.values(), ids=WHOLE)


def written(name: str, shown: Story) -> str:
    text = FORMATS[name](shown)
    assert text is not None
    return text


def run(shown: Story) -> Any:
    document = json.loads(written("sarif", shown))
    SARIF_SCHEMA.validate(document)
    (only,) = document["runs"]
    return only


@pytest.mark.parametrize("shown", STORIES.values(), ids=STORIES)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_every_story(name: str, shown: Story) -> None:
    text = FORMATS[name](shown)

    assert (name in WHOLE_OR_NOT and shown.gap) if text is None else text.endswith("\n")


@whole
def test_sarif_is_valid(shown: Story) -> None:
    run(shown)


@pytest.mark.parametrize("shown", STORIES.values(), ids=STORIES)
def test_json_is_valid(shown: Story) -> None:
    REPORT_SCHEMA.validate(json.loads(written("json", shown)))


def test_the_schemas_are_schemas() -> None:
    for path in ("schemas/report.json", "schemas/ignore.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads((ROOT / path).read_text(encoding="utf-8")))


def test_sarif_holds_every_finding_whatever_the_threshold_worst_first() -> None:
    results = run(story(*EACH, threshold=Severity.CRITICAL))["results"]

    assert [result["properties"]["severity"] for result in results] == ["unknown", "critical", "high", "medium", "low", "info"]
    assert [result["level"] for result in results] == ["error", "error", "error", "warning", "note", "note"]


def test_sarif_levels_are_those_that_github_shows() -> None:
    rules = run(story(*EACH))["tool"]["driver"]["rules"]

    scores = [float(rule["properties"]["security-severity"]) for rule in rules]
    assert [score > 9.0 for score in scores] == [True, True, False, False, False, False]
    assert (7.0 <= scores[2] <= 8.9, 4.0 <= scores[3] <= 6.9, 0.1 <= scores[4] <= 3.9) == (True, True, True)


def test_sarif_points_into_the_repository_so_that_github_takes_it() -> None:
    locations = [result["locations"][0]["physicalLocation"] for result in run(rich())["results"]]

    assert {location["artifactLocation"]["uri"] for location in locations} == {".github/workflows/scan.yml"}
    assert {location["region"]["startLine"] for location in locations} == {1}


def test_sarif_has_a_rule_a_finding_with_help() -> None:
    only = run(story(finding(title="a"), finding(title="A "), finding(title="b")))

    rules = only["tool"]["driver"]["rules"]
    assert [rule["name"] for rule in rules] == ["a", "A (2)", "b"]
    assert [rules[result["ruleIndex"]]["id"] for result in only["results"]] == [result["ruleId"] for result in only["results"]]
    assert "Remediation" in rules[0]["help"]["markdown"]
    assert "Add one" in rules[0]["help"]["text"]


def test_sarif_fingerprints_tell_findings_of_a_kind_apart_and_last() -> None:
    first, second = ([result["partialFingerprints"] for result in run(story(finding(), finding()))["results"]] for _ in range(2))

    assert first == second
    assert first[0] != first[1]


def test_sarif_shows_the_baseline_and_leaves_accepted_risks_out() -> None:
    results = {result["message"]["text"]: result for result in run(rich())["results"]}

    assert results["Finding critical (Headers) at https://shop.example"]["baselineState"] == "new"
    assert results["Finding high (Headers) at https://shop.example"]["baselineState"] == "unchanged"
    assert not [text for text in results if "medium" in text]
    assert not [result for result in results.values() if "suppressions" in result]


def test_sarif_has_a_category_of_the_checks_name_and_the_site() -> None:
    ids = [run(story(site=site))["automationDetails"]["id"] for site in ("https://a.example/x", None)]

    assert [re.sub("[0-9a-f]{8}/$", "*", each) for each in ids] == [
        "secuprobe/SecuProbe/https-a.example-x-*",
        "secuprobe/SecuProbe-*",
    ]


def test_sarif_stays_within_githubs_limits_worst_first() -> None:
    many = [finding(Severity.LOW, title=f"low {n}") for n in range(25_010)]
    results = json.loads(written("sarif", story(finding(Severity.HIGH), *many)))["runs"][0]["results"]

    assert len(results) == 25_000
    assert results[0]["properties"]["severity"] == "high"


def test_json_tells_what_fails_what_is_new_and_what_is_accepted() -> None:
    document = json.loads(written("json", rich()))

    failing = [each["title"] for each in document["findings"] if each["fails"]]
    assert failing == ["Finding unknown", "Finding critical"]
    assert [each["accepted"] for each in document["findings"] if each["accepted"]] == [
        {"reason": "Behind a VPN.", "expires": "2027-01-01", "line": 3}
    ]
    assert (document["baseline"]["scan_id"], [gone["title"] for gone in document["baseline"]["fixed"]]) == ("scan-0", ["Gone"])


def dast(shown: Story) -> Any:
    document = json.loads(written("gitlab-dast", shown))
    DAST_SCHEMA.validate(document)
    return document


def code_quality(shown: Story) -> Any:
    document = json.loads(written("gitlab-codequality", shown))
    CODE_QUALITY_SCHEMA.validate(document)
    return document


@pytest.mark.parametrize("shown", STORIES.values(), ids=STORIES)
def test_a_dast_report_is_valid(shown: Story) -> None:
    dast(shown)


@whole
def test_a_code_quality_report_is_valid(shown: Story) -> None:
    code_quality(shown)


def test_a_dast_report_holds_every_finding_with_its_severity_and_solution() -> None:
    document = dast(story(*EACH, finding(Severity.HIGH, title="Finding high")))

    found = document["vulnerabilities"]
    assert [each["severity"] for each in found] == ["Unknown", "Critical", "High", "High", "Medium", "Low", "Info"]
    assert len({each["id"] for each in found}) == 7
    assert found[2]["location"] == {"hostname": "https://shop.example", "method": "GET", "path": "/"}
    assert (document["scan"]["start_time"], document["scan"]["end_time"]) == ("2026-11-25T12:29:04", "2026-11-25T12:30:05")
    assert dast(story(*EACH))["vulnerabilities"][0]["id"] == found[0]["id"]


def test_a_dast_reports_texts_keep_to_its_lengths() -> None:
    huge = finding(title="t" * 2000, description="d" * 2_000_000, remediation="r" * 20_000)

    dast(story(huge))


def test_a_code_quality_report_is_at_the_pipelines_file_with_fingerprints_of_its_own_and_without_accepted_risks() -> None:
    found = code_quality(rich())

    assert [each["severity"] for each in found] == ["blocker", "blocker", "critical", "minor", "info"]
    assert {each["location"]["path"] for each in found} == {".github/workflows/scan.yml"}
    two = code_quality(story(finding(), finding()))
    assert two[0]["fingerprint"] != two[1]["fingerprint"]


def suite(shown: Story) -> ElementTree.Element:
    (only,) = ElementTree.fromstring(written("junit", shown).encode())
    return only


def test_junit_has_a_case_a_finding_with_failures_where_the_gate_fails() -> None:
    only = suite(rich())

    assert (only.get("tests"), only.get("failures"), only.get("skipped")) == ("7", "3", "1")
    assert [case.get("name") for case in only if case.find("failure") is not None] == [
        "gate",
        "[unknown] Finding unknown",
        "[critical] Finding critical",
    ]
    assert [case.get("name") for case in only if case.find("skipped") is not None] == ["[medium] Finding medium"]


@pytest.mark.parametrize("shown", STORIES.values(), ids=STORIES)
def test_junit_fails_exactly_when_the_gate_does(shown: Story) -> None:
    only = suite(shown)

    assert (int(only.get("failures", "")) > 0) == (not shown.verdict.passed)
    assert int(only.get("failures", "")) == len(only.findall("testcase/failure"))
    assert int(only.get("tests", "")) == len(only.findall("testcase"))


def test_markdown_is_the_summary() -> None:
    shown = rich()

    assert written("markdown", shown) == markdown.summary(shown.report, shown.verdict)


def test_people_read_the_name_that_the_user_gave_the_site() -> None:
    preview, usual = (
        story(url="https://pr-7.example/", site="shop <b>"),
        story(url="https://SHOP.example/", site="https://shop.example"),
    )

    assert "Scanned https://pr-7.example/ as shop <b> in" in Page(written("markdown", preview)).text
    assert "https://pr-7.example/</span> as shop &lt;b&gt; ·" in written("html", preview)
    assert " as " not in Page(written("markdown", usual)).text
    assert "</span> as " not in written("html", usual)


def test_the_summary_and_the_comment_show_new_fixed_and_accepted_findings() -> None:
    shown = rich()

    for text in (markdown.summary(shown.report, shown.verdict), comment.render(shown.report, shown.verdict, "c" * 40)):
        page = Page(text)
        assert "2 new findings and 1 fixed since scan scan-0 of commit cccccccccccc (3 days old)." in page.text
        assert {"✅ 1 fixed since the baseline", "🤝 1 accepted risk"} <= set(page.summaries)
        assert "Behind a VPN." in page.text
        assert page.text.count("🆕") == 2
        assert "(▼\N{NO-BREAK SPACE}2)" in page.tables[0].rows[1][0]


def test_the_comment_stays_within_its_limit() -> None:
    many = [finding(Severity.HIGH, title=f"{n} " + "|" * 400, category="<" * 400) for n in range(3_000)]
    shown = story(*many, before=tuple(many[:1000]) + tuple(finding(title=f"gone {n}") for n in range(3_000)))

    text = comment.render(shown.report, shown.verdict, "c" * 40)

    assert len(text.encode("utf-8")) <= 65_000
    assert "left out of the table" in text
    Page(text)


def test_the_check_runs_summary_stays_within_its_limit() -> None:
    shown = story(*[finding(title=f"{n} " + "|" * 400, description="&" * 5_000) for n in range(2_000)], before=())

    assert len(markdown.summary(shown.report, shown.verdict, 60_000).encode("utf-8")) <= 60_000


def test_a_comment_has_news_when_something_failed_or_changed() -> None:
    assert not comment.has_news(story(finding(), threshold=None).verdict)
    assert not comment.has_news(story(finding(Severity.LOW), before=(finding(Severity.LOW),)).verdict)
    assert comment.has_news(story(finding(Severity.HIGH)).verdict)
    assert comment.has_news(story(finding(Severity.LOW), before=()).verdict)
    assert comment.has_news(story(before=(finding(),)).verdict)


def test_html_is_one_page_without_script_or_anything_from_elsewhere() -> None:
    page = html_report.render(rich())

    assert "<script" not in page
    assert not re.search(r"(src|srcset|@import|url\()\s*=?\s*[\"']?(https?:)?//", page)
    assert re.findall(r'<link|<img|<iframe|<object|href="(?!https://secuprobe\.io/)', page) == []


def test_html_tells_the_story() -> None:
    page = html_report.render(rich())

    assert "2 new findings at or above high (1 unknown, 1 critical)." in page
    assert page.count("fails the check</span>") == 2
    assert 'aria-label="SecuScore 78 of 100"' in page
    assert "Behind a VPN." in page
    assert "<s>Gone</s>" in page


@given(st.lists(FINDING, max_size=4), MAYBE_TEXT, st.booleans())
def test_hostile_text_stays_text_in_every_format(findings: list[Finding], url: str | None, compared: bool) -> None:
    shown = story(*findings, url=url, before=(finding(title="<b>"), *findings[:1]) if compared else None)

    run(shown)
    dast(shown)
    code_quality(shown)
    REPORT_SCHEMA.validate(json.loads(written("json", shown)))
    assert len(suite(shown)) == len(findings) + 1
    page = written("html", shown)
    page.encode("utf-8")
    assert page.count("<details") == len(findings)
    assert "<script" not in page
    assert page.count("<a ") == 1
    rendered = Page(comment.render(shown.report, shown.verdict, "c" * 40))
    assert rendered.count("a") == 1
    summary = Page(written("markdown", shown))
    assert len(summary.pre) == sum(rule_for(each) is not None for each in findings)
    helps = [Page(rule["help"]["markdown"]) for rule in run(shown)["tool"]["driver"]["rules"]]
    assert not any(each.pre for each in helps)
    for rendered in (summary, *helps):
        assert {name for name, _ in rendered.elements} & {"script", "img", "b", "h1", "li", "hr"} == set()
    titles = [words(case.get("name") or "") for case in suite(shown)][1:]
    assert len(titles) == len(findings)
