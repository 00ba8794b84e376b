"""Many sites in one overview: made of the reports that real runs leave, whatever becomes of them."""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from secuprobe_action.estate import OUTPUTS
from secuprobe_action.settings import ESTATE_DEFAULTS
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, Api, Runner, Step, findings, secuprobe, wait_until

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "report.json").read_text(encoding="utf-8")))

NBSP = "\N{NO-BREAK SPACE}"


def scan(runner: Runner, api: Api, name: str, **inputs: str) -> Step:
    """Scan a site as its job does, leaving its report where the overview looks for it."""
    given = {"url": f"https://{name}", "reports": f"json=secuprobe/{name}.json", "fail_on_severity": "high", **inputs}
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}
    return runner.run(api, **given)


def estate(runner: Runner, **inputs: str) -> Step:
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}
    return runner.run(None, "estate", **inputs)


def report(runner: Runner, name: str) -> Any:
    document = json.loads((runner.folder / "secuprobe" / f"{name}.json").read_text(encoding="utf-8"))
    SCHEMA.validate(document)
    return document


def sites(step: Step) -> list[tuple[str, str]]:
    return [(site["site"], site["result"]) for site in json.loads(step.outputs["sites"])]


def expecting(runner: Runner, domains: Mapping[str, bool], text: str = "") -> str:
    """Write what the command `domains` would, and return the file."""
    listed = [{"hostname": name.replace("_", "."), "validated": ok} for name, ok in domains.items()]
    (runner.folder / "domains.json").write_text(text or json.dumps(listed), encoding="utf-8")
    return "domains.json"


def test_the_worst_site_is_first_and_each_has_its_score_and_reason(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS, "score": 41}) as api:
        scan(runner, api, "bad.example")
    with secuprobe({"findings": findings("high"), "score": 60}) as api:
        scan(runner, api, "poor.example")
    with secuprobe({"score": 99}) as api:
        scan(runner, api, "good.example")

    step = estate(runner)

    assert (step.code, step.outputs["result"]) == (1, "failed"), step.log
    assert sites(step) == [("bad.example", "failed"), ("poor.example", "failed"), ("good.example", "passed")]
    assert (step.outputs["failed_count"], step.outputs["error_count"], step.outputs["new_count"]) == ("2", "0", "")
    rows = Page(step.summary).tables[0].rows
    assert rows[0] == ["Site", "Result", "Score", "🟣", "🔴", "🟠", "🟡", "🔵"]
    reason = "2 findings at or above high (1 critical, 1 high)"
    assert rows[1] == [f"bad.example{reason}", f"❌{NBSP}failed", "41", "1", "1", "1", "1", "1"]
    assert rows[3][0] == "good.example", "there is nothing to explain"
    assert "🟣 Critical · 🔴 High · 🟠 Medium · 🟡 Low · 🔵 Info" in Page(step.summary).text
    assert "3 sites: 2 failed, 1 passed" in Page(step.summary).text
    assert step.annotations("error") == [
        "SecuProbe estate: failed: 3 sites: 2 failed, 1 passed",
        f"SecuProbe: bad.example: {reason}",
        "SecuProbe: poor.example: 1 finding at or above high (1 high)",
    ]
    assert "FAILED: 3 sites: 2 failed, 1 passed" in step.log


def test_one_that_can_not_be_judged_says_so_in_its_own_row_and_hides_no_other(runner: Runner) -> None:
    with secuprobe({"score": 99}, domains={"good.example": True, "other.example": False}) as api:
        scan(runner, api, "good.example")
        scan(runner, api, "other.example")
    with secuprobe(scopes=frozenset({"scans:read"})) as api:
        scan(runner, api, "plan.example")
    with secuprobe({"ends": "failed"}) as api:
        failed = scan(runner, api, "broken.example")
    scan(runner, api, "typo.example", ignore_file="nowhere.yml")

    step = estate(runner, domains_file=expecting(runner, {"good_example": True, "lost_example": True, "new_example": False}))

    rows = {row[0].partition(".example")[0]: row for row in Page(step.summary).tables[0].rows}
    assert (step.code, step.outputs["result"], step.outputs["error_count"]) == (3, "error", "5")
    assert rows["good"][1] == f"✅{NBSP}passed"
    assert rows["new"][1] == f"⏭️{NBSP}not{NBSP}validated"
    assert "is not among the validated domains" in rows["other"][0]
    assert "lacks the scope scans:create" in rows["plan"][0]
    assert "failed" in rows["broken"][0]
    assert "names a file that is not in the workspace" in rows["typo"][0]
    assert "It left no report" in rows["lost"][0]
    assert [name for name, result in sites(step) if result == "passed"] == ["good.example"]
    assert "SecuProbe: new.example" in step.annotations("warning")[0]
    assert report(runner, "broken.example")["scan"]["id"] == failed.outputs["scan_id"]
    assert report(runner, "plan.example")["error"]["title"] == "SecuProbe API error"
    assert KEY not in step.shown + step.summary + json.dumps(step.outputs)


