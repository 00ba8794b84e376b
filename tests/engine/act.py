"""Runs workflows in nektos/act, and reads back what became of them. It knows nothing of what they are for."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ACT = Path(sys.executable).with_name("act")
READ_BACK = "Read back the summary"
SUMMARY = "/var/run/act/summaries.md"
"""Where our actions write their summaries, which act would empty before the next step. A job's containers share the folder."""

SHARED = "/engine"
"""The run's folder, as its jobs see it: artifacts, alerts, and what else the stand-ins keep."""


@dataclass
class Step:
    """What became of a step.

    Attributes:
        outcome: success or failure; a step that was skipped isn't there.
        annotations: level, title and message.
    """

    name: str
    outcome: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    annotations: list[tuple[str, str, str]] = field(default_factory=list)
    log: str = ""


@dataclass
class Job:
    """What became of a job, or of one of a matrix.

    Attributes:
        result: success or failure; a job that was skipped isn't there.
        steps: by their id, or their name where they have none.
        summary: of all its steps.
    """

    name: str
    matrix: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    steps: dict[str, Step] = field(default_factory=dict)
    summary: str = ""


@dataclass
class Run:
    """What became of a workflow's run."""

    folder: Path
    code: int = -1
    jobs: dict[str, Job] = field(default_factory=dict)
    log: str = ""

    def job(self, end: str) -> Job:
        """Return the one job whose name ends so."""
        (found,) = [job for name, job in self.jobs.items() if name.endswith(end)]
        return found

    def step(self, name: str) -> Step:
        """Return the one step of this id or name, or whose name begins so: what it uses, where it has no other."""
        exact = [job.steps[name] for job in self.jobs.values() if name in job.steps]
        (found,) = exact or [step for job in self.jobs.values() for key, step in job.steps.items() if key.startswith(name)]
        return found

    @property
    def annotations(self) -> list[tuple[str, str, str]]:
        return [each for job in self.jobs.values() for step in job.steps.values() for each in step.annotations]

    @property
    def results(self) -> dict[str, str]:
        return {name: job.result for name, job in self.jobs.items()}

    def artifact(self, name: str) -> list[str]:
        """Return the names of an artifact's files."""
        root = self.folder / "artifacts" / name
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    def alerts(self) -> list[Path]:
        """Return the SARIF files that code scanning took, by their category."""
        return sorted((self.folder / "alerts").glob("*.sarif"))


@dataclass
class Engine:
    """Act, with what GitHub hosts given locally.

    Args:
        runner: the image that jobs run in.
        repositories: folders by `owner/name@ref`.
    """

    runner: str
    repositories: Mapping[str, Path]

    def command(self, event: str, workflow: Path, run: Run, *options: str) -> list[str]:
        """Return the command line that runs a workflow."""
        local = [part for name, folder in self.repositories.items() for part in ("--local-repository", f"{name}={folder}")]
        given = ["-P", f"ubuntu-latest={self.runner}", "--container-options", f"-v {run.folder}:{SHARED}", "--network", "host"]
        fixed = ["--pull=false", "--rm", "--json", "--no-cache-server", "--concurrent-jobs", "4"]
        return [str(ACT), event, "-W", str(workflow), *fixed, *given, *local, *options]

    @contextmanager
    def started(
        self,
        event: str,
        workflow: Path,
        folder: Path,
        *,
        payload: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> Iterator["Running"]:
        """Start a workflow of a checkout; see `run`."""
        folder.mkdir(exist_ok=True)
        event_file = folder / "event.json"
        event_file.write_text(json.dumps(payload or {}), encoding="utf-8")
        variables = [part for name, value in (environment or {}).items() for part in ("--env", f"{name}={value}")]
        hidden = [part for name in secrets or {} for part in ("-s", name)]
        with tempfile.TemporaryDirectory() as home:
            run = Run(folder)
            command = [*self.command(event, workflow, run, "--eventpath", str(event_file), *hidden, *variables, *options)]
            shell = {"PATH": os.environ["PATH"], "HOME": home, **(secrets or {})}
            with subprocess.Popen(
                command,
                cwd=workflow.parents[2],
                env=shell,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
            ) as process:
                try:
                    yield Running(process, run)
                finally:
                    process.terminate()
                    remove_containers(workflow)

    def run(self, event: str, workflow: Path, folder: Path, **given: Any) -> Run:
        """Run a workflow of a checkout to its end.

        Args:
            event: its name.
            workflow: the file, `.github/workflows/name.yml` in the checkout.
            folder: where its artifacts and alerts go; another attempt of the run is given the same one.
            given: `payload`, the event's; `secrets` and `environment` by their names; further `options` of act's.
        """
        with self.started(event, workflow, folder, **given) as running:
            return running.finish()


@dataclass
class Running:
    """A run that goes on."""

    process: "subprocess.Popen[str]"
    run: Run

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what act says, and take it in."""
        assert self.process.stdout is not None
        for text in self.process.stdout:
            said = json.loads(text) if text.startswith("{") else {"msg": text}
            self.run.log += f"{said.get('step', '')[:30]:30} {said['msg'].rstrip()}\n"
            take_in(self.run, said)
            yield said

    def cancel(self) -> None:
        """Interrupt it, as somebody who presses Ctrl+C does."""
        self.process.send_signal(signal.SIGINT)

    def finish(self) -> Run:
        """Read on to the end."""
        for _ in self.lines():
            pass
        self.run.code = self.process.wait()
        return self.run


def take_in(run: Run, said: Mapping[str, Any]) -> None:
    """Take in a line of act's log."""
    if "job" not in said:
        return
    job = run.jobs.setdefault(said["job"].strip(), Job(said["job"].strip()))
    job.matrix = said.get("matrix") or job.matrix
    job.result = said.get("jobResult", job.result)
    if said.get("stage") != "Main":
        return
    key = said["stepID"][-1] if not said["stepID"][-1].isdigit() else said["step"]
    step = job.steps.setdefault(key, Step(said["step"]))
    step.outcome = said.get("stepResult", step.outcome)
    if said.get("raw_output"):
        step.log += said["msg"]
        job.summary += said["msg"] if said["step"] == READ_BACK else ""
    match said.get("command"):
        case "set-output":
            step.outputs[said["name"]] = said["arg"]
        case "error" | "warning" | "notice" as level:
            step.annotations.append((level, said["kvPairs"].get("title", ""), said["arg"]))


def remove_containers(workflow: Path) -> None:
    """Remove what a run left that didn't come to its end; act names containers after the workflow."""
    name = yaml.safe_load(workflow.read_text(encoding="utf-8"))["name"].replace(" ", "-")
    command = ["docker", "ps", "--all", "--quiet", "--filter", f"name=act-{name}-"]
    if left := subprocess.run(command, capture_output=True, text=True, check=True).stdout.split():
        subprocess.run(["docker", "rm", "--force", "--volumes", *left], capture_output=True, check=False)
