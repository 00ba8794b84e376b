"""What each reader tells findings apart by, and what it makes of each: small functions, each with its source.

They are what the reader's own code does, in as many lines as its keys need; two findings with one key are one to it.
"""

import hashlib
import json
import textwrap
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

Key = tuple[str, ...]
"""Hashable, and the same wherever the reader sees the same finding."""


def _run(report: str) -> Any:
    return json.loads(report)["runs"][0]


def code_scanning(report: str) -> Iterator[tuple[Key, str]]:
    """Yield GitHub's key and level of each result.

    docs.github.com, "SARIF support for code scanning": repository, file path, rule and primaryLocationLineHash. The last one is
    made by upload-sarif of the line that a result names, and kept where the file has one, with a warning
    (github/codeql-action, src/fingerprints.ts): so it is the same for all results of one line. The level is the rule's
    (docs.github.com, the same page: security-severity).
    """
    run = _run(report)
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert "primaryLocationLineHash" not in result["partialFingerprints"]
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        score = float(rule["properties"]["security-severity"])
        level = next(
            name for least, name in ((9.01, "critical"), (7, "high"), (4, "medium"), (0.1, "low"), (0, "info")) if score >= least
        )
        yield (result["ruleId"], unquote(place["artifactLocation"]["uri"]), str(place["region"]["startLine"])), level


def upload_category(report: str) -> str | None:
    """Return the category that GitHub reads from a file: the id up to its last slash (docs.github.com, automationDetails)."""
    details = _run(report).get("automationDetails")
    return details["id"].rpartition("/")[0] if details else None


def defectdojo_sarif(report: str) -> Iterator[tuple[Key, str]]:
    """Yield DefectDojo's key and severity of each result.

    DefectDojo/django-DefectDojo, dojo/tools/sarif/parser.py: the fields `get_dedupe_fields` names; severity of the rule.
    """
    run = _run(report)
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    for result in run["results"]:
        rule, message = rules[result["ruleId"]], result["message"]["text"]
        texts = [message, rule["name"], rule["shortDescription"]["text"], rule["fullDescription"]["text"]]
        place = result["locations"][0]["physicalLocation"]
        score = float(rule["properties"]["security-severity"])
        severity = next(
            name for least, name in ((9, "Critical"), (7, "High"), (4, "Medium"), (0.01, "Low"), (0, "Info")) if score >= least
        )
        yield (
            (textwrap.shorten(message, 150), place["artifactLocation"]["uri"], str(place["region"]["startLine"]), *texts),
            severity.lower(),
        )


def gitlab_dast(report: str) -> Iterator[tuple[Key, str]]:
    """Yield GitLab's key and severity of each vulnerability.

    gitlabhq/gitlabhq, lib/gitlab/ci/parsers/security/common.rb (`calculate_uuid_v5`): the first identifier's type and value,
    and the location's fingerprint, which for DAST is path, method and parameter: the host name is left out.
    """
    for each in json.loads(report)["vulnerabilities"]:
        (identifier,) = each["identifiers"]  # any that two share makes them one (reports/security/finding.rb, `keys`)
        location = each["location"]
        place = (location.get("path", ""), location.get("method", ""), location.get("param", ""))
        yield (identifier["type"], identifier["value"], *place), each["severity"].lower()


def defectdojo_dast(report: str) -> Iterator[tuple[Key, str]]:
    """Yield DefectDojo's key and severity of each vulnerability (dojo/tools/gitlab_dast/parser.py, `get_items`)."""
    for each in json.loads(report)["vulnerabilities"]:
        assert "".join(link["url"] for link in each["links"])  # it reads them without asking whether there are any
        assert each["evidence"]["summary"]
        text = f"{each['severity']}|{each['name']}|{each['description']}"
        yield (hashlib.sha256(text.encode()).hexdigest(),), each["severity"].lower()


def defectdojo_generic(report: str) -> Iterator[tuple[Key, str]]:
    """Yield DefectDojo's key and severity of each finding.

    DefectDojo/django-DefectDojo, dojo/tools/generic/json_parser.py; by default it hashes title and description
    (dojo/settings/settings.dist.py), and with `unique_id_from_tool` it compares that.
    """
    for each in json.loads(report)["findings"]:
        assert {"title", "severity", "description"} <= each.keys() <= _DEFECTDOJO_FIELDS
        assert len(each["title"]) <= 511
        yield (each["title"], each["unique_id_from_tool"]), each["severity"].lower()


_DEFECTDOJO_FIELDS = {
    *("title", "severity", "description", "date", "mitigation", "references", "active", "verified", "risk_accepted"),
    *("static_finding", "dynamic_finding", "unique_id_from_tool", "endpoints"),
}


def gitlab_codequality(report: str) -> Iterator[tuple[Key, str]]:
    """Yield GitLab's key and severity of each issue (gitlabhq/gitlabhq, lib/gitlab/ci/reports/codequality_reports.rb)."""
    ours = {"blocker": "critical", "critical": "high", "major": "medium", "minor": "low", "info": "info"}
    for each in json.loads(report):
        yield (each["fingerprint"],), ours[each["severity"]]


def gitlab_junit(report: str) -> Iterator[tuple[Key, str]]:
    """Yield GitLab's key of each case (gitlabhq/gitlabhq, lib/gitlab/ci/reports/test_case.rb), and its status."""
    for suite in ElementTree.fromstring(report):
        for case in suite:
            yield (f"{suite.get('name')}_{case.get('classname')}_{case.get('name')}",), _status(case)


def test_reporters(report: str) -> Iterator[tuple[Key, str]]:
    """Yield the key of those that leave the suite out.

    EnricoMi/publish-unit-test-result-action, python/publish/unittestresults.py: class and name.
    """
    for case in ElementTree.fromstring(report).iter("testcase"):
        yield (case.get("classname", ""), case.get("name", "")), _status(case)


test_reporters.__test__ = False  # type: ignore[attr-defined]  # its name is the field's


def own_json(report: str) -> Iterator[tuple[Key, str]]:
    """Yield the identity and severity of each finding (schemas/report.json)."""
    for each in json.loads(report)["findings"]:
        yield (each["identity"],), each["severity"]


def _status(case: ElementTree.Element) -> str:
    return next((child.tag for child in case), "passed")
