"""Runs a reusable workflow's jobs here, step by step: GitHub's expressions by GitHub's library, its own actions by what they
do to the files, and ours for real. It knows as much of GitHub Actions as our workflow uses, and stops at anything else."""

import fnmatch
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support import ROOT, Runner, Step

TOKEN = "ghs_token"
_STATUS_CHECK = re.compile(r"\b(success|failure|cancelled|always)\(\)")

RunStep = Callable[[Path, Mapping[str, str], Sequence[str], Mapping[str, str]], Step]
"""Runs our image: the job's folder, the environment, the container's arguments, and the inputs."""


class Expressions:
    """GitHub's expressions.

    Args:
        process: a running tests/expressions.mjs.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lock = threading.Lock()

    def evaluate(self, value: Any, contexts: Mapping[str, Any], status: str = "success") -> Any:
        """Return a value of the workflow with the expressions in it evaluated."""
        if isinstance(value, Mapping):
            return {name: self.evaluate(each, contexts, status) for name, each in value.items()}
        if not isinstance(value, str):
            return value
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            print(json.dumps({"text": value, "contexts": contexts, "status": status}), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, f"{value}: {answer['error']}"
        return answer["value"]

    def holds(self, condition: str | None, contexts: Mapping[str, Any], status: str) -> bool:
        """Return whether an `if` holds: `success()` is implied where it asks for no status."""
        text = "true" if condition is None else re.sub(r"^\s*\$\{\{(.*)\}\}\s*$", r"\1", condition, flags=re.DOTALL)
        if not _STATUS_CHECK.search(text):
            text = f"success() && ({text})"
        return bool(self.evaluate(f"${{{{ {text} }}}}", contexts, status))


@contextmanager
def expressions() -> Iterator[Expressions]:
    """Run the library for as long as the context lasts."""
    command = ["node", str(ROOT / "tests" / "expressions.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield Expressions(process)
        assert process.stdin is not None
        process.stdin.close()


def as_text(value: Any) -> str:
    """Return a value as inputs and outputs carry it: nothing as an empty text, a boolean and a number as in JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass
class Job:
    """What became of a job, or of one of a matrix.

    Attributes:
        result: success, failure or skipped.
        outputs: what later jobs read.
        steps: our steps, in their order.
    """

    result: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def as_process(folder: Path, environment: Mapping[str, str], arguments: Sequence[str], inputs: Mapping[str, str]) -> Step:
    """Run our step as a process of this machine."""
    return Runner(folder, {"GITHUB_WORKSPACE": str(folder / "workspace"), **environment}).run(None, *arguments, **inputs)


