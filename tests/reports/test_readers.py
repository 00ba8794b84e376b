"""The report files as their readers read them: how many findings they see, which ones, and what they take for fixed."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from sarif.loader import load_sarif_file

from secuprobe_action.findings.ignore import Rule
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports import FAILURE_FORMATS, FORMATS, WHOLE_OR_NOT, remarks, sarif
from secuprobe_action.reports.story import Story
from tests.properties.test_hostile import FINDING
from tests.reports import keys
from tests.reports.rendered import Page
from tests.reports.stories import EACH, FINISHED_AT, TROUBLE, rich, story
from tests.support import ROOT, finding

MULTITOOL = ROOT / "node_modules" / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"

Reader = Callable[[str], Iterator[tuple[keys.Key, str]]]
READERS: dict[str, tuple[str, Reader]] = {
    "code scanning": ("sarif", keys.code_scanning),
    "DefectDojo, SARIF": ("sarif", keys.defectdojo_sarif),
    "DefectDojo, its own": ("defectdojo", keys.defectdojo_generic),
    "GitLab, DAST": ("gitlab-dast", keys.gitlab_dast),
    "DefectDojo, DAST": ("gitlab-dast", keys.defectdojo_dast),
    "GitLab, Code Quality": ("gitlab-codequality", keys.gitlab_codequality),
    "GitLab, JUnit": ("junit", keys.gitlab_junit),
    "test reporters": ("junit", keys.test_reporters),
    "programs": ("json", keys.own_json),
}
SAME = (finding(Severity.HIGH), finding(Severity.HIGH), finding(Severity.LOW))
NASTY = [
    "A",
    "a",
    "A (2)",
    "A (3)",
    "A [0123abcd]",
    "No title",
    "",
    "a\x00",
    "a\x01",
    "a\ud800",
    "t" * 300,
    "t" * 301 + "u",
    "<b>&amp;]]>",
    "![x](//evil.example)",
]

every_reader = pytest.mark.parametrize(("name", "reader"), READERS.values(), ids=READERS)


def written(name: str, shown: Story) -> str:
    text = FORMATS[name](shown)
    assert text is not None
    return text


def seen(name: str, reader: Reader, shown: Story) -> list[tuple[keys.Key, str]]:
    """Return what a reader makes of the findings: the gate's own case isn't one."""
    return [each for each in reader(written(name, shown)) if not (name == "junit" and each[0][-1].endswith("gate"))]


@every_reader
def test_findings_of_one_title_stay_as_many_as_they_are(name: str, reader: Reader) -> None:
    found = seen(name, reader, story(*SAME))

    assert len({key for key, _ in found}) == 3


@pytest.mark.parametrize(("name", "reader"), [each for each in READERS.values() if each[0] != "junit"])
def test_each_finding_of_one_title_has_its_own_severity(name: str, reader: Reader) -> None:
    assert [severity for _, severity in seen(name, reader, story(*SAME))] == ["high", "high", "low"]


@every_reader
def test_findings_are_the_same_from_scan_to_scan_in_whatever_order_they_are_listed(name: str, reader: Reader) -> None:
    texts = [finding(Severity.HIGH, description=text) for text in ("in a", "in b", "in c")]

    told = {frozenset(seen(name, reader, story(*order))) for order in permutations(texts)}

    assert len(told) == 1


def test_a_finding_keeps_its_identity_by_its_description_in_whatever_order_it_is_listed() -> None:
    texts = [finding(Severity.HIGH, description=text) for text in ("in a", "in b", "in c")]

    told = set()
    for order in permutations(texts):
        listed = json.loads(written("json", story(*order)))["findings"]
        told.add(frozenset((each["description"], each["identity"]) for each in listed))

    assert len(told) == 1


@every_reader
def test_two_sites_with_the_same_findings_share_none(name: str, reader: Reader) -> None:
    first, second = (
        seen(name, reader, story(*SAME, url=f"https://{host}/", site=f"https://{host}")) for host in ("a.example", "b.example")
    )

    assert len({key for key, _ in first + second}) == 6


@every_reader
def test_a_preview_is_the_site_that_the_user_names(name: str, reader: Reader) -> None:
    first, second = (seen(name, reader, story(*SAME, url=f"https://pr-{n}.example", site="shop")) for n in (1, 2))

    assert [key for key, _ in first] == [key for key, _ in second]


@every_reader
def test_titles_that_read_like_others_numbered_or_cut_stay_apart(name: str, reader: Reader) -> None:
    nasty = [finding(title=title) for title in NASTY for _ in range(2)] + [finding(title=None)]

    found = seen(name, reader, story(*nasty))

    assert len({key for key, _ in found}) == len(nasty)


@every_reader
@given(findings=st.lists(FINDING, max_size=6))
def test_hostile_findings_stay_as_many_as_they_are(name: str, reader: Reader, findings: list[Finding]) -> None:
    found = seen(name, reader, story(*findings, *findings))

    assert len({key for key, _ in found}) == 2 * len(findings)


@every_reader
def test_five_thousand_findings_of_one_title_are_five_thousand(name: str, reader: Reader) -> None:
    many = [finding(Severity.LOW, description=f"in {n}") for n in range(5_000)]

    assert len({key for key, _ in seen(name, reader, story(*many))}) == 5_000


@every_reader
def test_nothing_found_is_read_as_nothing_found(name: str, reader: Reader) -> None:
    assert seen(name, reader, story()) == []


@pytest.mark.parametrize("name", ["sarif", "gitlab-codequality"])
def test_accepted_risks_are_left_out_and_renumber_nothing(name: str) -> None:
    reader = next(reader for format_name, reader in READERS.values() if format_name == name)
    rule = Rule(title=SAME[0].title, severity="high", reason="Behind a VPN.", line=1)

    everything = seen(name, reader, story(*SAME))
    left = seen(name, reader, story(*SAME, rules=(rule,)))

    assert left == everything[2:]


NOT_WHOLE = {
    "no list": story(findings=None, total=None, list_problem="403"),
    "a list shorter than its total": story(finding(), total=3),
    "a list shorter than the counts": story(finding(Severity.LOW), counts={Severity.HIGH: 2, Severity.LOW: 1}),
    "counts of another severity": story(finding(Severity.LOW), counts={Severity.HIGH: 1}),
}
not_whole = pytest.mark.parametrize("shown", NOT_WHOLE.values(), ids=NOT_WHOLE)


@not_whole
def test_what_replaces_a_state_is_written_whole_or_not_at_all(shown: Story) -> None:
    assert {name for name, render in FORMATS.items() if render(shown) is None} == WHOLE_OR_NOT
    assert not {name for name, render in FORMATS.items() if render(rich()) is None}


@not_whole
def test_what_is_not_written_is_told_where_it_was_asked_for(shown: Story) -> None:
    assert "No report was written as defectdojo, gitlab-codequality, sarif, because" in " ".join(remarks(FORMATS, shown))
    assert list(remarks(["json", "html"], shown)) == []
    assert list(remarks(FORMATS, rich())) == []


@not_whole
def test_a_dast_report_that_is_not_whole_is_a_failed_scan_that_says_why(shown: Story) -> None:
    scan = json.loads(written("gitlab-dast", shown))["scan"]

    assert scan["status"] == "failure"
    assert [message["level"] for message in scan["messages"]] == ["fatal"]
    assert "list" in scan["messages"][0]["value"]


@not_whole
def test_a_list_that_is_not_whole_is_an_error_to_test_reporters(shown: Story) -> None:
    (cases,) = JUnitXml.fromstring(written("junit", shown).encode())

    assert [case.name for case in cases if any(isinstance(result, Error) for result in case.result)] == ["list of findings"]


def test_an_accepted_finding_does_not_hide_that_the_list_is_not_whole() -> None:
    rule = Rule(title=finding().title, reason="Known.", line=1)

    assert FORMATS["sarif"](story(finding(), total=2, rules=(rule,))) is None


def test_without_a_verdict_nothing_is_written_that_says_that_nothing_was_found() -> None:
    assert set(FORMATS) - set(FAILURE_FORMATS) == WHOLE_OR_NOT


def test_without_a_verdict_test_reporters_see_an_error() -> None:
    (suite,) = JUnitXml.fromstring(FAILURE_FORMATS["junit"](TROUBLE).encode())
    (case,) = suite
    (result,) = case.result

    assert (suite.name, suite.tests, suite.errors, suite.failures) == ("SecuProbe: https://shop.example", 1, 1, 0)
    assert isinstance(result, Error)
    assert "The API did not answer." in result.message


def test_without_a_verdict_the_same_case_ends_in_an_error_that_passes_otherwise() -> None:
    passed = {key for key, status in keys.gitlab_junit(written("junit", story())) if status == "passed"}
    errors = {key for key, status in keys.gitlab_junit(FAILURE_FORMATS["junit"](TROUBLE)) if status == "error"}

    assert passed == errors


def test_without_a_verdict_the_dast_scan_failed() -> None:
    document = json.loads(FAILURE_FORMATS["gitlab-dast"](TROUBLE))

    assert (document["scan"]["status"], document["vulnerabilities"]) == ("failure", [])
    assert document["scan"]["messages"][0]["value"].startswith("SecuProbe scan error: The API did not answer.")


def test_without_a_verdict_people_are_told_why() -> None:
    page, text = FAILURE_FORMATS["html"](TROUBLE), Page(FAILURE_FORMATS["markdown"](TROUBLE))

    assert "no verdict" in page
    assert "Try &lt;again&gt; @team" in page
    assert page.count("<a ") == 1
    assert "<script" not in page
    assert "The API did not answer." in text.text
    assert {name for name, _ in text.elements} == {"h2", "p", "code", "br", "a", "sub", "span"}


def test_junit_is_read_as_it_was_meant() -> None:
    (suite,) = JUnitXml.fromstring(written("junit", rich()).encode())

    cases = list(suite)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (7, 3, 0, 1)
    assert len([case for case in cases if any(isinstance(result, Failure) for result in case.result)]) == 3
    assert [case.name for case in cases if any(isinstance(result, Skipped) for result in case.result)] == [
        "[medium] Finding medium"
    ]


def test_junit_reads_the_same_in_whatever_encoding_a_reader_guesses() -> None:
    text = written("junit", story(finding(title="Ünïcode 😀 \ud800", description="日本")))

    assert text.isascii()
    assert {JUnitXml.fromstring(text.encode(encoding)).tests for encoding in ("ascii", "latin-1", "utf-8")} == {2}
    ((_, case),) = JUnitXml.fromstring(text.encode())
    assert "Ünïcode 😀 �" in case.name


def records(shown: Story, folder: Path) -> Sequence[Any]:
    path = folder / "scan.sarif"
    path.write_text(written("sarif", shown), encoding="utf-8")
    read: Sequence[Any] = load_sarif_file(str(path)).get_records()
    return read


def test_sarif_tools_reads_every_finding_with_its_level_and_site(tmp_path: Path) -> None:
    found = records(story(*SAME, *EACH), tmp_path)

    assert Counter(each["Severity"] for each in found) == {"error": 5, "warning": 1, "note": 3}
    assert len({each["Code"] for each in found}) == 9
    assert all("at https://shop.example" in each["Description"] for each in found)
    assert {(each["Location"], each["Line"]) for each in found} == {(".github/workflows/scan.yml", 1)}


SHOWN = {
    "everything": rich(),
    "nothing found": story(),
    "findings of one title": story(*SAME),
    "hostile titles": story(*(finding(title=title, description=title, remediation=title, category=title) for title in NASTY)),
    "a location with blanks": replace(story(*SAME), location=".github/workflows/my scän #1?.yml"),
    "a category of the user's own": replace(story(*SAME), sarif_category="Sécurité (preview)"),
    "no category": replace(story(*SAME), sarif_category="none"),
    "an odd site": story(*SAME, url="https://[::1]:8080/ä b", site="Läden <b>"),
    "5,000 findings": story(*(finding(title=f"Finding {n}") for n in range(5_000))),
}


@pytest.mark.node
@pytest.mark.skipif(sys.platform != "linux", reason="the package is for Linux")
@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_the_sarif_sdk_finds_no_error_and_nothing_to_warn_of(shown: Story, tmp_path: Path) -> None:
    path, log = tmp_path / "scan.sarif", tmp_path / "log.sarif"
    path.write_text(written("sarif", shown), encoding="utf-8")
    MULTITOOL.chmod(0o755)  # the package's own install script does no more
    # Its rule that URIs can be reached is not to be tried: the proxy leads nowhere.
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "HTTPS_PROXY": "http://127.0.0.1:9"}
    command = [str(MULTITOOL), "validate", str(path), "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "-o", str(log)]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(log.read_text(encoding="utf-8-sig"))["runs"][0]
    assert [(each["ruleId"], each["message"]) for each in told["results"] if each["level"] in ("error", "warning")] == []
    assert told["invocations"][0]["executionSuccessful"]


def test_code_scanning_finds_the_file_whatever_its_name() -> None:
    path = ".github/workflows/my scän #1?%20:x.yml"

    ((key, _),) = keys.code_scanning(written("sarif", replace(story(finding()), location=path)))

    assert key[1] == path
    assert written("sarif", replace(story(finding()), location=path)).count("my%20sc%C3%A4n%20%231%3F%2520%3Ax.yml") == 1


def test_code_scanning_keeps_sites_and_names_apart() -> None:
    sites = ["https://ä.example", "https://ö.example", "https://shop.example/a/b", "https://shop.example/a-b", "shop", "Shop"]
    told = [replace(story(site=site), name=name) for site in sites for name in ("SecuProbe", "日本", "中国", "a/b", "a-b")]

    categories = [keys.upload_category(written("sarif", each)) for each in told]

    assert len(set(categories)) == len(told)
    assert all(category and category.isascii() for category in categories)
    assert categories[10] == keys.upload_category(written("sarif", replace(told[10], finished_at=FINISHED_AT)))


@pytest.mark.parametrize(
    ("given", "read"), [("none", None), ("shop/preview", "shop/preview"), ("shop/", "shop"), ("shop", "shop")]
)
def test_the_sarif_category_is_the_users(given: str, read: str | None) -> None:
    assert keys.upload_category(written("sarif", replace(story(), sarif_category=given))) == read


def test_a_cut_by_code_scannings_limit_is_told() -> None:
    many = story(*(finding(Severity.LOW, title=f"low {n}") for n in range(sarif.MAX_RESULTS + 10)))

    assert list(remarks(["sarif"], many)) == [
        "The SARIF file holds the 25,000 worst findings; 10 findings were left out, since code scanning takes no more."
    ]
    assert list(remarks(["json"], many)) == []


def test_help_names_the_report_and_keeps_the_remediation_behind_a_long_description() -> None:
    shown = story(finding(description="d" * 50_000, remediation="Turn it off."), report_url="https://secuprobe.io/scan/a[b]?x=ä")
    (rule,) = json.loads(written("sarif", shown))["runs"][0]["tool"]["driver"]["rules"]

    assert rule["helpUri"] == "https://secuprobe.io/scan/a%5Bb%5D?x=%C3%A4"
    assert rule["helpUri"] in rule["help"]["text"]
    assert "Turn it off." in rule["help"]["text"]
    assert "Turn it off." in Page(rule["help"]["markdown"]).text
    assert ("a", {"href": rule["helpUri"]}) in Page(rule["help"]["markdown"]).elements


ALIVE = """![pixel](https://evil.example/p.png) [link](https://evil.example) <img src=x> www.evil.example
@admin #1 !2 %3 ~bug $4 &5
[vulnerability:6] [[wiki]] [[_TOC_]] :tada: group/project#7 *iteration:8 GL-9 ^alert#10

# heading
- item
"""


def test_gitlab_shows_a_scanned_sites_text_as_text() -> None:
    (each,) = json.loads(written("gitlab-dast", story(finding(description=ALIVE, remediation=ALIVE))))["vulnerabilities"]

    for text in (each["description"], each["solution"]):
        page = Page(text)
        assert {name for name, _ in page.elements} == {"p", "span", "br"}
        assert "![pixel](https://evil.example/p.png)" in page.text
        for reference in ("@a", "#1", "!2", "%3", "~bug", "$4", "&5", "[vulnerability:", "[[", "#7", "*iteration:", "#10"):
            assert not any(reference in node for node in page.nodes), reference


def test_a_solution_that_is_all_markup_keeps_to_its_length() -> None:
    (each,) = json.loads(written("gitlab-dast", story(finding(remediation="@" * 7_000, description="@" * 2_000_000))))[
        "vulnerabilities"
    ]

    assert 3_000 < len(each["solution"]) <= 7_000
    assert len(each["description"]) <= 1_048_576
    assert Page(each["solution"]).text.strip().strip("@") == "…"
