"""GitLab: the component run for real by gitlab-ci-local, the variables of later jobs, and the note on the merge request."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fake_http import serving
from tests.gitlab_api import TOKEN, FakeGitLab, Pipeline, read_only
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


@contextmanager
def project_of_two() -> Iterator[FakeGitLab]:
    """Serve a project with a commit on main, and one of a merge request."""
    fake = FakeGitLab()
    fake.history.commit("main")
    fake.history.branch("feature")
    fake.head = fake.history.commit("feature")
    with serving(fake):
        yield fake


@pytest.fixture(name="gitlab")
def _gitlab() -> Iterator[FakeGitLab]:
    with project_of_two() as fake:
        yield fake


def merge_request(gitlab: FakeGitLab, **more: str) -> dict[str, str]:
    """Return what a job of the merge request's pipeline gets."""
    job = gitlab.job(gitlab.history.branches["feature"])
    return {**job, "CI_MERGE_REQUEST_IID": "7", "SECUPROBE_PR_COMMENT": "changes", **more}


def test_a_merge_request_gets_one_note_that_is_edited_in_place(runner: Runner, gitlab: FakeGitLab) -> None:
    with secuprobe({"findings": findings("critical")}) as api:
        gitlab.notes = [{"id": n + 1, "author": {"username": "someone"}, "body": "hello"} for n in range(150)]
        run(runner, api, merge_request(gitlab))
        step = run(runner, api, merge_request(gitlab, SECUPROBE_FAIL_ON_SEVERITY="none"))

    assert step.code == 0
    assert len(gitlab.notes) == 151
    assert "SecuProbe: passed" in gitlab.notes[-1]["body"]
    assert TOKEN not in step.log


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_gitlab_that_refuses_is_a_warning(runner: Runner, gitlab: FakeGitLab, status: int) -> None:
    gitlab.refuse = lambda request: (status, "no")
    with secuprobe({"findings": findings("critical")}) as api:
        step = run(runner, api, merge_request(gitlab))

    assert step.code == 1
    assert f"warning: SecuProbe: The pull request was not commented on: GitLab answered {status}" in step.log


def test_without_a_token_nothing_is_asked_and_nothing_breaks(runner: Runner, gitlab: FakeGitLab) -> None:
    with secuprobe() as api:
        step = run(runner, api, merge_request(gitlab, SECUPROBE_GITLAB_TOKEN="", SECUPROBE_PR_COMMENT="always"))

    assert step.code == 0
    assert gitlab.requests == []
    assert "it needs the variable SECUPROBE_GITLAB_TOKEN" in step.log


def test_a_note_needs_a_merge_request(runner: Runner, gitlab: FakeGitLab) -> None:
    with secuprobe() as api:
        step = run(runner, api, {**gitlab.job(gitlab.history.branches["main"]), "SECUPROBE_PR_COMMENT": "always"})

    assert step.code == 0
    assert "The pull request was not commented on: it needs a merge request pipeline" in step.log


def test_the_status_is_an_external_job_of_the_same_pipeline_and_leads_to_the_report(runner: Runner, gitlab: FakeGitLab) -> None:
    with secuprobe({"findings": findings("critical")}) as api:
        step = run(runner, api, merge_request(gitlab, SECUPROBE_CHECK_RUN="true"))
        (scan,) = api.service.scans

    assert step.code == 1
    (status,) = gitlab.statuses
    assert (status["name"], status["status"], status["sha"]) == ("SecuProbe", "failed", gitlab.head)
    assert status["pipeline_id"] in gitlab.pipelines
    assert status["description"] == "1 finding at or above critical (1 critical)"
    assert status["target_url"].startswith(f"{api.url.removesuffix('/api/v1')}/scan/{scan}#secuprobe:2:")
    states = [body["state"] for request, body in gitlab.bodies if "/statuses/" in request]
    assert states == ["running", "failed"]


def test_a_merged_results_pipelines_status_is_at_its_own_commit(runner: Runner, gitlab: FakeGitLab) -> None:
    source = gitlab.head
    gitlab.history.branch("merged")
    merged = gitlab.history.commit("merged", str(source))
    environment = {
        **merge_request(gitlab),
        **gitlab.job(merged),
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": str(source),
        "SECUPROBE_CHECK_RUN": "true",
    }
    with secuprobe({"findings": findings("critical")}) as api:
        run(runner, api, environment)

    (status,) = gitlab.statuses
    assert (status["sha"], str(status["pipeline_id"])) == (merged, environment["CI_PIPELINE_ID"])


def test_a_child_pipelines_status_goes_to_its_parent(runner: Runner, gitlab: FakeGitLab) -> None:
    parent = gitlab.job(gitlab.history.branches["main"], name="trigger")
    child = {**parent, "CI_PIPELINE_ID": "99", "CI_JOB_NAME": "secuprobe-scan", "SECUPROBE_CHECK_RUN": "true"}
    gitlab.pipelines[99] = Pipeline("f" * 40)  # one that takes no statuses of this commit
    with secuprobe() as api:
        step = run(runner, api, child)

    assert step.code == 0
    assert [str(status["pipeline_id"]) for status in gitlab.statuses] == [parent["CI_PIPELINE_ID"]]
    assert gitlab.statuses[0]["status"] == "success"


def test_a_status_named_like_a_job_is_refused_in_gitlabs_words(runner: Runner, gitlab: FakeGitLab) -> None:
    named = merge_request(gitlab, SECUPROBE_CHECK_RUN="true", SECUPROBE_CHECK_NAME="secuprobe-scan")
    with secuprobe() as api:
        step = run(runner, api, named)

    assert step.code == 0
    assert "The check run was not published: GitLab answered 400: “{'name': ['has already been taken']}”" in step.log


def test_a_token_that_may_not_write_statuses_is_a_warning_that_names_the_role(runner: Runner, gitlab: FakeGitLab) -> None:
    gitlab.refuse = read_only
    with secuprobe() as api:
        step = run(runner, api, merge_request(gitlab, SECUPROBE_CHECK_RUN="true"))

    assert step.code == 0
    assert "GitLab answered 403: “403 Forbidden”; SECUPROBE_GITLAB_TOKEN needs the scope api and the role Developer" in step.log


def test_a_status_of_another_user_is_no_memory(runner: Runner, gitlab: FakeGitLab) -> None:
    main = {"SECUPROBE_CHECK_RUN": "true", "SECUPROBE_BASELINE": "auto", "SECUPROBE_FAIL_ON": "new"}
    with secuprobe({"findings": findings("critical")}) as api:
        first = run(runner, api, {**gitlab.job(gitlab.history.branches["main"]), **main})
        gitlab.statuses[0]["author"] = {"id": 43, "username": "developer"}
        second = run(runner, api, {**gitlab.job(gitlab.history.branches["main"]), **main})
        third = run(runner, api, {**gitlab.job(gitlab.history.branches["main"]), **main})

    assert [first.code, second.code, third.code] == [1, 1, 0]


def test_a_tag_with_the_default_branchs_name_changes_nothing(runner: Runner, gitlab: FakeGitLab) -> None:
    with secuprobe() as api:
        run(runner, api, merge_request(gitlab, SECUPROBE_BASELINE="auto"))

    asked = [request for request in gitlab.requests if "branches" in request]
    assert asked == ["GET /api/v4/projects/5/repository/branches/main"], "the branch's head is asked for, not what a name means"
