"""The workflows of this repository that others or its own pull requests run, and what a run may meet."""

import json
import re
import time
from typing import Any

import pytest
import yaml

from tests.engine import checkouts
from tests.engine.conftest import World
from tests.engine.pages import WORKFLOWS
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, ByHost, findings

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

ESTATE = f"""
on: push
jobs:
  estate:
    uses: {checkouts.OURS}/.github/workflows/scan-domains.yml@v1.0.0
    with: {{}}
    secrets:
      api_key: ${{{{ secrets.SECUPROBE_API_KEY }}}}
"""

AFTER = """
needs: estate
runs-on: ubuntu-latest
steps:
  - run: echo "$RESULT $SITES"
    id: outputs
    env:
      RESULT: ${{ needs.estate.outputs.result }}
      SITES: ${{ needs.estate.outputs.sites }}
"""


def estate(**inputs: Any) -> str:
    """Return a workflow that calls the reusable one with these inputs."""
    return ESTATE.replace("with: {}", "with: " + json.dumps(inputs))


def test_an_estate_in_which_a_site_passes_one_fails_one_is_refused_and_one_is_not_validated(world: World) -> None:
    domains = {"shop.example": True, "blog.example": True, "typo.example": True, "new.example": False, "api.example": True}
    world.api.service.accounts[0].domains.update(domains)
    known = {"shop.example": FINDINGS, "blog.example": [FINDINGS[1]]}
    world.api.service.engine = ByHost(known, refused="https://typo.example")
    risks = "- {title: SQL injection, url_glob: 'https://blog.*', reason: Known.}\n"
    given = {
        "exclude": "api.*",
        "ignore_file": "risks.yml",
        "fail_on_severity": "high",
        "upload_sarif": True,
        "artifact": "night",
    }

    run = world.run(estate(**given), files={"risks.yml": risks})

    outputs = run.job("/Estate").steps["estate"].outputs
    assert outputs["result"] == "error"
    assert {site["site"]: site["result"] for site in json.loads(outputs["sites"])} == {
        "https://shop.example": "failed",
        "https://typo.example": "error",
        "https://blog.example": "passed",
        "new.example": "not_validated",
    }
    overview = Page(run.job("/Estate").summary)
    assert [row[0].partition(".example")[0] for row in overview.tables[0].rows[1:]][:3] == ["shop", "typo", "blog"]
    assert "Your plan does not include API scans of this site" in overview.text
    assert {"index.html"} < set(run.artifact("night"))
    assert sorted(len(shown) for shown in world.github.alerts.values()) == [0, len(FINDINGS)], "of what is accepted there is none"
    assert KEY not in "".join(step.log for job in run.jobs.values() for step in job.steps.values())
    assert KEY not in "".join(path.read_text(encoding="utf-8") for path in run.folder.rglob("artifacts/**/*") if path.is_file())


def test_an_estate_while_secuprobe_is_down_is_an_error_and_not_nothing(world: World) -> None:
    run = world.run(estate(api_url="http://127.0.0.1:9/api/v1", timeout="10s"))

    overview = run.job("/Estate")
    assert (overview.result, overview.steps["estate"].outputs["result"]) == ("failure", "error")
    assert "SecuProbe" in Page(overview.summary).text


def test_an_account_without_a_site_to_scan_does_not_pass(world: World) -> None:
    world.api.service.accounts[0].domains.update({"new.example": False})

    run = world.run(estate())

    assert run.job("/Estate").steps["estate"].outputs["result"] == "error"
    assert world.api.launches == 0


def test_two_calls_in_one_workflow_keep_their_sites_apart_and_hand_on_their_outputs(world: World) -> None:
    """Act runs nothing after a reusable workflow that failed, whatever its `if`, so the outputs are read where it passes."""
    world.api.service.accounts[0].domains.update({"shop.example": True, "blog.example": True})
    both = yaml.safe_load(estate(include="blog.*", artifact="blogs"))
    both["jobs"]["shops"] = {**both["jobs"]["estate"], "with": {"exclude": "blog.*"}, "needs": "estate"}
    both["jobs"]["after"] = yaml.safe_load(AFTER)

    run = world.run(yaml.safe_dump(both))

    result, _, listed = run.step("outputs").log.partition(" ")
    assert (result, [site["site"] for site in json.loads(listed)]) == ("passed", ["https://blog.example"])
    for artifact, host in (("blogs", "blog"), ("secuprobe", "shop")):
        assert [name.partition(".example")[0] for name in run.artifact(artifact) if name.endswith(".json")] == [host]


def test_each_input_and_secret_of_the_reusable_workflow_is_used() -> None:
    text = (ROOT / ".github" / "workflows" / "scan-domains.yml").read_text(encoding="utf-8")
    call = yaml.safe_load(text)[True]["workflow_call"]

    assert [name for name in call["inputs"] if f"inputs.{name}" not in text] == []
    assert [name for name in call["secrets"] if f"secrets.{name}" not in text] == []


def test_a_cancelled_run_ends_soon_and_its_second_attempt_goes_on_with_its_scan(world: World) -> None:
    text = WORKFLOWS["recipes.md: Fail on new findings only"]
    world.api.play(*findings("low"), duration_s=8)
    same = {"GITHUB_RUN_ID": "4711"}

    with world.started(text, environment={**same, "GITHUB_RUN_ATTEMPT": "1"}) as running:
        for said in running.lines():
            if "report at" in said.get("msg", ""):
                break
        cancelled_at = time.monotonic()
        running.cancel()
        first = running.finish()
        took = time.monotonic() - cancelled_at
    second = world.run(text, environment={**same, "GITHUB_RUN_ATTEMPT": "2"})

    assert took < 15
    assert first.code != 0
    assert second.job("/security").result == "success"
    assert world.api.launches == 1
    assert "Attempt 1 launched scan" in second.log


def test_the_job_of_our_own_pull_requests_uses_the_action_both_ways(
    world: World, service_image: str, building: dict[str, str]
) -> None:
    checkouts.commit_all(world.ours)
    workflow = world.ours / ".github" / "workflows" / "ci.yml"
    for result in ("passed", "failed"):
        options = ("--job", "uses", "--matrix", f"result:{result}")
        run = world.engine.run(
            "push", workflow, world.folder / result, secrets=world.secrets, environment=building, options=options
        )

        (job,) = run.jobs.values()
        assert (job.result, job.steps["scan"].outputs["result"]) == ("success", result), run.log


MAKES = ("make test", "make audit", "npm audit", "npm ci --no-audit --no-fund")
"""What takes minutes or the internet, and is run elsewhere."""


@pytest.mark.parametrize(
    ("name", "event", "jobs"),
    [("audit", "push", 1), ("ci", "pull_request", 1), ("codeql", "push", 2), ("scorecard", "branch_protection_rule", 1)],
)
def test_the_workflows_that_keep_the_repository_run_through(world: World, name: str, event: str, jobs: int) -> None:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    for make in MAKES:
        text = re.sub(rf"(?m)run: {make}$", "run: true", text)
    options = ("--job", "test") if name == "ci" else ()

    run = world.run(re.sub(r"python: \[.*\]", 'python: ["3.14"]', text), event, options=options)

    assert list(run.results.values()) == ["success"] * jobs, run.log
