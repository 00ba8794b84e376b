"""DefectDojo's Generic Findings Import."""

import json
from typing import Any

import pytest

from secuprobe_action.findings.ignore import Rule
from secuprobe_action.findings.model import Severity
from secuprobe_action.reports import FORMATS
from secuprobe_action.reports.story import Story
from tests.reports.rendered import Page
from tests.reports.stories import EACH, story
from tests.support import finding


def findings(shown: Story) -> list[dict[str, Any]]:
    text = FORMATS["defectdojo"](shown)
    assert text is not None
    return list(json.loads(text)["findings"])


def test_a_finding_has_all_that_defectdojo_asks_for() -> None:
    (found,) = findings(story(finding(Severity.HIGH), url="https://shop.example/cart?token=***"))

    assert found == {
        "title": "No CSP",
        "severity": "High",
        "description": "<span></span>None found<br><br>Category: <span></span>Headers",
        "mitigation": "<span></span>Add one",
        "references": "https://secuprobe.io/scan/scan-1",
        "date": "2026-11-25",
        "active": True,
        "verified": False,
        "risk_accepted": False,
        "static_finding": False,
        "dynamic_finding": True,
        "unique_id_from_tool": found["unique_id_from_tool"],
        "endpoints": ["https://shop.example/cart"],
    }


def test_severities_are_defectdojos_words_worst_first() -> None:
    assert [each["severity"] for each in findings(story(*EACH))] == ["Critical", "Critical", "High", "Medium", "Low", "Info"]


def test_an_accepted_risk_is_one_and_says_why() -> None:
    rule = Rule(title="No CSP", reason="Behind a <VPN>.", line=1)

    (found,) = findings(story(finding(Severity.HIGH), rules=(rule,)))

    assert (found["active"], found["risk_accepted"]) == (False, True)
    assert Page(found["severity_justification"]).text.strip() == "Accepted: Behind a <VPN>."


def test_a_finding_that_is_accepted_is_told_by_the_same_title_and_description() -> None:
    rule = Rule(title="No CSP", reason="Known.", line=1)

    (open_one,), (accepted,) = findings(story(finding())), findings(story(finding(), rules=(rule,)))

    assert {**open_one, "active": False, "risk_accepted": True} == {
        key: value for key, value in accepted.items() if key != "severity_justification"
    }


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("HTTPS://Shop.example/#access=***", "https://shop.example"),
        ("https://münchen.example/a?b=***", "https://xn--mnchen-3ya.example/a"),
    ],
)
def test_the_endpoint_is_the_site(url: str, endpoint: str) -> None:
    (found,) = findings(story(finding(), url=url))

    assert found["endpoints"] == [endpoint]


@pytest.mark.parametrize("url", [None, "shop", "ftp://shop.example"])
def test_without_an_address_there_is_no_endpoint(url: str | None) -> None:
    (found,) = findings(story(finding(), url=url))

    assert found["endpoints"] == []


def test_what_a_site_says_is_text() -> None:
    (found,) = findings(story(finding(description="![x](//evil.example) <script>alert(1)</script>", remediation="# no heading")))

    page = Page(found["description"] + "\n\n" + found["mitigation"])
    assert "![x](//evil.example) <script>alert(1)</script>" in page.text
    assert "# no heading" in page.text
