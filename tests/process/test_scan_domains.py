"""The reusable workflow scan-domains.yml: its three jobs, step by step, against the embedded SecuProbe."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github_api import FakeGitHub, serving
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, ByHost, event_file, findings, secuprobe
from tests.workflow import Expressions, Workflow, expressions

pytestmark = pytest.mark.node

PATH = ROOT / ".github" / "workflows" / "scan-domains.yml"
DOMAINS = {"shop.example": True, "blog.example": True, "api.example": True}


@pytest.fixture(name="library", scope="module")
def _library() -> Iterator[Expressions]:
    with expressions() as library:
        yield library


@pytest.fixture(name="workflow")
def _workflow(tmp_path: Path, library: Expressions) -> Workflow:
    (tmp_path / "repository").mkdir()
    return Workflow(PATH, library, tmp_path / "run", tmp_path / "repository", {"api_key": KEY})


def results(sites: str) -> dict[str, str]:
    return {site["site"]: site["result"] for site in json.loads(sites)}


def everything(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())


def test_three_domains_of_which_one_fails(workflow: Workflow) -> None:
    with secuprobe(domains={**DOMAINS, "new.example": False}, limit=60) as api:
        api.service.engine = ByHost({"shop.example": FINDINGS, "blog.example": findings("low")})
        outputs = workflow.call(api_url=api.url, fail_on_severity="high", upload_sarif=True)

    assert {name: job.result for name, job in workflow.matrix.items()} == {
        "api.example": "success",
        "blog.example": "success",
        "shop.example": "failure",
    }
    assert {name: job.result for name, job in workflow.jobs.items()} == {
        "discover": "success",
        "scan": "failure",
        "estate": "failure",
    }
    assert outputs["result"] == "failed"
    assert list(results(outputs["sites"]).items()) == [
        ("shop.example", "failed"),
        ("blog.example", "passed"),
        ("api.example", "passed"),
        ("new.example", "not_validated"),
    ]
    (overview,) = workflow.jobs["estate"].steps
    rows = Page(overview.summary).tables[0].rows
    assert [(row[0].partition(".example")[0], row[1][0], row[2]) for row in rows[1:]] == [
        ("shop", "❌", "45"),
        ("blog", "✅", "85"),
        ("api", "✅", "95"),
        ("new", "⏭", "–"),
    ]
    assert (api.launches, workflow.max_parallel) == (3, 20)
    hosts = ("api.example", "blog.example", "shop.example")
    assert workflow.artifact("secuprobe") == [f"{host}.{end}" for host in hosts for end in ("html", "json", "sarif")]
    uploads = [json.loads(path.read_text(encoding="utf-8"))["runs"][0] for path in workflow.uploaded]
    assert len({run["automationDetails"]["id"] for run in uploads}) == 3
    logs = [step.shown for job in (*workflow.jobs.values(), *workflow.matrix.values()) for step in job.steps]
    assert len(logs) == 1 + 3 + 1
    assert KEY not in everything(workflow.folder) + "".join(logs)


def test_a_site_that_the_plan_does_not_allow_says_so_and_hides_no_other(workflow: Workflow) -> None:
    with secuprobe(domains=DOMAINS) as api:
        api.service.engine = ByHost({}, refused="https://blog.example")
        outputs = workflow.call(api_url=api.url)

    assert outputs["result"] == "error"
    assert results(outputs["sites"]) == {"blog.example": "error", "shop.example": "passed", "api.example": "passed"}
    (overview,) = workflow.jobs["estate"].steps
    assert "Your plan does not include API scans of this site" in Page(overview.summary).text


def test_the_inputs_reach_each_scan(workflow: Workflow) -> None:
    rule = "- {title: SQL injection, url_glob: 'https://shop.*', reason: Known.}\n"
    (workflow.repository / "risks.yml").write_text(rule, encoding="utf-8")
    with secuprobe(domains=DOMAINS) as api:
        api.service.engine = ByHost({"shop.example": [FINDINGS[1]], "blog.example": [FINDINGS[1]]})
        outputs = workflow.call(api_url=api.url, exclude="api.*", ignore_file="risks.yml", max_parallel=2, min_score="50")

    assert results(outputs["sites"]) == {"blog.example": "failed", "shop.example": "passed"}
    assert workflow.max_parallel == 2
    assert workflow.uploaded == []


def test_each_site_is_compared_with_its_scan_of_the_night_before(workflow: Workflow) -> None:
    old = {host: findings("high") for host in DOMAINS}
    with serving(FakeGitHub()) as github, secuprobe(domains=DOMAINS) as api:
        given: dict[str, Any] = {"api_url": api.url, "baseline": "auto", "fail_on": "new", "fail_on_severity": "high"}
        for found in (old, {**old, "api.example": [*old["api.example"], FINDINGS[1]]}):
            workflow.environment = {
                **github.environment(github.merge_base, "schedule"),
                "GITHUB_EVENT_PATH": event_file(workflow.repository, github.with_repository(schedule="0 3 * * *")),
            }
            api.service.engine = ByHost(found)
            outputs = workflow.call(**given)

    assert results(outputs["sites"]) == {"api.example": "failed", "blog.example": "passed", "shop.example": "passed"}
    assert {check["name"] for check in github.checks} == {f"SecuProbe ({host})" for host in DOMAINS}
    (overview,) = workflow.jobs["estate"].steps
    assert overview.outputs["new_count"] == "1"
    assert Page(overview.summary).tables[1].rows[1][:3] == ["🟣 Critical", "api.example", "SQL injection"]


def test_two_calls_in_one_workflow_keep_their_sites_apart(workflow: Workflow) -> None:
    with secuprobe(domains=DOMAINS) as api:
        workflow.call(api_url=api.url, include="blog.*", artifact="secuprobe-blogs")
        outputs = workflow.call(same_run=True, api_url=api.url, exclude="blog.*")

    assert set(results(outputs["sites"])) == {"shop.example", "api.example"}
    assert len(workflow.artifact("secuprobe-blogs")) == 3


def test_a_job_that_leaves_no_report_is_missed(workflow: Workflow) -> None:
    with secuprobe(domains=DOMAINS) as api:
        outputs = workflow.call(api_url=api.url, timeout="soon")

    assert outputs["result"] == "error"
    assert set(results(outputs["sites"]).values()) == {"error"}
    assert api.launches == 0


@pytest.mark.parametrize("domains", [{"new.example": False}, {}])
def test_an_account_without_a_site_to_scan_does_not_pass(workflow: Workflow, domains: dict[str, bool]) -> None:
    with secuprobe(domains=domains) as api:
        outputs = workflow.call(api_url=api.url)

    assert (outputs["result"], workflow.jobs["scan"].result, workflow.jobs["estate"].result) == ("error", "skipped", "failure")


def test_an_account_whose_domains_can_not_be_listed_says_so_in_its_own_row(workflow: Workflow) -> None:
    with secuprobe(domains=DOMAINS, scopes=frozenset({"scans:create", "scans:read"})) as api:
        outputs = workflow.call(api_url=api.url)

    assert {name: job.result for name, job in workflow.jobs.items()} == {
        "discover": "failure",
        "scan": "skipped",
        "estate": "failure",
    }
    assert (outputs["result"], results(outputs["sites"])) == ("error", {"all domains": "error"})
    (overview,) = workflow.jobs["estate"].steps
    assert "lacks the scope domains:read" in Page(overview.summary).tables[0].rows[1][0]
    assert api.launches == 0


def test_each_input_and_secret_is_used() -> None:
    text = PATH.read_text(encoding="utf-8")
    call = yaml.safe_load(text)[True]["workflow_call"]

    assert [name for name in call["inputs"] if f"inputs.{name}" not in text] == []
    assert [name for name in call["secrets"] if f"secrets.{name}" not in text] == []
