"""The alerts of an estate over real HTTP: an upload a site, whatever the number of sites, and what becomes of refusals."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from secuprobe_action.local.engine import Outcome
from tests.fake_http import serving as serving_fake
from tests.github_api import FakeGitHub, Refusal, check_bodies
from tests.gitlab_api import FakeGitLab
from tests.process.estates import Found, World, estate, results
from tests.process.test_gitlab import gitlab_environment
from tests.process.worlds import SQL, TLS
from tests.support import KEY, Api, ByHost, Runner

UPLOAD = {"baseline": "", "fail_on": "all", "check_run": "false", "upload_sarif": "true"}
UPLOADED = "POST /repos/org/app/code-scanning/sarifs"
FOUND: Found = {"a.example": [SQL], "b.example": [TLS, SQL]}
MANY: Found = {f"site-{number}.example": [SQL] for number in range(25)}


def alerts(github: FakeGitHub, ref: str = "refs/heads/main") -> dict[str, int]:
    """Return how many alerts each site has, by what is readable of its category."""
    return {
        category.rpartition("https-")[2].partition(".example")[0]: len(shown)
        for (at, category), shown in github.alerts.items()
        if at == ref
    }


def test_twenty_five_sites_are_more_than_a_folders_upload_could_hold(world: World) -> None:
    first = world.night(MANY, **UPLOAD)
    mended = world.night({**MANY, "site-7.example": [], "site-8.example": [SQL, TLS]}, **UPLOAD)

    assert [step.code for step in (first, mended)] == [1, 1]
    assert "uploaded the findings of 25 sites to code scanning" in first.log
    expected = {f"site-{number}": 1 for number in range(25)}
    assert alerts(world.github) == {**expected, "site-7": 0, "site-8": 2}
    assert len({alert for shown in world.github.alerts.values() for alert in shown}) == 25, "no site has another's alerts"
    assert world.github.requests.count(UPLOADED) == 50
    check_bodies(world.github.bodies)


def test_an_alert_is_the_same_one_the_next_night(world: World) -> None:
    world.night(FOUND, **UPLOAD)
    before = dict(world.github.alerts)
    world.night(FOUND, **UPLOAD)

    assert world.github.alerts == before
    assert alerts(world.github) == {"a": 1, "b": 2}


def test_they_are_of_the_commit_and_the_ref_that_the_run_is_of(world: World) -> None:
    world.github.pulls[7] = "feature"
    world.use(world.github.head, "pull_request")

    world.run(FOUND, **UPLOAD)

    assert alerts(world.github, "refs/pull/7/merge") == {"a": 1, "b": 2}
    bodies = [body for _, body in world.github.bodies]
    assert {(body["commit_sha"], body["tool_name"]) for body in bodies} == {(world.github.head, "SecuProbe")}


def test_a_site_is_uploaded_while_others_are_still_scanned(world: World) -> None:
    class Uneven(ByHost):
        async def scan(self, url: str) -> Outcome:
            await asyncio.sleep(5.0 if "slow" in url else 0.0)
            outcome = await super().scan(url)
            uploads_then[url] = world.github.requests.count(UPLOADED)
            return outcome

    uploads_then: dict[str, int] = {}
    world.use()
    world.service.accounts[0].domains.update({"a.example": True, "slow.example": True})
    world.service.engine = Uneven({"a.example": [SQL], "slow.example": [SQL]})

    step = estate(world.runner, world.api, github_token="ghs_token", **UPLOAD)

    assert alerts(world.github) == {"a": 1, "slow": 1}, step.log
    assert uploads_then["https://slow.example"] == 1


def test_a_site_whose_findings_are_not_all_known_keeps_its_alerts(world: World) -> None:
    class Shortened(ByHost):
        async def scan(self, url: str) -> Outcome:
            outcome = await super().scan(url)
            return replace(outcome, findings=[], total=2, counts={"high": 1, "critical": 1}) if "b." in url else outcome

    world.night(FOUND, **UPLOAD)
    before = dict(world.github.alerts)
    world.use()
    world.service.engine = Shortened({"b.example": [TLS, SQL]}, refused="https://a.example")
    step = estate(world.runner, world.api, github_token="ghs_token", **UPLOAD)

    assert results(step)["a.example"] == "error"
    assert world.github.alerts == before
    assert world.github.requests.count(UPLOADED) == 2


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((403, "Resource not accessible by integration"), "add the permission `security-events: write` to the job"),
        ((403, "Advanced Security must be enabled for this repository to use code scanning."), "“Advanced Security must be"),
        ((404, "Not Found"), "GitHub answered 404 when asked to upload SARIF: “Not Found”"),
        ((413, "Payload too large"), "GitHub answered 413"),
        ((502, "Bad gateway"), "GitHub answered 502"),
    ],
)
def test_a_refusal_is_one_warning_that_counts_and_changes_no_verdict(world: World, refusal: Refusal, told: str) -> None:
    world.github.refuse = lambda request: refusal if request == UPLOADED else None

    step = world.night(MANY, **{**UPLOAD, "check_run": "true"})

    assert (step.code, step.outputs["result"]) == (1, "failed")
    (warning,) = [text for text in step.annotations("warning") if "alerts" in text]
    assert "Findings did not become alerts for 25 of 25 sites: GitHub answered" in warning
    assert told in warning
    assert world.github.requests.count(UPLOADED) == 3, "a forge that refuses is left alone"
    assert world.github.checks[-1]["conclusion"] == "failure"


def test_one_refusal_costs_the_others_nothing(world: World) -> None:
    refusals = iter([None, (500, "Oops"), None, None])
    world.github.refuse = lambda request: next(refusals) if request == UPLOADED else None

    step = world.night({**FOUND, "c.example": [], "d.example": [TLS]}, **UPLOAD)

    assert "Findings did not become alerts for 1 of 4 sites: GitHub answered 500" in step.log
    assert len(alerts(world.github)) == 3


def test_a_forge_that_hangs_ends_with_the_budget(world: World) -> None:
    world.github.hang_s = 60
    began = time.monotonic()

    step = world.night(FOUND, **UPLOAD, timeout="10")

    assert time.monotonic() - began < 15
    assert (step.code, step.outputs["result"]) == (1, "failed")
    assert "Findings did not become alerts for 2 of 2 sites: it took too long. The verdict is not affected." in step.log


def without_token(world: World, environment: dict[str, Any]) -> str:
    environment["INPUT_GITHUB_TOKEN"] = ""
    return "it needs the input github_token"


def of_no_ref(world: World, environment: dict[str, Any]) -> str:
    environment["GITHUB_REF"] = ""
    return "GITHUB_REF names no branch, tag or pull request whose alerts they could be"


@pytest.mark.parametrize("lacking", [without_token, of_no_ref])
def test_what_it_lacks_is_said(world: World, lacking: Any) -> None:
    world.use()
    told = lacking(world, world.runner.environment)
    token = {} if lacking is without_token else {"github_token": "ghs_token"}
    world.service.engine = ByHost(FOUND)
    world.service.accounts[0].domains.update(dict.fromkeys(FOUND, True))

    step = estate(world.runner, world.api, **UPLOAD, **token)

    assert step.code == 1
    assert f"Findings did not become alerts for 2 of 2 sites: {told}" in step.log
    assert UPLOADED not in world.github.requests


def test_a_forge_without_code_scanning_says_so(runner: Runner, api: Api) -> None:
    gitlab = FakeGitLab()
    api.service.accounts[0].domains.update(dict.fromkeys(FOUND, True))
    api.service.engine = ByHost(FOUND)
    wanted = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_API_URL": api.url, "SECUPROBE_UPLOAD_SARIF": "true"}
    with serving_fake(gitlab):
        gitlab.history.branches["main"] = gitlab.history.add("a" * 40)
        runner.environment = gitlab_environment(runner, **wanted, **gitlab.job("a" * 40))
        step = runner.run(None, "estate")

    assert step.code == 1
    assert "for 2 of 2 sites: alerts are code scanning's, which GitHub alone has" in step.log
