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
from secuprobe_action.findings.ignore import Rule, accept, parse, rule_for
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
  url: https://shop.example
- category_glob: "Cookies*"
  reason: No session.
  url_glob: https://*.example
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
    assert (second.category_glob, second.title, second.line) == ("Cookies*", None, 8)
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
    ("- title_glob: ' '\n  reason: b\n", 1, "title_glob: must not be blank"),
    ("- title: a\n  reason: b\n  url: https://*.example\n", 3, "url: must be one URL"),
    ("- title: a\n  reason: b\n  url: shop.example\n", 3, "give a glob as url_glob"),
    ("- url_glob: https://*\n  reason: b\n", 1, "a rule needs a title or a category"),
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


@pytest.mark.parametrize("text", [text for text, _, _ in BAD[:16]])
def test_the_schema_refuses_what_the_program_does(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.load(text, Loader=yaml.BaseLoader), SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    ("fields", "covers"),
    [
        ({"title": "no  csp"}, True),
        ({"title": "No*"}, False),
        ({"title_glob": "No*"}, True),
        ({"title_glob": "no ??[p]"}, True),
        ({"title_glob": "CSP"}, False),
        ({"title": "CSP"}, False),
        ({"title": "No CSP", "title_glob": "Old*"}, False),
        ({"category": "headers"}, True),
        ({"category": "head*"}, False),
        ({"category_glob": "head*"}, True),
        ({"title": "No CSP", "category": "Cookies"}, False),
        ({"title": "No CSP", "category_glob": "Cook*"}, False),
        ({"title": "No CSP", "severity": "high"}, True),
        ({"title": "No CSP", "severity": "low"}, False),
        ({"title": "No CSP", "severity": "unknown"}, False),
        ({"title": "No CSP", "url": URL}, True),
        ({"title": "No CSP", "url_glob": "https://*.example"}, True),
        ({"title": "No CSP", "url": "https://other.example"}, False),
        ({"title": "No CSP", "url": URL, "url_glob": "https://other.*"}, False),
    ],
)
def test_a_rule_covers_what_all_its_fields_say(fields: dict[str, str], covers: bool) -> None:
    assert rule(**fields).covers(finding(Severity.HIGH), URL) == covers


@pytest.mark.parametrize(
    ("title", "another"),
    [
        ("Access-Control-Allow-Origin: *", "Access-Control-Allow-Origin: https://evil.example"),
        ("Cookie [session]", "Cookie s"),
        ("Is /debug open?", "Is /debug open!"),
    ],
)
def test_a_title_accepts_itself_whatever_it_is_written_with(title: str, another: str) -> None:
    assert rule(title=title, category=title).covers(finding(title=title, category=title), URL)
    assert not rule(title=title).covers(finding(title=another), URL)
    assert not rule(category=title).covers(finding(category=another), URL)


@pytest.mark.parametrize(
    ("url", "scanned"),
    [
        ("https://shop.example", "https://SHOP.example./?token=secret"),
        ("https://shop.example:443/", "https://shop.example"),
        ("https://shop.example/a?x=1", "https://shop.example/a?x=2#y"),
        ("HTTPS://Bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_url_is_compared_as_a_site(url: str, scanned: str) -> None:
    assert rule(title="No CSP", url=url).covers(finding(), scanned)
    assert not rule(title="No CSP", url=url).covers(finding(), "https://shop.example/other")


@pytest.mark.parametrize("scanned", ["https://shop.example", "https://shop.example/?a=b", "https://shop.example/admin"])
def test_a_glob_of_urls_is_held_against_the_site(scanned: str) -> None:
    assert rule(title="No CSP", url_glob="https://shop.example/*").covers(finding(), scanned)
    assert not rule(title="No CSP", url_glob="*a=b*").covers(finding(), scanned)


def test_nothing_covers_a_missing_title_or_url() -> None:
    assert not rule(title_glob="*").covers(finding(title=None), URL)
    assert not rule(title_glob="*", url_glob="*").covers(finding(), None)
    assert not rule(title_glob="*", url=URL).covers(finding(), None)


def test_a_rule_applies_through_its_last_day() -> None:
    lasting, over = rule(title_glob="*", expires=TODAY), rule(title_glob="*", expires=TODAY - dt.timedelta(days=1))

    assert accept([lasting], [finding()], URL, TODAY).rules == (lasting,)
    expired = accept([over], [finding()], URL, TODAY)
    assert (expired.rules, expired.expired) == ((None,), (over,))


def test_an_unused_rule_is_told_of_unless_it_is_about_another_site() -> None:
    unused, elsewhere = rule(title="gone"), rule(title="gone", url="https://other.example")

    acceptance = accept([unused, elsewhere], [finding()], URL, TODAY)

    assert (acceptance.unused, acceptance.elsewhere) == ((unused,), (elsewhere,))


def test_rules_whose_url_is_not_what_was_scanned_share_one_notice() -> None:
    one = accept([rule(title="a", url="https://other.example", line=3)], [finding()], URL, TODAY)
    many = accept([rule(title="a", url_glob="https://b.*", line=n) for n in range(40)], [finding()], URL, TODAY)

    assert one.notices == (
        "1 rule of the ignore file (by line: 3) unused here: what was scanned is not the site of url or url_glob.",
    )
    assert len(many.notices) == 1
    assert many.notices[0].startswith("40 rules of the ignore file (by line: 0, 1, 2,")
    assert "19 and more) unused" in many.notices[0]


def test_a_glob_in_the_wrong_field_is_told_the_right_one() -> None:
    (notice,) = accept([rule(title="No*", line=2)], [finding()], URL, TODAY).notices

    assert notice.startswith("The ignore file's rule at line 2 (No*) matches no finding of this scan.")
    assert "title_glob" in notice


def test_the_first_rule_that_covers_counts() -> None:
    first, second = rule(title_glob="*", line=1), rule(title="No CSP", line=2)

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
        scanned, Policy(Severity.CRITICAL), acceptance=accept([rule(title_glob="*")], scanned.findings or (), URL, TODAY)
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
    assert str(rule(title_glob="a*", category_glob="b*", line=3)) == "line 3 (a*, b*)"


def test_an_unused_rule_for_this_site_is_told_of() -> None:
    unused = rule(title="gone", url=URL)

    assert accept([unused], [finding()], URL, TODAY).unused == (unused,)


def test_a_rule_to_copy_is_plain_where_the_text_is() -> None:
    assert rule_for(finding(Severity.MEDIUM, title="Allow-Origin:  *", category=None)) == (
        '- title: "Allow-Origin: *"\n  severity: medium\n  reason: "Why is this risk accepted?"\n'
    )


@pytest.mark.parametrize("title", [None, "", " \n", "x" * 1_001, "\ud800"])
def test_there_is_no_rule_to_copy_for_what_none_can_name(title: str | None) -> None:
    assert rule_for(finding(title=title)) is None
    assert rule_for(finding(category="x" * 1_001)) is None


def test_a_rule_to_copy_is_one_to_the_schema() -> None:
    text = rule_for(finding(Severity.UNKNOWN, title='a "b" \\ \x00\u202e\U0001f600', category="'"))

    jsonschema.validate(yaml.safe_load(text or ""), SCHEMA)
