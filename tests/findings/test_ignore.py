"""Accepted risks: what a rule covers, when it ends, and that a malformed file is never a silent pass."""

import datetime as dt
import json
from typing import Any

import jsonschema
import pytest
import yaml

from secuprobe_action.errors import InputError
from secuprobe_action.findings import gate
from secuprobe_action.findings.gate import Policy
from secuprobe_action.findings.ignore import Rule, accept, parse
from secuprobe_action.findings.model import Severity
from tests.support import ROOT, URL, finding, report

TODAY = dt.date(2026, 11, 25)
SCHEMA = json.loads((ROOT / "schemas" / "ignore.json").read_text(encoding="utf-8"))

GOOD = """\
# Reviewed every quarter.
- title: Missing Content-Security-Policy
  category: Security Headers
  severity: HIGH
  reason: "The app is a static page: no script runs."
  expires: 2026-12-31
  url: https://shop.example*
- category: "Cookies*"
  reason: No session.
- title: 404
  reason: A number is a title like any other.
"""


def rule(**fields: Any) -> Rule:
    return Rule(**{"reason": "because", "line": 1, **fields})


def test_a_good_file_is_read_with_its_lines() -> None:
    first, second, third = parse(GOOD, "file")

    assert (first.title, first.severity, first.expires, first.line) == (
        "Missing Content-Security-Policy",
        "high",
        dt.date(2026, 12, 31),
        2,
    )
    assert (second.category, second.title, second.line) == ("Cookies*", None, 8)
    assert third.title == "404"


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "[]", "---\n...\n", "null", "~"])
def test_an_empty_file_has_no_rules(text: str) -> None:
    assert parse(text, "file") == ()


# the file, the line that is named, and what is said
BAD = [
    ("title: a\nreason: b\n", 1, "must be a list"),
    ("text", 1, "must be a list"),
    ("- just text\n", 1, "must be a rule"),
    ("- title: a\n", 1, "reason"),
    ("- title: a\n  reason: ''\n", 2, "reason"),
    ("- title: a\n  reason: '  '\n", 2, "reason"),
    ("- title: a\n  reason:\n", 2, "reason"),
    ("- reason: a\n", 1, "a rule needs a title or a category"),
    ("- reason: ok\n  title: fine\n\n- title: a\n  reason: b\n  owner: me\n", 6, "owner"),
    ("- title: a\n  reason: b\n  severity: severe\n", 3, "severity"),
    ("- title: a\n  reason: b\n  expires: soon\n", 3, "expires"),
    ("- title: a\n  reason: b\n  expires: 2026-02-30\n", 3, "expires"),
    ("- title: [a, b]\n  reason: b\n", 1, "plain values"),
    ("- title: a\n  title: b\n  reason: c\n", 2, "given twice"),
    ("- title: a\n  reason: b\n  line: 5\n", 3, "line"),
    ("- title: ''\n  reason: b\n", 1, "title"),
    ("- title: a\n reason: b\n", 2, "must be YAML"),
    ("- title: 'a\n", 2, "must be YAML"),
    ("- title: *unknown\n", 1, "must be YAML"),
    ("- a: !!python/object:os.system {}\n", 1, "plain values"),
    ("\x00", 1, "must be YAML"),
    ("[" * 5000, 1, "must be"),
    ("- {title: a, reason: b}\n" * 1001, 1, "1,000"),
]


@pytest.mark.parametrize(("text", "line", "said"), BAD, ids=[said + repr(text[:20]) for text, _, said in BAD])
def test_a_malformed_file_is_an_error_with_file_and_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(text, "risks.yml")

    assert f"risks.yml, line {line}: " in raised.value.message
    assert said in raised.value.message


def test_the_schema_accepts_what_the_program_does() -> None:
    document = yaml.load(GOOD.replace("HIGH", "high"), Loader=yaml.BaseLoader)

    jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize("text", [text for text, _, _ in BAD[:12]])
