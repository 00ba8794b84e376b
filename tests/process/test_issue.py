"""The issue over real HTTP, from its first failure to its reopening, on GitHub and on GitLab."""

from collections.abc import Iterator

import pytest

from tests.fake_http import serving as serving_fake
from tests.github_api import FakeGitHub, check_bodies, read_only, serving
from tests.gitlab_api import FakeGitLab
from tests.process.test_gitlab import run
from tests.process.test_pull_request import Pull, push
from tests.support import Api, Runner, secuprobe

SQL = {"title": "SQL injection", "severity": "high", "category": "Injection"}
CSP = {"title": "No CSP", "severity": "high", "category": "Headers"}


@pytest.fixture(name="github")
def _github() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as github:
        yield github


@pytest.fixture(name="api")
def _api() -> Iterator[Api]:
    with secuprobe() as api:
        yield api


def scan(runner: Runner, github: FakeGitHub, api: Api, **inputs: str) -> str:
    """Scan main's head, and return the log."""
    wanted = {"check_run": "false", "fail_on_severity": "high", "issue": "true", **inputs}
    return push(runner, github, api, github.history.branches["main"], **wanted).log


def test_a_story_on_github(runner: Runner, github: FakeGitHub, api: Api) -> None:
    github.labels = ["secuprobe"]
    for n in range(105):  # it isn't on the first page, and people's and other apps' issues are in between
        github.add_issue("github-actions[bot]" if n % 2 else "someone", title="Stale", body=f"No. {n}")
    others = len(github.issues)

    api.play(SQL)
    log = scan(runner, github, api)
    (issue,) = github.issues[others:]
    assert "could not" not in log
    assert (issue["state"], issue["labels"], issue["user"]["login"]) == ("open", [{"name": "secuprobe"}], "github-actions[bot]")
    assert issue["title"] == "SecuProbe: findings at https://shop.example"
    for _ in range(110):
        github.add_issue("github-actions[bot]", title="Stale", body="")

    api.play(SQL, CSP)
    scan(runner, github, api)
    assert [text.count("No CSP") for text in issue["said"]] == [1]

    api.play()
    scan(runner, github, api)
    assert (issue["state"], issue["state_reason"], len(issue["said"])) == ("closed", "completed", 2)

    api.play(CSP)
    scan(runner, github, api)
    assert (issue["state"], issue["state_reason"], len(issue["said"])) == ("open", "reopened", 3)

    api.play(CSP, ends="failed")
    scan(runner, github, api)
    assert (issue["state"], len(issue["said"])) == ("open", 4)
    assert len(github.issues) == others + 111
    check_bodies(github.bodies)
    assert all(body.keys() <= {"body", "state", "state_reason"} for name, body in github.bodies if name.startswith("PATCH"))


def test_who_quotes_the_mark_is_neither_taken_for_the_issue_nor_silences_it(runner: Runner, github: FakeGitHub, api: Api) -> None:
    api.play(SQL)
    scan(runner, github, api)
    (real,) = github.issues
    pull = github.add_issue("github-actions[bot]", title="Release", body=real["body"], pull_request={"url": "x"})
    told = github.add_issue("github-actions[bot]", title="Feedback", body=f"> They say:\n{real['body']}", state="closed")
    before = dict(pull), dict(told)
    github.issues.remove(real)

    scan(runner, github, api)

    assert (pull, told) == before
    assert [issue["title"] for issue in github.issues[2:]] == ["SecuProbe: findings at https://shop.example"]


def test_a_repository_without_the_label_gets_none(runner: Runner, github: FakeGitHub, api: Api) -> None:
    api.play(SQL)

    scan(runner, github, api)

    assert github.issues[0]["labels"] == []


def test_a_persons_token_finds_its_own_issue(runner: Runner, github: FakeGitHub, api: Api) -> None:
    github.viewer = "octocat"
    api.play(SQL)

    scan(runner, github, api, github_token="ghp_token")
    scan(runner, github, api, github_token="ghp_token")

    assert [issue["user"]["login"] for issue in github.issues] == ["octocat"]


def test_a_pull_request_has_none(runner: Runner, github: FakeGitHub, api: Api) -> None:
    step = Pull(runner, github, api).run([SQL], issue="true", baseline="", fail_on="all")

    assert step.code == 1
    assert github.issues == []


def test_a_missing_permission_is_a_warning_that_names_it(runner: Runner, github: FakeGitHub, api: Api) -> None:
    github.refuse = read_only
    api.play(SQL)

    log = scan(runner, github, api)

    assert "The issue was not kept up to date: GitHub answered 403 when asked to open an issue" in log
    assert "add the permission `issues: write` to the job" in log


def test_a_story_on_gitlab(runner: Runner, api: Api) -> None:
    gitlab = FakeGitLab()
    with serving_fake(gitlab):
        gitlab.history.branches["main"] = gitlab.history.add("a" * 40)
        gitlab.labels = ["secuprobe"]
        gitlab.issues = [
            {"iid": n + 1, "state": "opened", "author": {"username": "bot"}, "description": None, "said": []} for n in range(105)
        ]
        wanted = {"SECUPROBE_ISSUE": "true", "SECUPROBE_FAIL_ON_SEVERITY": "high"}
        logs = []
        for found in ([SQL], [CSP], [], [SQL]):
            api.play(*found)
            logs.append(run(runner, api, {**gitlab.job("a" * 40), **wanted}).log)
        issue = gitlab.issues[105]
        merge_request = run(runner, api, {**gitlab.job("a" * 40), **wanted, "CI_MERGE_REQUEST_IID": "7"})

    assert len(gitlab.issues) == 106, "\n".join(logs)
    assert (issue["state"], issue["labels"], issue["confidential"], issue["title"]) == (
        "opened",
        "secuprobe",
        True,
        "SecuProbe: findings at https://shop.example",
    )
    assert [text.split(" ")[0] for text in issue["said"]] == ["**1", "✅", "❌"]
    assert "SQL injection" in issue["description"]
    assert "issue" not in merge_request.log


def test_bitbucket_says_what_it_needs(runner: Runner, api: Api) -> None:
    environment = {"GITLAB_CI": "", "BITBUCKET_BUILD_NUMBER": "5", "BITBUCKET_COMMIT": "a" * 40, "SECUPROBE_ISSUE": "true"}

    step = run(runner, api, environment)

    assert step.code == 0
    assert "The issue was not kept up to date: " in step.log
