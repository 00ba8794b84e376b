"""The image, built from the real Dockerfile and run the way GitHub runs it."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from secuprobe_action import __version__
from secuprobe_action.local.demo.runner import read_outputs
from secuprobe_action.places.outputs import SCAN_OUTPUTS
from tests.support import (
    FINDINGS,
    KEY,
    ROOT,
    URL,
    Api,
    Step,
    build_image,
    command_output,
    findings,
    secuprobe,
    wait_until,
)

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]

TAG = "secuprobe-scan-action:test"


@pytest.fixture(scope="module", name="image")
def _image() -> str:
    build_image(TAG, ROOT)
    return TAG


@dataclass
class Job:
    """A job's folders on the runner, mounted as GitHub mounts them."""

    folder: Path
    image: str
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, **inputs: str) -> list[str]:
        """Return the `docker run` of actions/runner (DockerCommandManager.cs, ContainerActionHandler.cs)."""
        mounts = []
        for name in ("workspace", "home", "workflow", "runner_temp", "file_commands"):
            (self.folder / name).mkdir(exist_ok=True)
            mounts += ["-v", f"{self.folder / name}:/github/{name}"]
        for name in ("output", "summary"):
            (self.folder / "file_commands" / name).write_text("", encoding="utf-8")
        environment = {
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "HOME": "/github/home",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_OUTPUT": "/github/file_commands/output",
            "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
            **self.environment,
        }
        variables = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        # The network is the host's here, so that the server on loopback is in reach.
        options = ["--rm", "--workdir", "/github/workspace", "--network", "host"]
        return ["docker", "run", *options, *variables, *mounts, self.image, *arguments]

    def step(self, code: int, log: str) -> Step:
        files = self.folder / "file_commands"
        outputs = read_outputs((files / "output").read_text(encoding="utf-8"))
        return Step(code, log, outputs, (files / "summary").read_text(encoding="utf-8"))

    def run(self, api: Api | None = None, *arguments: str, **inputs: str) -> Step:
        if api is not None:
            inputs = {"api_key": KEY, "url": URL, "api_url": api.url, **inputs}
        command = self.command(*arguments, **inputs)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return self.step(done.returncode, done.stdout)


@pytest.fixture(name="job")
def _job(tmp_path: Path, image: str) -> Job:
    return Job(tmp_path, image)


def inside(image: str, script: str) -> str:
    """Run a shell script in the image and return what it printed."""
    return command_output(["docker", "run", "--rm", "--entrypoint", "/bin/sh", image, "-c", script])


@pytest.mark.parametrize(("threshold", "code", "result"), [("high", 1, "failed"), ("none", 0, "passed")])
def test_it_does_the_job_as_a_container_action(job: Job, threshold: str, code: int, result: str) -> None:
    with secuprobe({"findings": FINDINGS, "duration_s": 0.5}) as api:
        step = job.run(api, fail_on_severity=threshold)

    assert (step.code, step.outputs["result"]) == (code, result), step.log
    assert set(step.outputs) == {
        "scan_id",
        "secu_score",
        "report_url",
        "result",
        "vulnerabilities_count",
        "new_count",
        "fixed_count",
        "sarif_file",
    }
    assert json.loads(step.outputs["vulnerabilities_count"])["high"] == 1
    assert "SQL injection" in step.summary
    assert step.log.startswith(f"::add-mask::{KEY}\n")
    assert KEY not in step.shown + step.summary + json.dumps(step.outputs)
    assert api.launches == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can prepare a workspace of another user's")
def test_what_it_leaves_belongs_to_the_workspaces_owner(job: Job) -> None:
    (job.folder / "workspace").mkdir()
    os.chown(job.folder / "workspace", 1001, 1002)
    with secuprobe() as api:
        step = job.run(api, reports="json=out/deep/a.json")

    assert step.code == 0, step.log
    written = [job.folder / "workspace" / name for name in ("out", "out/deep", "out/deep/a.json")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in written} == {(1001, 1002)}


@pytest.mark.parametrize("command", ["demo", "serve", "demo-site"])
def test_what_is_not_part_of_it_says_so_in_one_line(image: str, command: str) -> None:
    done = subprocess.run(["docker", "run", "--rm", image, command], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"secuprobe: {command} needs the extra `local` (")
    assert done.stderr.count("\n") == 1


def test_inputs_are_checked_there_too(job: Job) -> None:
    with secuprobe() as api:
        step = job.run(api, timeout="soon")

    assert (step.code, step.outputs) == (2, SCAN_OUTPUTS)
    assert api.service.requests == []


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143)])
def test_a_signal_ends_it_within_two_seconds_as_pid_1(job: Job, name: str, code: int) -> None:
    container = f"secuprobe-test-{name.lower()}-{os.getpid()}"
    with secuprobe({"duration_s": 600}) as api:
        command = job.command(api_key=KEY, url=URL, api_url=api.url)
        command[3:3] = ["--name", container]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: "scan_id" in (job.folder / "file_commands" / "output").read_text(encoding="utf-8"), 60)
        started = time.monotonic()
        command_output(["docker", "kill", "--signal", name, container])
        log, _ = process.communicate(timeout=20)
        took = time.monotonic() - started

    step = job.step(process.returncode, log)
    assert step.code == code, log
    assert took < 2.0
    assert step.outputs["scan_id"] in api.service.scans
    assert "SecuProbe: cancelled" in step.summary