def test_a_cancelled_scan_says_so_in_its_row(runner: Runner) -> None:
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}
    with secuprobe({"duration_s": 600}) as api:
        inputs = {"api_key": KEY, "api_url": api.url, "url": "https://a.example", "reports": "json=secuprobe/a.example.json"}
        process = runner.start(**inputs)
        wait_until(lambda: "report_url" in runner.outputs())
        process.terminate()
        runner.finish(process)

    step = estate(runner)

    (site,) = json.loads(step.outputs["sites"])
    assert (site["site"], site["result"], site["counts"], site["new_count"]) == ("a.example", "error", None, None)
    assert "goes on at SecuProbe" in site["reason"]
    assert site["report_url"] == report(runner, "a.example")["scan"]["report_url"]


def test_new_findings_of_all_sites_are_listed_worst_first(runner: Runner) -> None:
    known = findings("medium", "low")
    with secuprobe() as api:
        for name, added in {"a.example": [FINDINGS[2]], "b.example": [FINDINGS[1]], "c.example": []}.items():
            api.play(*known)
            before = scan(runner, api, name).outputs["scan_id"]
            api.play(*known, *added)
            scan(runner, api, name, baseline=before)
        scan(runner, api, "d.example")

    step = estate(runner)

    page = Page(step.summary)
    assert step.outputs["new_count"] == "2"
    assert [row[:3] for row in page.tables[1].rows[1:]] == [
        ["🟣 Critical", "b.example", "SQL injection"],
        ["🔴 High", "a.example", "No CSP"],
    ]
    assert page.tables[0].rows[0][-1] == "🆕"
    assert {row[0][0]: row[-1] for row in page.tables[0].rows[1:]} == {"a": "1", "b": "1", "c": "0", "d": "–"}


@pytest.mark.parametrize("domains", [{}, {"new_example": False}])
def test_an_estate_of_which_nothing_was_scanned_does_not_pass(runner: Runner, domains: dict[str, bool]) -> None:
    step = estate(runner, domains_file=expecting(runner, domains))

    assert (step.code, step.outputs["result"]) == (3, "error")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"schema_version": 1}', '{"schema_version": 2, "scan": {}}', "\x00", '"\ud800"'],
)
def test_a_file_that_is_no_report_is_an_error_in_its_own_row(runner: Runner, text: str) -> None:
    with secuprobe() as api:
        scan(runner, api, "good.example")
    (runner.folder / "secuprobe" / "bad.json").write_text(text, encoding="utf-8", errors="surrogatepass")

    step = estate(runner)

    assert (step.code, sites(step)) == (3, [("secuprobe/bad.json", "error"), ("good.example", "passed")])
    assert "can't be read" in Page(step.summary).text


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        ("secuprobe/a.example.json", 1),
        ("*/*.json", 2),
        ("**/*.json", 3),
        ("secuprobe/*\nsecuprobe/a.*", 2),
        ("secuprobe/a.*, secuprobe/b.*", 2),
        ("secuprobe/a.* secuprobe/b.*", 2),
        ("secuprobe", 0),
        (".", 0),
        ("a**b[/*.json", 0),
    ],
)
def test_reports_are_found_by_globs_each_once(runner: Runner, globs: str, found: int) -> None:
    with secuprobe() as api:
        for name in ("a.example", "b.example", "deep/er/c.example"):
            scan(runner, api, "x.example", reports=f"json=secuprobe/{name}.json")

    assert len(sites(estate(runner, report_files=globs))) == found


