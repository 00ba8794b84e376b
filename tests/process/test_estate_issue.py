"""The issue of an estate over real HTTP, from its first failure to its reopening, on GitHub and on GitLab."""

from dataclasses import replace
from typing import Any

from secuprobe_action.local.accounts import SCOPES
from tests.fake_http import serving as serving_fake
from tests.github_api import check_bodies, read_only
from tests.gitlab_api import FakeGitLab
from tests.process.estates import Found, World, estate
from tests.process.test_gitlab import gitlab_environment
from tests.process.worlds import SQL, TLS
from tests.reports.rendered import Page
from tests.support import KEY, Api, ByHost, Runner, Step

ISSUE = {"baseline": "", "fail_on": "all", "check_run": "false", "issue": "true"}
BAD: Found = {"a.example": [SQL], "b.example": []}
OK: Found = {"a.example": [], "b.example": []}


def last_words(issue: dict[str, Any]) -> str:
    return Page(issue["said"][-1]).text.strip()


def test_a_story_on_github(world: World) -> None:
    def night(found: Found) -> Step:
        return world.night(found, **ISSUE)

    red = night(BAD)
    (issue,) = world.github.issues
    assert (issue["state"], issue["title"], issue["said"]) == ("open", "SecuProbe estate: sites that fail", [])
    assert Page(issue["body"]).tables[0].rows == Page(red.summary).tables[0].rows

    night({"a.example": [], "b.example": [TLS]})
    assert "1 site began to fail" in last_words(issue)
    assert "b.example: 1 finding at or above high (1 high)" in last_words(issue)
    assert "1 site stopped failing" in last_words(issue)

    account_of_all = world.service.accounts[0]
    world.service.accounts[0] = replace(account_of_all, scopes=SCOPES - {"domains:read"})
    assert night(BAD).code == 3
    assert (issue["state"], len(issue["said"])) == ("open", 2)
    assert last_words(issue).startswith("⚠️ No verdict: ")

    world.service.accounts[0] = account_of_all
    assert night(OK).code == 0
    assert (issue["state"], len(issue["said"])) == ("closed", 3)
    assert last_words(issue) == "✅ Passed: 2 sites: 2 passed."

    night(BAD)
    assert (issue["state"], len(issue["said"])) == ("open", 4)
    assert len(world.github.issues) == 1
    check_bodies(world.github.bodies)


def test_a_site_that_could_not_be_judged_closes_nothing_and_is_not_mended(runner: Runner, world: World) -> None:
    world.night(BAD, **ISSUE)
    (issue,) = world.github.issues
    world.service.engine = ByHost({}, refused="https://a.example")

    world.use()
    steps = [estate(runner, world.api, github_token="ghs_token", **ISSUE) for _ in range(2)]

    assert [step.outputs["result"] for step in steps] == ["error", "error"]
    assert (issue["state"], len(issue["said"])) == ("open", 1)
    assert last_words(issue) == "⚠️ No verdict: 2 sites: 1 could not be judged, 1 passed. The issue stays open."
    world.night(BAD, **ISSUE)
    assert len(issue["said"]) == 1, "it is the same site that fails"


def test_a_run_that_nothing_can_fail_leaves_it_alone(world: World) -> None:
    world.night(BAD, **ISSUE)
    (issue,) = world.github.issues

    assert world.night(BAD, **{**ISSUE, "fail_on_severity": "none"}).code == 0
    assert (issue["state"], issue["said"]) == ("open", [])


def test_a_pull_request_has_none_and_a_missing_permission_is_named(world: World) -> None:
    world.github.pulls[7] = "feature"
    world.use(world.github.head, "push")
    branch = world.run(BAD, **ISSUE)
    assert (branch.code, world.github.issues) == (1, [])

    world.github.pulls.clear()
    world.github.refuse = read_only
    refused = world.night(BAD, **ISSUE)

    assert (refused.code, refused.outputs["result"]) == (1, "failed")
    assert "The issue was not kept up to date: GitHub answered 403 when asked to open an issue" in refused.log
    assert "add the permission `issues: write` to the job" in refused.log


def test_a_story_on_gitlab(runner: Runner, api: Api) -> None:
    gitlab = FakeGitLab()
    api.service.accounts[0].domains.update({"a.example": True, "b.example": True})
    wanted = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_API_URL": api.url, "SECUPROBE_ISSUE": "true"}
    logs = []
    with serving_fake(gitlab):
        gitlab.history.branches["main"] = gitlab.history.add("a" * 40)
        for found in (BAD, {"b.example": [SQL]}, OK, BAD):
            api.service.engine = ByHost(found)
            runner.environment = gitlab_environment(runner, **wanted, **gitlab.job("a" * 40))
            logs.append(runner.run(None, "estate").log)

    (issue,) = gitlab.issues
    assert (issue["state"], issue["title"]) == ("opened", "SecuProbe estate: sites that fail"), "\n".join(logs)
    assert [text.split(" ")[0] for text in issue["said"]] == ["**1", "✅", "❌"]
    assert "a.example" in issue["description"]
