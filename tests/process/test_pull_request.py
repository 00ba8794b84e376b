"""A pull request from end to end: a base scan, a scan that adds one high finding and fixes two, and what people see of it."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from secuprobe_action.places.outputs import SCAN_OUTPUTS
from tests.github_api import FakeGitHub, check_bodies, down, read_only, serving
from tests.process.worlds import seen
from tests.reports.rendered import Page
from tests.support import KEY, Api, Runner, Step, event_file, secuprobe

BASE = [
    {"title": "Old TLS", "severity": "high", "category": "Transport"},
    {"title": "No CSP", "severity": "medium", "category": "Headers"},
    {"title": "Banner", "severity": "low", "category": "Disclosure"},
]
PULL = [BASE[0], {"title": "SQL injection", "severity": "high", "category": "Injection", "description": "In id"}]
EVERYWHERE = {
    "check_run": "true",
    "pr_comment": "changes",
    "baseline": "auto",
    "fail_on": "new",
    "fail_on_severity": "high",
    "github_token": "ghs_token",
    "reports": "sarif=out/scan.sarif\njson=out/scan.json\nhtml=out/scan.html\njunit=out/scan.xml\nmarkdown=out/scan.md",
}


@pytest.fixture(name="github")
def _github() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as github:
        yield github


def push(runner: Runner, github: FakeGitHub, api: Api, sha: str, **inputs: str) -> Step:
    """Scan a commit of a branch."""
    runner.environment = {
        **github.environment(sha, "push"),
        "GITHUB_EVENT_PATH": event_file(runner.folder, github.with_repository(before="0" * 40)),
        "GITHUB_WORKSPACE": str(runner.folder),
    }
    return runner.run(api, **{"check_run": "true", "github_token": "ghs_token", "fail_on_severity": "none", **inputs})


class Pull:
    """The pull request: a base scan that is known, and runs of the action on it."""

    def __init__(self, runner: Runner, github: FakeGitHub, api: Api) -> None:
        self.runner, self.github, self.api = runner, github, api

    def run(self, findings: list[dict[str, Any]], **inputs: str) -> Step:
        self.api.play(*findings)
        self.runner.environment = {
            **self.github.environment("e" * 40, "pull_request"),
            "GITHUB_EVENT_PATH": event_file(self.runner.folder, self.github.event()),
            "GITHUB_WORKSPACE": str(self.runner.folder),
        }
        return self.runner.run(self.api, **{**EVERYWHERE, **inputs})


@pytest.fixture(name="pull")
def _pull(runner: Runner, github: FakeGitHub) -> Iterator[Pull]:
    with secuprobe({"findings": BASE, "score": 70}) as api:
        assert push(runner, github, api, github.merge_base).code == 0
        api.play(score=64)
        yield Pull(runner, github, api)


def test_every_place_tells_the_same_story(pull: Pull) -> None:
    base_check = pull.github.checks[0]

    step = pull.run(PULL)

    reason = "1 new finding at or above high (1 high)"
    assert step.code == 1, step.log
    assert (step.outputs["new_count"], step.outputs["fixed_count"], step.outputs["result"]) == ("1", "2", "failed")
    assert step.annotations("error")[:1] == [f"SecuProbe: check failed: {reason}. Report: {step.outputs['report_url']}"]
    assert step.annotations("error")[1:] == ["High: SQL injection: Injection: In id"]

    base_scan = seen(base_check["external_id"])
    summary = Page(step.summary)
    assert f"1 new finding and 2 fixed since scan {base_scan} of commit {'b' * 12}" in summary.text
    course = "Trend █▆ from 70 to 64 in 2 runs (▼\N{NO-BREAK SPACE}6)"
    assert course in summary.text
    assert "🆕 SQL injection" in summary.tables[1].rows[1] + summary.tables[1].rows[2]

    check = pull.github.checks[1]
    assert (check["name"], check["head_sha"], check["conclusion"]) == ("SecuProbe", pull.github.head, "failure")
    assert check["output"]["title"] == reason
    assert check["details_url"] == step.outputs["report_url"]
    assert seen(check["external_id"]) == step.outputs["scan_id"]
    assert course in Page(check["output"]["summary"]).text
    assert check["output"]["text"].startswith("<!-- secuprobe ages ")

    (comment,) = pull.github.comments
    page = Page(comment["body"])
    assert "SecuProbe: failed" in page.text
    assert course in page.text
    assert page.tables[0].rows[1][0] == "64 / 100 (▼\N{NO-BREAK SPACE}6)"
    assert [row[1] for row in page.tables[1].rows[1:]] == ["🆕 SQL injection"]
    assert page.summaries == ["✅ 2 fixed since the baseline", "1 unchanged finding"]

    folder = pull.runner.folder / "out"
    assert step.outputs["sarif_file"] == "out/scan.sarif"
    results = json.loads((folder / "scan.sarif").read_text())["runs"][0]["results"]
    assert sorted((result["message"]["text"], result["baselineState"]) for result in results) == [
        ("Old TLS (Transport) at https://shop.example", "unchanged"),
        ("SQL injection (Injection) at https://shop.example", "new"),
    ]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == ".github/workflows/scan.yml"
    document = json.loads((folder / "scan.json").read_text())
    assert document["verdict"]["reason"] == reason
    assert [finding["title"] for finding in document["baseline"]["fixed"]] == ["No CSP", "Banner"]
    assert document["history"] == {"scores": [70, 64]}
    ages = {each["title"]: each["since"]["or_before"] for each in document["findings"]}
    assert ages == {"Old TLS": True, "SQL injection": False}
    html = (folder / "scan.html").read_text()
    assert "SecuScore, from 70 to 64 in 2 runs" in html
    assert "1 new finding at or above high (1 high)." in html
    assert html.count("fails the check") == 1
    assert '<failure message="[high] SQL injection at https://shop.example"' in (folder / "scan.xml").read_text()
    assert (folder / "scan.md").read_text() == step.summary.rstrip("\n") + "\n"
    assert KEY not in "".join(path.read_text() for path in folder.iterdir())


def test_a_second_run_edits_the_same_comment(pull: Pull) -> None:
    pull.run(PULL)
    step = pull.run([BASE[0]])

    assert step.code == 0
    (comment,) = pull.github.comments
    assert "SecuProbe: passed" in Page(comment["body"]).text
    assert "No new finding at or above high (1 finding in all)." in Page(comment["body"]).text
    assert len([name for name, _ in pull.github.bodies if name.startswith("PATCH") and "comments" in name]) == 1


def test_with_nothing_to_say_no_comment_is_made_but_an_old_one_is_kept_up_to_date(pull: Pull) -> None:
    assert pull.run(BASE).code == 0
    assert pull.github.comments == []

    pull.run(PULL)
    pull.run(BASE)

    (comment,) = pull.github.comments
    assert "0 new findings and 0 fixed" in Page(comment["body"]).text


def test_always_comments_and_off_never(pull: Pull) -> None:
    pull.run(BASE, pr_comment="off")
    assert pull.github.comments == []
    pull.run(BASE, pr_comment="always")
    assert len(pull.github.comments) == 1


def test_only_this_tokens_own_comment_is_edited(pull: Pull) -> None:
    pull.run(PULL)
    marker = pull.github.comments[0]["body"].splitlines()[0]
    pull.github.comments.clear()
    planted = pull.github.add_comment("mallory", f"{marker}\nLGTM, passed!")

    pull.run(PULL)

    assert planted["body"].endswith("LGTM, passed!")
    assert [comment["user"]["login"] for comment in pull.github.comments] == ["mallory", "github-actions[bot]"]


def test_two_sites_under_one_name_keep_a_comment_each(pull: Pull) -> None:
    pull.github.run_ids = itertools.repeat(2000)  # jobs of one workflow run
    pull.run(PULL)
    pull.run(PULL, url="https://other.example")
    pull.run(PULL)

    assert len(pull.github.comments) == 2


def test_a_read_only_token_is_one_warning_each_that_names_the_permission_and_changes_nothing(pull: Pull) -> None:
    pull.github.refuse = read_only

    step = pull.run(PULL)

    assert (step.code, step.outputs["new_count"]) == (1, "1")
    warnings = step.annotations("warning")
    assert [("checks: write" in text, "pull-requests: write" in text) for text in warnings if "GitHub answered 403" in text] == [
        (True, False),
        (False, True),
    ]
    assert pull.github.comments == []


def test_a_baseline_whose_scan_is_gone_lets_all_findings_count(pull: Pull) -> None:
    del pull.api.service.scans[seen(pull.github.checks[0]["external_id"])]

    step = pull.run(BASE)

    assert step.code == 1
    assert step.outputs["new_count"] == ""
    assert any("is gone from SecuProbe. All findings count as new" in text for text in step.annotations("warning"))


@pytest.mark.parametrize("spoil", ["no check run", "another version", "another name"])
def test_where_there_is_no_baseline_all_findings_count_and_it_is_said(pull: Pull, spoil: str) -> None:
    inputs = {}
    check = pull.github.checks[0]
    if spoil == "no check run":
        pull.github.checks.clear()
    elif spoil == "another version":
        check["external_id"] = check["external_id"].replace(":2:", ":1:", 1)
    else:
        inputs = {"check_name": "Other"}

    step = pull.run(BASE, **inputs)

    assert step.code == 1
    assert any("No baseline was found" in text for text in step.annotations("warning"))
    assert "No baseline was found" in Page(step.summary).text
    assert "No baseline was found" in Page(pull.github.comments[0]["body"]).text


@pytest.mark.parametrize("spoil", ["GitHub answers 503", "no GitHub", "no token", "an old scan that can't be read"])
@pytest.mark.parametrize(("findings", "code"), [(BASE, 3), (BASE[1:], 0)])
def test_where_it_could_not_be_asked_the_run_passes_only_if_it_would_with_all_findings(
    pull: Pull, spoil: str, findings: list[dict[str, Any]], code: int
) -> None:
    inputs = {}
    if spoil == "no token":
        inputs = {"github_token": ""}
    elif spoil == "no GitHub":
        pull.github.url = "http://127.0.0.1:9"
    elif spoil == "GitHub answers 503":
        pull.github.refuse = down
    else:
        pull.api.service.scans.set_status(seen(pull.github.checks[0]["external_id"]), "running")

    step = pull.run(findings, **inputs)

    assert step.code == code, step.log
    assert step.outputs["result"] == ("error" if code else "passed")
    said = step.annotations("error" if code else "warning")
    assert any("could not be compared with the baseline" in text or "Nothing was compared" in text for text in said)
    assert not any("No baseline was found" in text for text in said)
    if spoil == "GitHub answers 503":
        assert any("“Service unavailable”" in text for text in said)


def test_the_base_branchs_older_commits_are_looked_at_and_not_too_many(pull: Pull) -> None:
    history = pull.github.history
    for _ in range(10):  # of merges: beyond them the first parents are not on the first page of commits
        history.branch("topic")
        for _ in range(12):
            history.commit("topic")
        history.commit("main", history.branches["topic"])
    history.branch("feature")
    history.commit("feature")

    assert pull.run(BASE).outputs["new_count"] == "0"

    for _ in range(11):
        history.commit("main")
    history.branch("feature")
    history.commit("feature")
    pull.github.requests.clear()

    assert pull.run(BASE).outputs["new_count"] == ""
    assert sum(request.endswith("/check-runs") and request.startswith("GET") for request in pull.github.requests) == 21


def test_a_scans_id_is_a_baseline_without_github(pull: Pull) -> None:
    base_scan = seen(pull.github.checks[0]["external_id"])
    pull.github.requests.clear()

    step = pull.run(PULL, baseline=base_scan, check_run="false", pr_comment="off")

    assert (step.code, step.outputs["new_count"], step.outputs["fixed_count"]) == (1, "1", "2")
    assert pull.github.requests == []


def test_accepted_risks_come_from_the_workspace(pull: Pull) -> None:
    used = "- title_glob: SQL*\n  reason: A test database.\n"
    rules = f"{used}- title: Nothing\n  reason: x\n- title: Banner\n  reason: y\n  expires: 2020-01-01\n"
    (pull.runner.folder / ".secuprobe-ignore.yml").write_text(rules, encoding="utf-8")

    step = pull.run(PULL)

    assert step.code == 0, step.log
    assert "1 accepted risk" in Page(step.summary).summaries[1]
    assert "A test database." in Page(step.summary).text
    assert any("line 3 (Nothing) matches no finding" in text for text in step.annotations("notice"))
    assert any("line 5 (Banner) expired on 2020-01-01" in text for text in step.annotations("warning"))


@pytest.mark.parametrize(
    ("name", "content"),
    [(".secuprobe-ignore.yml", "- title: a\n"), (".secuprobe-ignore.yaml", "- title: a\n"), ("risks.yml", None)],
)
def test_a_malformed_or_missing_ignore_file_costs_no_scan(pull: Pull, name: str, content: str | None) -> None:
    if content:
        (pull.runner.folder / name).write_text(content, encoding="utf-8")
    launches = pull.api.launches

    step = pull.run(PULL, ignore_file="" if content else name)

    assert (step.code, step.outputs) == (2, SCAN_OUTPUTS)
    assert name in step.annotations("error")[0]
    assert pull.api.launches == launches


def test_a_rule_copied_from_the_summary_accepts_that_finding_and_no_other(pull: Pull) -> None:
    origin = {"title": "Access-Control-Allow-Origin: *", "severity": "high", "category": "CORS [<b>|@me]"}
    others = [{**origin, "title": "Access-Control-Allow-Origin: null"}, {**origin, "severity": "critical"}]
    first = pull.run([origin])
    (rule,) = Page(first.summary).pre
    (pull.runner.folder / ".secuprobe-ignore.yaml").write_text(f"{rule}\n", encoding="utf-8")

    accepted, refused = pull.run([origin]), pull.run([origin, *others])

    assert (first.code, accepted.code, refused.code) == (1, 0, 1)
    assert "2 new findings at or above high (1 critical, 1 high)" in refused.summary


def test_two_ignore_files_are_an_error_and_cost_no_scan(pull: Pull) -> None:
    for ending in ("yml", "yaml"):
        (pull.runner.folder / f".secuprobe-ignore.{ending}").write_text("- title: a\n  reason: b\n", encoding="utf-8")
    launches = pull.api.launches

    step = pull.run(PULL)

    assert step.code == 2
    assert "there are .secuprobe-ignore.yml and .secuprobe-ignore.yaml" in step.annotations("error")[0]
    assert pull.api.launches == launches


def test_a_rule_whose_url_is_not_what_was_scanned_is_told_as_unused(pull: Pull) -> None:
    rules = "- title: Banner\n  reason: x\n  url: https://shop.exmaple\n"
    (pull.runner.folder / ".secuprobe-ignore.yml").write_text(rules, encoding="utf-8")

    step = pull.run(BASE)

    assert any("1 rule of the ignore file (by line: 1) unused here" in text for text in step.annotations("notice"))


def test_a_report_that_would_leave_the_workspace_costs_no_scan(pull: Pull) -> None:
    (pull.runner.folder / "link").symlink_to("/tmp")
    launches = pull.api.launches

    step = pull.run(PULL, reports="json=link/x.json")

    assert step.code == 2
    assert "leads out of the workspace" in step.annotations("error")[0]
    assert pull.api.launches == launches


@pytest.mark.parametrize(
    "reports",
    ["sarif=a.sarif # alerts", "sarif='a.sarif'", "sarif=my report.sarif", "json=a.json sarif=./A.json", "html=a:b.html"],
)
def test_reports_that_would_be_misread_cost_no_scan_and_leave_no_file(pull: Pull, reports: str) -> None:
    launches, before = pull.api.launches, {path.name for path in pull.runner.folder.iterdir()}

    step = pull.run(BASE, reports=reports)

    assert step.code == 2
    assert "reports: was given" in step.annotations("error")[0]
    assert pull.api.launches == launches
    assert {path.name for path in pull.runner.folder.iterdir()} <= before | {"event.json"}


def test_reports_on_one_line_are_files_of_their_own(pull: Pull) -> None:
    step = pull.run(BASE, reports="json=out/a.json,markdown=out/a.md html=out/a.html\n")

    assert step.code == 0
    assert {path.name for path in (pull.runner.folder / "out").iterdir()} == {"a.json", "a.md", "a.html"}


def test_a_report_that_can_not_be_written_is_an_error_that_leaves_the_verdict(pull: Pull) -> None:
    (pull.runner.folder / "file").write_text("", encoding="utf-8")

    step = pull.run(BASE, reports="json=file/x.json\nmarkdown=ok.md")

    assert step.code == 0
    assert any("report file/x.json could not be written" in text for text in step.annotations("error"))
    assert (pull.runner.folder / "ok.md").exists()


def test_an_error_is_a_failed_check_and_no_baseline(pull: Pull) -> None:
    pull.api.play(ends="failed")
    assert push(pull.runner, pull.github, pull.api, pull.github.merge_base).code == 3
    assert pull.github.checks[-1]["conclusion"] == "failure"
    pull.api.play(ends="completed")

    assert pull.run(BASE).outputs["new_count"] == "0"


def test_an_error_takes_the_place_of_what_an_earlier_commit_was_told(pull: Pull) -> None:
    pull.run([BASE[0]])
    assert "SecuProbe: passed" in Page(pull.github.comments[0]["body"]).text
    pull.api.play(ends="failed")

    pull.run([BASE[0]])

    (comment,) = pull.github.comments
    assert "SecuProbe scan failed" in Page(comment["body"]).text


def test_a_run_that_asks_for_nothing_is_neutral(pull: Pull) -> None:
    pull.run(PULL, fail_on_severity="none")

    assert pull.github.checks[-1]["conclusion"] == "neutral"


def test_a_push_finds_the_open_pull_request_of_its_commit(runner: Runner, github: FakeGitHub) -> None:
    with secuprobe() as api:
        push(runner, github, api, github.head, pr_comment="always")

    assert len(github.comments) == 1


def test_without_a_pull_request_there_is_nothing_to_comment_on(runner: Runner, github: FakeGitHub) -> None:
    with secuprobe() as api:
        step = push(runner, github, api, "f" * 40, pr_comment="always")

    assert step.code == 0
    assert github.comments == []
    assert not any("commented" in text for text in step.annotations("warning"))


@pytest.mark.node
def test_every_request_body_is_what_githubs_own_description_allows(pull: Pull) -> None:
    pull.run(PULL)
    pull.run(BASE)

    used = {operation for operation, _ in pull.github.bodies}
    assert {operation.split(" ")[0] for operation in used} == {"PATCH", "POST"}
    assert len(used) == 4
    check_bodies(pull.github.bodies)
