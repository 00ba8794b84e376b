"""The account's domains: listed, filtered, and as a matrix."""

import json
import time
from typing import Any

import pytest
import yaml

from secuprobe_action.inputs import DOMAIN_DEFAULTS
from tests.reports.rendered import Page
from tests.support import KEY, ROOT, Api, Runner, Step, secuprobe

DOMAINS = {"shop.example": True, "api.shop.example": True, "new.example": False, "Blog.example": True}


def run(runner: Runner, api: Api, *arguments: str, **inputs: str) -> Step:
    return runner.run(api, "domains", *arguments, **inputs)


def hosts(step: Step) -> list[str]:
    return [job["hostname"] for job in json.loads(step.outputs["matrix"])["include"]]


def test_domains_are_a_table_and_the_validated_ones_a_matrix(runner: Runner) -> None:
    with secuprobe(domains=DOMAINS) as api:
        step = run(runner, api)

    assert step.code == 0, step.log
    assert hosts(step) == ["api.shop.example", "blog.example", "shop.example"]
    assert json.loads(step.outputs["matrix"])["include"][0]["url"] == "https://api.shop.example"
    assert step.outputs["count"] == "3"
    assert [(each["hostname"], each["validated"]) for each in json.loads(step.outputs["domains"])] == [
        ("api.shop.example", True),
        ("Blog.example", True),
        ("new.example", False),
        ("shop.example", True),
    ]
    assert ["new.example", "⚠️ not validated"] in Page(step.summary).tables[0].rows
    assert "4 domains" in step.log
    assert KEY not in step.shown


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"include": "*.shop.example, SHOP.example"}, ["api.shop.example", "shop.example"]),
        ({"exclude": "api.*\nblog.*"}, ["shop.example"]),
        ({"include": "*.example", "exclude": "shop.example"}, ["api.shop.example", "blog.example"]),
        ({"include": "nothing.*"}, []),
    ],
)
def test_globs_include_and_exclude(runner: Runner, filters: dict[str, str], expected: list[str]) -> None:
    with secuprobe(domains=DOMAINS) as api:
        step = run(runner, api, **filters)

    assert (step.code, hosts(step)) == (0, expected)


@pytest.mark.parametrize("timeout", ["soon", "9", "9s", "7h", "1.5m", "-60", "1d"])
def test_the_timeout_is_checked_as_that_of_a_scan(runner: Runner, timeout: str) -> None:
    with secuprobe(domains=DOMAINS) as api:
        step = run(runner, api, timeout=timeout)

    assert step.code == 2
    assert f"timeout: was given {timeout!r}" in step.annotations("error")[0]
    assert api.service.requests == []


@pytest.mark.parametrize("timeout", ["", "60", "60s", "10", "1m", "6h", " 10 M "])
def test_a_duration_is_a_timeout(runner: Runner, timeout: str) -> None:
    with secuprobe(domains=DOMAINS) as api:
        assert run(runner, api, timeout=timeout).code == 0


def test_the_timeout_is_the_budget_of_the_whole_step(runner: Runner) -> None:
    silent = {"on": "GET /domains", "times": 100, "kind": "no_answer"}
    with secuprobe({"faults": [silent]}, domains=DOMAINS) as api:
        started = time.monotonic()
        step = run(runner, api, timeout="10")
        took = time.monotonic() - started

    assert step.code == 3
    assert 9 < took < 14
    assert "time budget of 10 s" in step.annotations("error")[0]


def test_json_is_json_for_other_programs(runner: Runner) -> None:
    runner.environment = {"GITHUB_ACTIONS": ""}
    with secuprobe(domains=DOMAINS) as api:
        runner.environment |= {"SECUPROBE_API_KEY": KEY, "SECUPROBE_API_URL": api.url}
        step = run(runner, api, "--format", "json")

    assert json.loads(step.log)[0]["hostname"] == "api.shop.example"


@pytest.mark.parametrize("hostname", ["a b", "-a.example", "a.example/x", "${{ secrets.X }}", "x" * 300, "a..b", ""])
def test_what_is_no_host_name_gets_into_no_matrix(runner: Runner, hostname: str) -> None:
    body: Any = {"domains": [{"hostname": hostname, "isValidated": True}, {"hostname": "ok.example", "isValidated": True}]}
    with secuprobe({"faults": [{"on": "GET /domains", "body": body}]}) as api:
        step = run(runner, api)

    assert hosts(step) == ["ok.example"]


def test_a_host_is_in_the_matrix_once_as_it_is_looked_up(runner: Runner) -> None:
    with secuprobe(domains={"Bücher.example": True, "bücher.example": True, "my_app.example.": True}) as api:
        step = run(runner, api)

    assert hosts(step) == ["xn--bcher-kva.example", "my_app.example"]


def test_a_matrix_has_no_more_jobs_than_github_makes(runner: Runner) -> None:
    with secuprobe(domains={f"{n}.example": True for n in range(300)}) as api:
        step = run(runner, api)

    assert len(hosts(step)) == 256
    assert "44 domains are not in it" in step.annotations("warning")[0]


@pytest.mark.parametrize(("limit", "jobs"), [(20, "6"), (60, "20"), (200, "66"), (2, "1")])
def test_the_plans_rate_limit_decides_how_many_jobs_run_at_once(runner: Runner, limit: int, jobs: str) -> None:
    with secuprobe(limit=limit, domains=DOMAINS) as api:
        step = run(runner, api)

    assert step.outputs["max_parallel"] == jobs


def test_without_a_stated_limit_that_of_the_smallest_plan_is_assumed(runner: Runner) -> None:
    body = {"domains": [{"hostname": "ok.example", "isValidated": True}]}
    with secuprobe({"faults": [{"on": "GET /domains", "body": body, "headers": {"X-RateLimit-Limit": "many"}}]}) as api:
        step = run(runner, api)

    assert step.outputs["max_parallel"] == "20"


def test_a_key_without_the_scope_is_told_so(runner: Runner) -> None:
    with secuprobe(scopes=frozenset({"scans:read"})) as api:
        step = run(runner, api)

    assert (step.code, step.outputs["count"], step.outputs["domains"]) == (3, "0", "[]")
    assert "lacks the scope domains:read" in step.annotations("error")[0]


def test_wrong_inputs_are_all_told_at_once(runner: Runner) -> None:
    with secuprobe() as api:
        step = run(runner, api, api_key="x", format="xml", timeout="soon")

    assert step.code == 2
    assert "3 inputs" in step.annotations("error")[0]
    assert api.service.requests == []


def test_the_action_is_the_command() -> None:
    action = yaml.safe_load((ROOT / "domains" / "action.yml").read_text(encoding="utf-8"))

    assert {name: str(entry.get("default", "")) for name, entry in action["inputs"].items()} == DOMAIN_DEFAULTS
    assert set(action["outputs"]) == {"domains", "matrix", "max_parallel", "count"}
    assert (ROOT / "domains" / action["runs"]["image"]).resolve() == ROOT / "Dockerfile"
    assert action["runs"]["args"] == ["domains"]