def test_it_holds_no_tool_to_install_or_build_with_and_no_tests(image: str) -> None:
    assert inside(image, "command -v pip pip3 gcc cc make git || true") == ""
    assert inside(image, "python3 -c 'import pip' 2>&1 || true").strip().endswith("No module named 'pip'")
    assert inside(image, "find /app -type d -name tests -o -path '*secuprobe_action/local'") == ""


def test_its_own_code_is_compiled_and_reads_nothing_else(image: str) -> None:
    modules = inside(image, "find /app -name '*.py' | wc -l")
    compiled = inside(image, "find /app -name '*.pyc' | wc -l")
    assert modules == compiled
    assert inside(image, "ls /app").split() == ["__pycache__", "entrypoint.py", "lib"]


def test_it_is_labelled_and_runs_as_github_asks(image: str) -> None:
    config = json.loads(command_output(["docker", "image", "inspect", image]))[0]["Config"]

    assert config["Labels"]["org.opencontainers.image.source"].endswith("/secuprobe-scan-action")
    assert config["Labels"]["org.opencontainers.image.version"]
    assert config["Entrypoint"] == ["/usr/local/bin/python3", "-ISB", "/app/entrypoint.py"]
    assert [variable for variable in config["Env"] if variable.startswith("PYTHON")] == []
    assert (config["User"], config["WorkingDir"]) == ("", "")


def test_it_adds_at_most_20_mb_to_its_base(image: str) -> None:
    packed = command_output(["docker", "run", "--rm", "--entrypoint", "/bin/sh", image, "-c", "tar cz /app 2>/dev/null | wc -c"])

    assert int(packed) <= 20_000_000


def test_it_has_a_name_for_scripts_and_takes_variables_anywhere(image: str, tmp_path: Path) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        variables = {
            "SECUPROBE_API_KEY": KEY,
            "SECUPROBE_URL": URL,
            "SECUPROBE_API_URL": api.url,
            "SECUPROBE_REPORTS": "html=a/b.html",
        }
        command = [
            "docker",
            "run",
            "--rm",
            "--network",
            "host",
            "-v",
            f"{tmp_path}:/work",
            "-w",
            "/work",
            "--entrypoint",
            "/bin/sh",
        ]
        command += [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        done = subprocess.run([*command, image, "-c", "secuprobe-scan"], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "FAILED: 1 finding at or above critical (1 critical)" in done.stdout
    assert (tmp_path / "a" / "b.html").stat().st_mode & 0o777 == 0o644


STOWAWAY = "import sys; open('/github/workspace/stowaway', 'a').write(f'{__name__} '); sys.stdout.write('::stowaway::')\n"
MODULES = ("sitecustomize", "usercustomize", "httpx", "argparse", "pathlib", "secuprobe_action", "encodings", "startup")


def pack_stowaways(workspace: Path) -> None:
    """Put modules into a workspace, at its top and in folders, that tell if they are ever run."""
    for folder in (workspace, workspace / "src", workspace / "home" / "lib" / "python3.14"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in MODULES:
            (folder / f"{name}.py").write_text(STOWAWAY, encoding="utf-8")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONPATH": "src"},
        {"PYTHONPATH": "/github/workspace/src:/github/workspace"},
        {"PYTHONHOME": "/github/workspace/home"},
        {"PYTHONSTARTUP": "/github/workspace/startup.py", "PYTHONINSPECT": "1"},
        {"PYTHONSAFEPATH": "", "PYTHONUSERBASE": "/github/workspace", "PYTHONPLATLIBDIR": "src", "PYTHONWARNINGS": "error"},
        {"PYTHONOPTIMIZE": "2", "PYTHONDEVMODE": "1", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    ],
    ids=str,
)
def test_neither_the_jobs_python_nor_the_workspaces_reaches_the_program(job: Job, environment: dict[str, str]) -> None:
    pack_stowaways(job.folder / "workspace")
    job.environment = environment
    with secuprobe({"findings": findings("critical")}) as api:
        step = job.run(api, reports="html=bücher.html")

    assert (step.code, step.outputs["result"]) == (1, "failed"), step.log
    assert "::stowaway::" not in step.log
    assert not (job.folder / "workspace" / "stowaway").exists()
    assert (job.folder / "workspace" / "bücher.html").exists()


def test_nor_does_it_reach_the_program_that_scripts_call_by_its_name(image: str, tmp_path: Path) -> None:
    pack_stowaways(tmp_path)
    script = "cd /github/workspace && PATH=/github/workspace:$PATH PYTHONPATH=src:. PYTHONHOME=home secuprobe-scan --version"
    (tmp_path / "python3").write_text("#!/bin/sh\necho ::stowaway::\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)

    said = command_output(
        ["docker", "run", "--rm", "-v", f"{tmp_path}:/github/workspace", "--entrypoint", "/bin/sh", image, "-c", script]
    )

    assert said == f"{__version__}\n"
    assert not (tmp_path / "stowaway").exists()


@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-", ">/dev/full 2>&1"])
@pytest.mark.parametrize(
    ("broken", "code"), [("true", 2), ("rm -r /app/lib/httpx", 3), ("rm -r /app/lib", 3), ("rm /app/lib/pydantic/main.py*", 3)]
)
def test_no_fault_ends_in_the_gates_1_whatever_became_of_the_log(image: str, streams: str, broken: str, code: int) -> None:
    script = f"{broken}; secuprobe-scan --timeout soon {streams}; echo $?"

    assert inside(image, script) == f"{code}\n"


def test_a_crowd_of_findings_leaves_a_whole_summary(job: Job) -> None:
    with secuprobe({"findings": findings(*["low"] * 2_000)}) as api:
        step = job.run(api)

    assert step.code == 0
    assert "1,950 more findings" in step.summary
