"""Every workflow that README and docs print, run as it is printed: only where SecuProbe is differs."""

import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI, Request

from scripts import release
from secuprobe_action import __version__
from secuprobe_action.local.background import running
from tests.engine.act import Run
from tests.engine.checkouts import OURS
from tests.engine.conftest import PRODUCT, RUNNER, World, named
from tests.engine.pages import WORKFLOWS
from tests.process.worlds import accepted, seen
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, ByHost, findings

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

README = WORKFLOWS["README.md: SecuProbe Security Scan"]
NEW_ONLY = WORKFLOWS["recipes.md: Fail on new findings only"]
PREVIEW = WORKFLOWS["recipes.md: Scan a deploy preview"]
TLS = {"title": "Old TLS", "severity": "high", "category": "Transport"}
SQL = {"title": "SQL injection", "severity": "critical", "category": "Injection"}


def test_the_workflow_of_the_readme_fails_the_check(world: World) -> None:
    world.api.play(*FINDINGS)

    run = world.run(README)

    scan = run.step(OURS)
    assert run.job("/security").result == "failure"
    assert (scan.outcome, scan.outputs["result"]) == ("failure", "failed")
    assert json.loads(scan.outputs["vulnerabilities_count"])["critical"] == 1
    assert ("error", "Critical: SQL injection", "Injection: In id") in run.annotations
    assert "SQL injection" in Page(run.job("/security").summary).text
    assert KEY not in scan.log + run.job("/security").summary


def test_the_workflow_of_the_api_documentation_passes_and_prints_the_score(world: World) -> None:
    text = (ROOT / "tests" / "data" / "documentation-github-actions.yml").read_text(encoding="utf-8")

    run = world.run(text)

    assert run.job("/security").result == "success"
    assert run.step("Print score").log == f"SecuScore: 78/100\nReport: {run.step('scan').outputs['report_url']}\n"


@pytest.mark.parametrize("actor", ["dependabot[bot]", "stranger"])
def test_a_pull_request_that_gets_no_secrets_is_skipped(world: World, actor: str) -> None:
    world.secrets = {"GITHUB_TOKEN": "ghs_token"}
    payload = {"number": 7, **world.github.event()}
    if actor == "stranger":
        payload["pull_request"]["head"]["repo"]["full_name"] = "stranger/app"

    run = world.pull_request(README, payload=payload, options=("--actor", actor))

    assert run.job("/security").result == "success"
    assert run.step(OURS).outputs["result"] == "skipped"
    assert [level for level, _, _ in run.annotations] == ["warning"]
    assert world.api.launches == 0