@dataclass
class Workflow:
    """A run of a reusable workflow.

    Args:
        path: its file.
        expressions: what evaluates its expressions.
        folder: where its jobs' folders are made.
        repository: the calling repository's files.
        secrets: the secrets that it is called with.
        environment: what the runner sets, beside each step's files.
        run_step: what runs our image.
    """

    path: Path
    expressions: Expressions
    folder: Path
    repository: Path
    secrets: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    run_step: RunStep = as_process
    jobs: dict[str, Job] = field(default_factory=dict)
    matrix: dict[str, Job] = field(default_factory=dict)
    uploaded: list[Path] = field(default_factory=list)
    max_parallel: int | None = None

    def call(self, *, same_run: bool = False, **given: Any) -> dict[str, str]:
        """Run it with the inputs `given`, and return its outputs; in the `same_run`, earlier artifacts are still there."""
        shutil.rmtree(self.folder / "jobs", ignore_errors=True)
        if not same_run:
            shutil.rmtree(self.folder / "artifacts", ignore_errors=True)
        self.jobs, self.matrix, self.uploaded = {}, {}, []
        document = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        call = document[True]["workflow_call"]  # YAML 1.1 reads `on` as true
        assert given.keys() <= call["inputs"].keys()
        assert {name for name, secret in call["secrets"].items() if secret["required"]} == self.secrets.keys()
        inputs = {name: given.get(name, entry.get("default")) for name, entry in call["inputs"].items()}
        contexts = {"inputs": inputs, "secrets": self.secrets, "github": {"token": TOKEN}}
        for name, job in document["jobs"].items():
            self.jobs[name] = self._job(name, job, contexts)
        known = {"jobs": {name: {"outputs": job.outputs} for name, job in self.jobs.items()}}
        return {name: as_text(self.expressions.evaluate(output["value"], known)) for name, output in call["outputs"].items()}

    def artifact(self, name: str) -> list[str]:
        """Return the names of an artifact's files."""
        root = self.folder / "artifacts" / name
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    def _job(self, name: str, job: Mapping[str, Any], contexts: Mapping[str, Any]) -> Job:
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        done = {need: self.jobs[need] for need in needs}
        status = "success" if all(each.result == "success" for each in done.values()) else "failure"
        known = {**contexts, "needs": {need: {"result": each.result, "outputs": each.outputs} for need, each in done.items()}}
        if not self.expressions.holds(job.get("if"), known, status):
            return Job("skipped")
        if "strategy" not in job:
            return self._steps(name, job, known)
        assert job["strategy"].keys() == {"fail-fast", "max-parallel", "matrix"}
        assert job["strategy"]["fail-fast"] is False
        strategy = self.expressions.evaluate(job["strategy"], known)
        assert strategy["matrix"].keys() == {"include"}
        self.max_parallel = int(strategy["max-parallel"])
        with ThreadPoolExecutor(self.max_parallel) as pool:
            cases = [{**known, "matrix": case} for case in strategy["matrix"]["include"]]
            names = [self.expressions.evaluate(job["name"], case) for case in cases]
            done_jobs = pool.map(lambda name, case: self._steps(name, job, case), names, cases)
            self.matrix.update(zip(names, done_jobs, strict=True))
        failed = any(each.result == "failure" for each in self.matrix.values())
        return Job("failure" if failed else "success")

    def _steps(self, name: str, job: Mapping[str, Any], contexts: Mapping[str, Any]) -> Job:
        done = Job()
        steps: dict[str, Any] = {}
        folder = self.folder / "jobs" / name
        (folder / "workspace").mkdir(parents=True)
        for step in job["steps"]:
            known = {**contexts, "steps": steps}
            if not self.expressions.holds(step.get("if"), known, done.result):
                continue
            outputs, passed = self._step(step["uses"], self.expressions.evaluate(step.get("with", {}), known), folder, done)
            steps[step.get("id", "")] = {"outputs": outputs}
            done.result = done.result if passed else "failure"
        outputs = self.expressions.evaluate(job.get("outputs", {}), {**contexts, "steps": steps})
        done.outputs = {name: as_text(value) for name, value in outputs.items()}
        return done

    def _step(self, uses: str, given: Mapping[str, Any], folder: Path, job: Job) -> tuple[dict[str, str], bool]:
        if uses.startswith("$/"):
            action = yaml.safe_load((ROOT / uses[2:] / "action.yml").read_text(encoding="utf-8"))
            assert given.keys() <= action["inputs"].keys()
            defaults = {name: entry.get("default", "") for name, entry in action["inputs"].items()}
            inputs = self.expressions.evaluate({**defaults, **given}, {"github": {"token": TOKEN}})
            texts = {name: as_text(value) for name, value in inputs.items()}
            job.steps.append(self.run_step(folder, self.environment, action["runs"].get("args", []), texts))
            return job.steps[-1].outputs, job.steps[-1].code == 0
        workspace, artifacts = folder / "workspace", self.folder / "artifacts"
        match uses.split("@", maxsplit=1)[0]:
            case "actions/checkout":
                shutil.copytree(self.repository, workspace, dirs_exist_ok=True)
            case "actions/upload-artifact":
                assert (workspace / given["path"]).is_dir() or given.get("if-no-files-found") == "ignore"
                if (workspace / given["path"]).is_dir():
                    assert given["overwrite"] is True or not (artifacts / given["name"]).exists()
                    shutil.copytree(workspace / given["path"], artifacts / given["name"], dirs_exist_ok=True)
            case "actions/download-artifact":
                assert given["merge-multiple"] is True
                (workspace / given["path"]).mkdir()
                for artifact in sorted(artifacts.iterdir()) if artifacts.is_dir() else ():
                    if fnmatch.fnmatchcase(artifact.name, given["pattern"]):
                        shutil.copytree(artifact, workspace / given["path"], dirs_exist_ok=True)
            case "github/codeql-action/upload-sarif":
                self.uploaded.append(workspace / given["sarif_file"])
            case _:
                raise AssertionError(f"nobody knows what {uses} does")
        return {}, True