def test_a_link_out_of_the_workspace_is_not_followed(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.json"
    elsewhere.write_text("{}", encoding="utf-8")
    (runner.folder / "secuprobe").mkdir()
    (runner.folder / "secuprobe" / "a.json").symlink_to(elsewhere)

    step = estate(runner)

    assert step.code == 3
    assert "leads out of the workspace" in Page(step.summary).text


def test_a_report_of_a_later_version_is_not_guessed_at(runner: Runner) -> None:
    with secuprobe() as api:
        scan(runner, api, "good.example")
    path = runner.folder / "secuprobe" / "good.example.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))

    step = estate(runner)

    assert step.code == 3
    assert "schema_version is 2, not 1" in Page(step.summary).text


def test_hostile_words_of_a_site_stay_words(runner: Runner) -> None:
    words = "<img src=x> [a](https://evil.example) @octocat | `x`\n::error::boo"
    with secuprobe() as api:
        before = scan(runner, api, "a.example").outputs["scan_id"]
        api.play({**FINDINGS[1], "title": words, "category": words})
        scan(runner, api, "a.example", baseline=before)
    path = runner.folder / "secuprobe" / "a.example.json"
    document = json.loads(path.read_text())
    document["verdict"]["reason"] = words
    path.write_text(json.dumps(document))

    step = estate(runner)

    page = Page(step.summary)
    assert page.tables[1].rows[1][2] == words.replace("\n", " ")
    assert {name for name, _ in page.elements} & {"img", "code"} == set()
    assert [attributes["href"] for name, attributes in page.elements if name == "a"] == [document["scan"]["report_url"]]
    assert "\n::error::boo" not in step.log


def test_a_link_that_is_none_is_not_shown(runner: Runner) -> None:
    with secuprobe() as api:
        scan(runner, api, "a.example")
    path = runner.folder / "secuprobe" / "a.example.json"
    path.write_text(
        json.dumps(
            json.loads(path.read_text()) | {"scan": {"id": "1", "url": None, "score": 1, "report_url": "javascript:alert(1)"}}
        )
    )

    assert "javascript" not in estate(runner).summary


def test_a_large_estate_leaves_a_whole_summary(runner: Runner) -> None:
    with secuprobe({"findings": findings(*["low"] * 50)}) as api:
        scan(runner, api, "a.example")
    text = (runner.folder / "secuprobe" / "a.example.json").read_text()
    for n in range(256):
        changed = json.loads(text.replace("a.example", f"site-{n}.example" + "x" * 150)) | {"baseline": {}}
        for finding in changed["findings"]:
            finding |= {"change": "new", "title": "é" * 290}
        (runner.folder / "secuprobe" / f"{n}.json").write_text(json.dumps(changed))

    step = estate(runner)

    assert step.code == 0
    assert len(step.summary.encode()) < 1_000_000
    assert "new findings left out." in step.summary
    assert len(Page(step.summary).tables[0].rows) == 1 + 257


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"report_files": "../*.json"}, "must be relative to the workspace"),
        ({"report_files": "*.json\n/etc/*"}, "must be relative to the workspace"),
        ({"domains_file": "/etc/passwd"}, "must be relative to the workspace"),
    ],
)
def test_inputs_that_can_not_be_used_are_told(runner: Runner, inputs: dict[str, str], message: str) -> None:
    step = estate(runner, **inputs)

    assert (step.code, step.outputs) == (2, OUTPUTS)
    assert message in step.annotations("error")[0]


@pytest.mark.parametrize("text", ["shop.example", '[{"host": 1}]', "7", "\n"])
def test_a_file_of_domains_that_is_none_is_told(runner: Runner, text: str) -> None:
    step = estate(runner, domains_file=expecting(runner, {}, text))

    assert (step.code, step.outputs) == (2, OUTPUTS)
    assert "domains_file: was given 'domains.json'; must be a file of the workspace that" in step.annotations("error")[0]


def test_a_file_of_domains_that_is_not_there_is_told_unless_it_is_known_why(runner: Runner) -> None:
    assert estate(runner, domains_file="nowhere.json").code == 2
    step = estate(runner, domains_file="nowhere.json", domains_error="403")
    assert (step.code, step.outputs["error_count"]) == (3, "1")


def test_two_thousand_domains_are_no_problem(runner: Runner) -> None:
    many = {f"a-rather-long-name-of-a-host-{n}_shop_example": False for n in range(2_000)}

    step = estate(runner, domains_file=expecting(runner, many))

    assert step.code == 3
    assert "2,000 sites: 2,000 not validated" in step.log


def test_the_action_is_the_command(runner: Runner) -> None:
    action = yaml.safe_load((ROOT / "estate" / "action.yml").read_text(encoding="utf-8"))

    assert {name: str(entry.get("default", "")) for name, entry in action["inputs"].items()} == ESTATE_DEFAULTS
    assert set(action["outputs"]) == {"result", "sites", "failed_count", "error_count", "new_count"}
    assert (ROOT / "estate" / action["runs"]["image"]).resolve() == ROOT / "Dockerfile"
    assert action["runs"]["args"] == ["estate"]
