"""GitLab: the component run for real by gitlab-ci-local, the variables of later jobs, and the note on the merge request."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from secuprobe_action.local.background import running
from tests.support import FINDINGS, KEY, ROOT, URL, Api, Runner, Step, findings, program_on_path, secuprobe

TOOL = ROOT / "node_modules" / ".bin" / "gitlab-ci-local"


def gitlab_environment(runner: Runner, **more: str) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_ID": "42", "CI_PROJECT_DIR": str(runner.folder), **more}


def run(runner: Runner, api: Api, environment: dict[str, str]) -> Step:
    """Run the step as a script of a GitLab job."""
    wanted = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL, "SECUPROBE_API_URL": api.url}
    runner.environment = gitlab_environment(runner, **wanted, **environment)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "entrypoint.py")],
        env=runner.prepare(),
        cwd=runner.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    return runner.finish(process)


def dotenv(folder: Path) -> dict[str, str]:
    """Read the file as GitLab does: at most 5,120 bytes, no blank lines, comments or quotes."""
    text = (folder / "secuprobe.env").read_text(encoding="utf-8")
    assert len(text.encode()) <= 5_120
    assert all(re.fullmatch(r"[A-Z_]+=[^'\"#]*", line) for line in text.splitlines())
    return dict(line.split("=", 1) for line in text.splitlines())


def test_later_jobs_get_the_results_as_variables(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        step = run(runner, api, {})
        scan = next(iter(api.service.scans))

    assert step.code == 1
    assert dotenv(runner.folder) == {
        "SECUPROBE_SCAN_ID": scan,
        "SECUPROBE_SCORE": "78",
        "SECUPROBE_REPORT_URL": f"{api.url.removesuffix('/api/v1')}/scan/{scan}",
        "SECUPROBE_RESULT": "failed",
        "SECUPROBE_NEW_COUNT": "",
        "SECUPROBE_FIXED_COUNT": "",
    }
    assert (runner.folder / "secuprobe.env").stat().st_mode & 0o777 == 0o644


def test_the_waiting_is_a_section_of_the_log_that_collapses(runner: Runner) -> None:
    with secuprobe() as api:
        step = run(runner, api, {})

    assert re.search(r"\x1b\[0Ksection_start:\d+:secuprobe_scan\[collapsed=true\]\n?\r?\x1b\[0KSecuProbe scans", step.log)
    assert re.search(r"\x1b\[0Ksection_end:\d+:secuprobe_scan", step.log)
    assert step.log.count("\x1b") == 4
    assert "::" not in step.log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_leaves_in_the_project_belongs_to_its_owner(runner: Runner) -> None:
    os.chown(runner.folder, 1001, 1002)
    with secuprobe() as api:
        step = run(runner, api, {"SECUPROBE_REPORTS": "json=out/a.json"})

    assert step.code == 0, step.log
    owners = {(runner.folder / name).stat().st_uid for name in ("secuprobe.env", "out", "out/a.json")}
    assert owners == {1001}


def test_a_dotenv_file_that_leads_out_of_the_project_is_not_written(
    runner: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x"
    (runner.folder / "secuprobe.env").symlink_to(outside)
    with secuprobe() as api:
        step = run(runner, api, {})

    assert step.code == 0
    assert "could not be written to secuprobe.env: secuprobe.env leads out of the workspace" in step.log
    assert not outside.exists()


def test_a_dotenv_file_that_can_not_be_written_does_not_change_the_verdict(runner: Runner) -> None:
    (runner.folder / "secuprobe.env").mkdir()
    with secuprobe() as api:
        step = run(runner, api, {})

    assert step.code == 0
    assert "could not be written to secuprobe.env" in step.log


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    """A GitLab project that includes the component, and a later job that reads its results."""
    project = tmp_path / "project"
    (project / "templates").mkdir(parents=True)
    shutil.copy(ROOT / "templates" / "secuprobe-scan.yml", project / "templates")
    program_on_path(tmp_path / "bin")
    return project


def pipeline(project: Path, document: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """Run the project's pipeline."""
    (project / ".gitlab-ci.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    git = ["git", "-c", "user.email=ci@example.com", "-c", "user.name=ci"]
    remote = "https://gitlab.example.com/org/app.git"
    for command in (["init", "-q"], ["remote", "add", "origin", remote], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=project, check=True, capture_output=True)
    environment = {**os.environ, "PATH": f"{project.parent / 'bin'}:{os.environ['PATH']}", "NO_COLOR": "1"}
    command = [str(TOOL), "--force-shell-executor", "--variable", f"SECUPROBE_API_KEY={KEY}", "--variable", "GITLAB_CI=true"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.node
@pytest.mark.parametrize(("threshold", "result", "code"), [("none", "passed", 0), ("high", "failed", 1)])
def test_the_component_runs_for_real(project: Path, threshold: str, result: str, code: int) -> None:
    if shutil.which("rsync") is None:
        pytest.skip("gitlab-ci-local needs rsync")
    with secuprobe({"findings": FINDINGS}) as api:
        inputs = {"url": URL, "api_url": api.url, "fail_on_severity": threshold}
        later = {"stage": "report", "when": "always", "script": ['echo "score=$SECUPROBE_SCORE result=$SECUPROBE_RESULT"']}
        include = {"local": "templates/secuprobe-scan.yml", "inputs": inputs}
        done = pipeline(project, {"stages": ["test", "report"], "include": [include], "print": later})

    log = done.stdout + done.stderr
    assert done.returncode == code, log
    assert f"score=78 result={result}" in log
    assert KEY not in log
    artifacts = project / ".gitlab-ci-local" / "artifacts" / "secuprobe-scan" / "secuprobe"
    assert {path.name for path in artifacts.iterdir()} == {
        *("junit.xml", "codequality.json", "gl-dast-report.json", "report.html", "report.json")
    }
    assert api.launches == 1


@pytest.mark.node
def test_the_example_without_an_include_runs(project: Path) -> None:
    if shutil.which("rsync") is None:
        pytest.skip("gitlab-ci-local needs rsync")
    example = yaml.safe_load((ROOT / "examples" / "gitlab-ci-plain.yml").read_text(encoding="utf-8"))
    with secuprobe({"findings": FINDINGS}) as api:
        example["secuprobe-scan"]["variables"]["SECUPROBE_API_URL"] = api.url
        done = pipeline(project, example)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: 2 findings at or above high (1 critical, 1 high)" in done.stdout


@dataclass
class FakeGitLab:
    """The merge request's notes."""

    url: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    requests: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        return {
            "CI_API_V4_URL": f"{self.url}/api/v4",
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "SECUPROBE_GITLAB_TOKEN": "glpat-test",
            "SECUPROBE_PR_COMMENT": "changes",
        }


@contextmanager
def gitlab() -> Iterator[FakeGitLab]:
    fake = FakeGitLab()
    app = FastAPI()
    notes = "/api/v4/projects/5/merge_requests/7/notes"

    @app.middleware("http")
    async def authorise(request: Request, call_next: Any) -> Any:
        fake.requests.append(f"{request.method} {request.url.path}")
        if request.headers.get("PRIVATE-TOKEN") != "glpat-test" or fake.status != 200:
            return JSONResponse({"message": "no"}, fake.status if fake.status != 200 else 401)
        return await call_next(request)

    @app.get("/api/v4/user")
    async def user() -> Any:
        return {"username": "bot"}

    @app.get(notes)
    async def list_notes(page: int = 1) -> Any:
        shown = fake.notes[(page - 1) * 100 : page * 100]
        return JSONResponse(shown, headers={"X-Next-Page": str(page + 1) if len(fake.notes) > page * 100 else ""})

    @app.post(notes)
    async def create(request: Request) -> Any:
        fake.notes.append({"id": len(fake.notes) + 1, "author": {"username": "bot"}, **await request.json()})
        fake.bodies.append(fake.notes[-1]["body"])
        return JSONResponse(fake.notes[-1], 201)

    @app.put(notes + "/{number}")
    async def edit(number: int, request: Request) -> Any:
        fake.notes[number - 1].update(await request.json())
        fake.bodies.append(fake.notes[number - 1]["body"])
        return fake.notes[number - 1]

    with running(app) as fake.url:
        yield fake


def test_a_merge_request_gets_one_note_that_is_edited_in_place(runner: Runner) -> None:
    with gitlab() as fake, secuprobe({"findings": findings("critical")}) as api:
        fake.notes = [{"id": n + 1, "author": {"username": "someone"}, "body": "hello"} for n in range(150)]
        run(runner, api, fake.environment())
        step = run(runner, api, {**fake.environment(), "SECUPROBE_FAIL_ON_SEVERITY": "none"})

    assert step.code == 0
    assert len(fake.notes) == 151
    assert "SecuProbe: passed" in fake.notes[-1]["body"]
    assert "glpat-test" not in step.log


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_gitlab_that_refuses_is_a_warning(runner: Runner, status: int) -> None:
    with gitlab() as fake, secuprobe({"findings": findings("critical")}) as api:
        fake.status = status
        step = run(runner, api, fake.environment())

    assert step.code == 1
    assert f"warning: SecuProbe: The pull request was not commented on: GitLab answered {status}" in step.log


def test_without_a_token_nothing_is_asked_and_nothing_breaks(runner: Runner) -> None:
    with gitlab() as fake, secuprobe() as api:
        step = run(runner, api, {**fake.environment(), "SECUPROBE_GITLAB_TOKEN": "", "SECUPROBE_PR_COMMENT": "always"})

    assert step.code == 0
    assert fake.requests == []
    assert "it needs a merge request pipeline and the variable SECUPROBE_GITLAB_TOKEN" in step.log


@pytest.mark.parametrize(("name", "value"), [("SECUPROBE_BASELINE", "auto"), ("SECUPROBE_CHECK_RUN", "true")])
def test_what_only_github_has_is_a_warning(runner: Runner, name: str, value: str) -> None:
    with gitlab() as fake, secuprobe() as api:
        step = run(runner, api, {**fake.environment(), name: value})

    assert step.code == 0
    assert "on GitHub only" in step.log