def test_the_schema_refuses_what_the_program_does(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.load(text, Loader=yaml.BaseLoader), SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    ("fields", "covers"),
    [
        ({"title": "no  csp"}, True),
        ({"title": "No*"}, True),
        ({"title": "CSP"}, False),
        ({"category": "headers"}, True),
        ({"title": "No CSP", "category": "Cookies"}, False),
        ({"title": "No CSP", "severity": "high"}, True),
        ({"title": "No CSP", "severity": "low"}, False),
        ({"title": "No CSP", "url": URL}, True),
        ({"title": "No CSP", "url": "https://*.example"}, True),
        ({"title": "No CSP", "url": "https://other.example"}, False),
    ],
)
def test_a_rule_covers_what_all_its_fields_say(fields: dict[str, str], covers: bool) -> None:
    assert rule(**fields).covers(finding(Severity.HIGH), URL) == covers


def test_a_title_with_brackets_is_matched_as_it_is_written() -> None:
    assert rule(title="Cookie [session]").covers(finding(title="Cookie [session]"), URL)


def test_nothing_covers_a_missing_title_or_url() -> None:
    assert not rule(title="*").covers(finding(title=None), URL)
    assert not rule(title="*", url="*").covers(finding(), None)


def test_a_rule_applies_through_its_last_day() -> None:
    lasting, over = rule(title="*", expires=TODAY), rule(title="*", expires=TODAY - dt.timedelta(days=1))

    assert accept([lasting], [finding()], URL, TODAY).rules == (lasting,)
    expired = accept([over], [finding()], URL, TODAY)
    assert (expired.rules, expired.expired) == ((None,), (over,))


def test_an_unused_rule_is_told_of_unless_it_is_about_another_site() -> None:
    unused, elsewhere = rule(title="gone"), rule(title="gone", url="https://other.example")

    assert accept([unused, elsewhere], [finding()], URL, TODAY).unused == (unused,)


def test_the_first_rule_that_covers_counts() -> None:
    first, second = rule(title="*", line=1), rule(title="No CSP", line=2)

    acceptance = accept([first, second], [finding()], URL, TODAY)

    assert acceptance.rules == (first,)
    assert acceptance.unused == ()


def test_accepted_findings_do_not_count_for_the_gate_and_stay_visible() -> None:
    scanned = report(finding(Severity.CRITICAL), finding(Severity.HIGH, title="Other"))
    acceptance = accept(
        [rule(title="No CSP"), rule(title="old", expires=dt.date(2020, 1, 1))], scanned.findings or (), URL, TODAY
    )

    verdict = gate.judge(scanned, Policy(Severity.CRITICAL), acceptance=acceptance)

    assert verdict.passed
    assert [assessed.finding.title for assessed in verdict.accepted] == ["No CSP"]
    assert verdict.counts[Severity.CRITICAL] == 1
    assert any("expired on 2020-01-01" in warning for warning in verdict.warnings)


def test_what_only_the_counts_tell_of_can_not_be_accepted() -> None:
    scanned = report(finding(Severity.CRITICAL), counts={Severity.CRITICAL: 2})

    verdict = gate.judge(
        scanned, Policy(Severity.CRITICAL), acceptance=accept([rule(title="*")], scanned.findings or (), URL, TODAY)
    )

    assert not verdict.passed


def test_unused_rules_are_notices() -> None:
    verdict = gate.judge(report(), Policy(Severity.HIGH), acceptance=accept([rule(title="gone", line=7)], (), URL, TODAY))

    assert verdict.notices == ("The ignore file's rule at line 7 (gone) matches no finding of this scan.",)


def test_a_rule_for_a_url_covers_its_scans_only_and_is_used_there() -> None:
    ours = rule(title="No CSP", url=URL)

    here = accept([ours], [finding()], URL, TODAY)
    elsewhere = accept([ours], [finding()], "https://other.example", TODAY)

    assert (here.rules, here.unused) == ((ours,), ())
    assert (elsewhere.rules, elsewhere.unused) == ((None,), ())


def test_a_rule_is_named_by_its_line_and_what_it_is_about() -> None:
    assert str(rule(title="a", category="b", line=3)) == "line 3 (a, b)"


def test_an_unused_rule_for_this_site_is_told_of() -> None:
    unused = rule(title="gone", url=URL)

    assert accept([unused], [finding()], URL, TODAY).unused == (unused,)