def test_new_findings_only_on_push_pull_request_and_in_the_merge_queue(world: World) -> None:
    world.api.play(TLS)
    pushed = world.run(NEW_ONLY)
    world.api.play(TLS, SQL)
    in_the_pull_request = world.pull_request(NEW_ONLY)
    queued = {"merge_group": {"head_sha": world.github.head, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-" + "b" * 40}}
    in_the_queue = world.run(
        NEW_ONLY.replace("pull_request:", "merge_group:"), "merge_group", payload=queued, sha=world.github.head
    )

    assert [run.job("/security").result for run in (pushed, in_the_pull_request, in_the_queue)] == ["failure"] * 3
    (comment,) = world.github.comments
    assert "SQL injection" in comment["body"]
    assert [check["conclusion"] for check in world.github.checks] == ["failure"] * 3
    assert ("error", "Critical: SQL injection") in [each[:2] for each in in_the_pull_request.annotations]
    line = world.github.checks[1]["external_id"]
    assert accepted(line) != seen(line)


def test_a_preview_is_compared_with_the_default_branch_and_only_scanned_when_it_is_up(world: World) -> None:
    world.api.play(TLS)
    main = NEW_ONLY.replace("baseline: auto", "baseline: auto\n          site: shop")
    world.run(main)
    world.api.play(TLS, SQL)

    def deployed(state: str) -> dict[str, object]:
        status = {"state": state, "environment": "Preview", "environment_url": "https://pr-7.preview.example"}
        return world.github.with_repository(deployment={"sha": world.github.head, "ref": "feature"}, deployment_status=status)

    pending = world.run(PREVIEW, "deployment_status", payload=deployed("pending"), sha=world.github.head)
    ready = world.run(PREVIEW, "deployment_status", payload=deployed("success"), sha=world.github.head)

    assert [job.steps for job in pending.jobs.values()] == []
    assert ready.job("/preview").result == "failure"
    assert [scan.url for scan in world.api.service.scans.values()] == ["https://your-app.com", "https://pr-7.preview.example"]
    assert [check["head_sha"] for check in world.github.checks] == [world.github.merge_base, world.github.head]
    assert "1 new finding" in world.github.comments[0]["body"]


def test_the_findings_become_alerts_and_the_reports_an_artifact(world: World) -> None:
    world.api.play(*FINDINGS)

    run = world.run(WORKFLOWS["recipes.md: Alerts in the Security tab"])

    assert run.job("/security").result == "failure", "the gate fails, and the steps after it run"
    (alerts,) = run.alerts()
    assert len(json.loads(alerts.read_text(encoding="utf-8"))["runs"][0]["results"]) == len(FINDINGS)
    assert run.artifact("secuprobe") == ["secuprobe.html", "secuprobe.sarif"]


def test_a_later_run_waits_for_a_scan_by_its_id(world: World) -> None:
    world.secrets["SECUPROBE_API_KEY"] = KEY
    world.api.play(*findings("low"), duration_s=2)
    slow = world.run(README)
    scan_id = slow.step(OURS).outputs["scan_id"]

    waited = world.run(
        WORKFLOWS["recipes.md: Wait for a scan that took too long"],
        "workflow_dispatch",
        payload={"inputs": {"scan_id": scan_id}},
    )

    assert waited.job("/wait").result == "success"
    assert world.api.launches == 1


def test_a_proxy_and_certificates_of_ones_own_reach_the_program(world: World) -> None:
    run = world.run(WORKFLOWS["recipes.md: Proxies and certificates of your own"], environment={"NO_PROXY": "127.0.0.1"})

    assert run.job("/job").result == "success"


def test_a_job_in_a_container_is_a_step_like_the_action(world: World) -> None:
    world.api.play(*findings("high"))
    with named(PRODUCT, f"{release.IMAGE}:{__version__}"):
        run = world.run(WORKFLOWS["platforms.md: GitHub"], environment={"SECUPROBE_API_URL": world.api.url})

    assert run.job("/security").result == "failure"
    assert run.step("scan").outputs["result"] == "failed"
    assert ("error", "High: Finding 0", "Transport: TLS 1.0") in run.annotations


SITE = """
const http = require("http");
http.createServer((request, response) => {
  const asked = new URL(request.url, "http://site").searchParams.get("q") || "";
  response.setHeader("content-type", "text/html");
  response.end(`<form action="/"><input name="q"></form>${asked}`);
}).listen(3000, "0.0.0.0");
"""


def test_what_a_pull_request_builds_is_scanned_by_the_service_in_its_job(world: World, service_image: str) -> None:
    """By Wapiti, in the service's container; a fork's pull request, which has no secrets, as well.

    GitHub's runner has a container action join the network of the job's services (ContainerActionHandler.cs). Act does so
    only where the job itself has a container, so it is given one: the image that it runs in anyway.
    """
    world.secrets = {"GITHUB_TOKEN": "ghs_token"}
    text = WORKFLOWS["recipes.md: Scan the build before it is deployed"]
    text = text.replace("runs-on: ubuntu-latest", f"runs-on: ubuntu-latest\n    container: {RUNNER}")
    with named(service_image, f"{release.SERVICE_IMAGE}:{__version__}"):
        run = world.pull_request(text, files={"server.js": SITE})

    assert run.job("/scan").result == "success", "what it found is below the recipe's threshold"
    assert run.step("Scan it").outputs["result"] == "passed"
    assert any(title.startswith("Medium: Reflected Cross Site Scripting") for _, title, _ in run.annotations)


DOMAINS = {"shop.example": True, "blog.example": True, "new.example": False}


def test_every_domain_every_night_by_the_reusable_workflow(world: World) -> None:
    world.api.service.accounts[0].domains.update(DOMAINS)
    night = WORKFLOWS["recipes.md: Every domain, every night"]
    world.api.service.engine = ByHost({"shop.example": [SQL]})

    first = world.run(night, "schedule")
    world.api.service.engine = ByHost({"shop.example": [SQL], "blog.example": [SQL]})
    second = world.run(night, "schedule")

    assert sites(first) == {"shop": "❌", "blog": "✅"}, "the first night has nothing to compare with"
    assert sites(second) == {"shop": "✅", "blog": "❌"}
    assert sorted(len(shown) for shown in world.github.alerts.values()) == [1, 1]
    assert {ref for ref, _ in world.github.alerts} == {"refs/heads/main"}
    assert "index.html" in second.artifact("secuprobe")


def test_many_urls_in_one_step(world: World) -> None:
    world.api.service.engine = ByHost({"blog.your-app.com": [SQL]})

    run = world.run(WORKFLOWS["recipes.md: Many sites in one step"], "schedule")

    assert run.step("estate").outputs["result"] == "failed"
    assert next(site["result"] for site in json.loads(run.step("estate").outputs["sites"])) == "failed"
    assert [check["name"] for check in world.github.checks] == ["SecuProbe estate"]
    assert "index.html" in run.artifact("secuprobe")


def test_a_matrix_over_the_accounts_domains(world: World) -> None:
    world.api.service.accounts[0].domains.update(DOMAINS)
    world.api.service.engine = ByHost({"shop.example": [SQL]})

    run = world.run(WORKFLOWS["recipes.md: Many sites in one step (2)"])

    results = {job.matrix["hostname"]: job.result for job in run.jobs.values() if job.matrix}
    assert results == {"shop.example": "failure", "blog.example": "success"}


def test_a_job_for_each_key(world: World) -> None:
    world.api.service.accounts[0].domains.update({"a.eu.your-app.com": True, "b.us.your-app.com": True})
    world.secrets |= {"SECUPROBE_API_KEY_EUROPE": KEY, "SECUPROBE_API_KEY_AMERICA": KEY}

    run = world.run(WORKFLOWS["recipes.md: Many sites in one step (3)"])

    assert [job.result for job in run.jobs.values()] == ["success"] * 2
    assert sorted(scan.url for scan in world.api.service.scans.values()) == [
        "https://a.eu.your-app.com",
        "https://b.us.your-app.com",
    ]


def test_an_issue_opens(world: World) -> None:
    world.api.play(SQL)

    run = world.run(WORKFLOWS["recipes.md: An issue that opens and closes itself"], "schedule")

    assert run.job("/security").result == "failure"
    assert [issue["state"] for issue in world.github.issues] == ["open"]


def test_a_badge_is_published(world: World) -> None:
    run = world.run(WORKFLOWS["recipes.md: A badge"], "schedule")

    badge = json.loads((run.folder / "pages" / "secuprobe.json").read_text(encoding="utf-8"))
    assert [job.result for job in run.jobs.values()] == ["success"] * 2
    assert badge["schemaVersion"] == 1


def test_findings_are_imported_again_elsewhere(world: World) -> None:
    world.api.play(SQL)
    world.secrets["DEFECTDOJO_TOKEN"] = "token-of-defectdojo"
    taken = []
    app = FastAPI()

    @app.post("/api/v2/reimport-scan/")
    async def take(request: Request) -> dict[str, str]:
        taken.append((request.headers["Authorization"], (await request.body()).decode()))
        return {}

    with running(app) as url:
        text = WORKFLOWS["recipes.md: DefectDojo"].replace("https://defectdojo.your-company.com", url)
        run = world.run(text)

    ((token, body),) = taken
    assert run.step("Re-import").outcome == "success"
    assert token == "Token token-of-defectdojo"
    assert "Generic Findings Import" in body
    assert "SQL injection" in body


def test_what_macos_and_windows_run_is_a_step_like_the_action(world: World) -> None:
    """There is no such machine here: the image has the program that uvx would fetch (tests/test_wheel.py)."""
    text = WORKFLOWS["recipes.md: On macOS and Windows runners"]
    text = re.sub(r"runs-on: macos-latest.*", f"runs-on: ubuntu-latest\n    container: {PRODUCT}", text)
    text = re.sub(r"pipx run [^$]*?secuprobe scan", "secuprobe-scan", text)

    run = world.pull_request(text, environment={"SECUPROBE_API_URL": world.api.url})

    assert run.job("/security").result == "success", run.log
    assert run.step("scan").outputs["result"] == "passed"
    assert [check["conclusion"] for check in world.github.checks] == ["success"]


def sites(run: Run) -> dict[str, str]:
    """Return each site's sign in the overview."""
    (overview,) = [job for job in run.jobs.values() if job.summary]
    assert "new.example" in overview.summary, "what isn't validated is told, too"
    return {row[0].partition(".example")[0]: row[1][0] for row in Page(overview.summary).tables[0].rows[1:]}


def test_every_workflow_that_a_page_prints_is_run_here() -> None:
    run = set(re.findall(r'WORKFLOWS\["(.+?)"\]', Path(__file__).read_text(encoding="utf-8")))

    assert run == set(WORKFLOWS)


def test_the_table_of_what_is_run_names_them_all_with_their_time() -> None:
    rows = re.findall(r"^\|(.+)\| \d+ \|$", (ROOT / "docs" / "engine.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = "".join(re.sub(r"[\[\]]|\(\S+\.md\)|\.md", "", row) for row in rows)

    workflows = [path.name for path in (ROOT / ".github" / "workflows").glob("*.yml")]
    printed = [where.replace(".md", "") for where in WORKFLOWS]
    assert [name for name in (*workflows, *printed) if name not in named] == []
