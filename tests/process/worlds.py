"""Repositories on the three forges, a site, and runs of the action on them: what the stories of many runs happen to."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests import fake_http, github_api
from tests.bitbucket_api import FakeBitbucket
from tests.git_history import History
from tests.github_api import FakeGitHub
from tests.gitlab_api import FakeGitLab
from tests.support import KEY, URL, Api, Runner, Step, event_file, secuprobe

TLS = {"title": "Old TLS", "severity": "high", "category": "Transport"}
SQL = {"title": "SQL injection", "severity": "critical", "category": "Injection"}
CSP = {"title": "No CSP", "severity": "medium", "category": "Headers"}
PREVIEW = "https://pr-7.preview.example"
INPUTS = {
    "baseline": "auto",
    "fail_on": "new",
    "fail_on_severity": "high",
    "check_run": "true",
    "github_token": "ghs_token",
}
FORGES = ("GitHub", "GitLab", "Bitbucket")


class World:
    """A repository, a site, and runs of the action on them.

    Each run takes what its scan finds, and inputs; `run_id` and `attempt` make it one more try of an earlier run.
    """

    prefix = "SECUPROBE_"

    def __init__(self, runner: Runner, api: Api, history: History) -> None:
        self.runner, self.api, self.history = runner, api, history

    def environment(self, event: str, sha: str, run_id: int | None, attempt: int) -> dict[str, str]:
        """Return what the forge sets for a run of an event."""
        raise NotImplementedError

    def memories(self) -> Sequence[str]:
        """Return the lines that runs left, the oldest first."""
        raise NotImplementedError

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Change all lines that runs left."""
        raise NotImplementedError

    @property
    def requests(self) -> list[str]:
        """What the forge was asked."""
        raise NotImplementedError

    def break_down(self) -> None:
        """Have the forge answer nothing of use."""
        raise NotImplementedError

    def prepare(self, event: str, sha: str, inputs: Mapping[str, str], run_id: int | None = None, attempt: int = 1) -> None:
        """Make everything ready for a run."""
        given = {"api_key": KEY, "url": URL, "api_url": self.api.url, **INPUTS, **inputs}
        self.runner.environment = {
            "GITHUB_ACTIONS": "",
            "GITHUB_WORKSPACE": str(self.runner.folder),
            **self.environment(event, sha, run_id, attempt),
            **{f"{self.prefix}{name.upper()}": value for name, value in given.items()},
        }

    def again(
        self,
        *found: Mapping[str, Any],
        sha: str = "",
        event: str = "schedule",
        run_id: int | None = None,
        attempt: int = 1,
        **inputs: str,
    ) -> Step:
        """Run once more at a commit, that of main's head where none is named."""
        self.api.play(*found)
        self.prepare(event, sha or self.history.branches["main"], inputs, run_id, attempt)
        step = self.runner.run()
        step.outputs = self.outputs(step)
        return step

    def push(self, *found: Mapping[str, Any], branch: str = "main", **more: Any) -> Step:
        """Push a commit to a branch."""
        if branch not in self.history.branches:
            self.history.branch(branch)
        return self.again(*found, sha=self.history.commit(branch), event="push", **more)

    def pull(self, *found: Mapping[str, Any], branch: str = "feature", **more: Any) -> Step:
        """Run for a pull request's newest commit."""
        return self.again(*found, sha=self.history.branches[branch], event="pull_request", **more)

    def deployed(self, sha: str, *found: Mapping[str, Any], url: str = PREVIEW, **more: Any) -> Step:
        """Run once a commit was deployed to a URL."""
        return self.again(*found, sha=sha, event="deployment_status", url=url, **more)

    def warnings(self, step: Step) -> list[str]:
        """Return the warnings in a step's log."""
        return re.findall(r"^warning: (.*)$", step.log, re.MULTILINE)

    def outputs(self, step: Step) -> dict[str, str]:
        """Return what later steps are told."""
        raise NotImplementedError


class OnGitHub(World):
    """A repository on GitHub."""

    prefix = "INPUT_"

    def __init__(self, runner: Runner, api: Api, github: FakeGitHub) -> None:
        super().__init__(runner, api, github.history)
        self.github = github

    def environment(self, event: str, sha: str, run_id: int | None, attempt: int) -> dict[str, str]:
        payload: dict[str, Any] = {}
        if event == "pull_request":
            head = {"sha": sha, "repo": {"full_name": "org/app"}}
            payload, sha = {"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}}, "e" * 40
        if event == "deployment_status":  # with GITHUB_SHA of the deployed commit's branch, as GitHub has it
            payload = {"deployment": {"sha": sha}, "deployment_status": {"state": "success", "environment_url": PREVIEW}}
        return self.of_event(event, payload, sha, run_id, attempt)

    def of_event(
        self, event: str, payload: Mapping[str, Any], sha: str, run_id: int | None = None, attempt: int = 1
    ) -> dict[str, str]:
        """Return what the runner sets for an event with its payload."""
        return {
            "GITHUB_ACTIONS": "true",
            **self.github.environment(sha, event),
            "GITHUB_EVENT_PATH": event_file(self.runner.folder, self.github.with_repository(**payload)),
            **({"GITHUB_RUN_ID": str(run_id)} if run_id else {}),
            "GITHUB_RUN_ATTEMPT": str(attempt),
        }

    def run(self, event: str, payload: Mapping[str, Any], sha: str, *found: Mapping[str, Any], **inputs: str) -> Step:
        """Run a workflow of an event with a payload of its own."""
        self.api.play(*found)
        self.prepare("push", sha, inputs)
        self.runner.environment |= self.of_event(event, payload, sha)
        return self.runner.run()

    def memories(self) -> Sequence[str]:
        return [check["external_id"] for check in self.github.checks]

    def rewrite(self, change: Callable[[str], str]) -> None:
        for check in self.github.checks:
            check["external_id"] = change(check["external_id"])

    @property
    def requests(self) -> list[str]:
        return self.github.requests

    def break_down(self) -> None:
        self.github.refuse = github_api.down

    def warnings(self, step: Step) -> list[str]:
        return step.annotations("warning")

    def outputs(self, step: Step) -> dict[str, str]:
        return step.outputs


class _Faked(World):
    fake: fake_http.Fake

    @property
    def requests(self) -> list[str]:
        return self.fake.requests

    def break_down(self) -> None:
        self.fake.refuse = lambda request: (503, "Service unavailable")


class OnGitLab(_Faked):
    """A project on GitLab."""

    def __init__(self, runner: Runner, api: Api, gitlab: FakeGitLab) -> None:
        super().__init__(runner, api, gitlab.history)
        self.fake = self.gitlab = gitlab

    def environment(self, event: str, sha: str, run_id: int | None, attempt: int) -> dict[str, str]:
        self.gitlab.head = sha
        merge_request = {"CI_MERGE_REQUEST_IID": "7"} if event == "pull_request" else {}
        return {"CI_PROJECT_DIR": str(self.runner.folder), **self.gitlab.job(sha, run_id), **merge_request}

    def memories(self) -> Sequence[str]:
        lines = []
        for status in self.gitlab.statuses:
            report_url, _, line = status["target_url"].partition("#")
            lines.append(line.replace(":*:", f":{report_url.rpartition('/')[2]}:"))
        return lines

    def rewrite(self, change: Callable[[str], str]) -> None:
        for status in self.gitlab.statuses:
            status["target_url"] = change(status["target_url"])

    def outputs(self, step: Step) -> dict[str, str]:
        lines = (self.runner.folder / "secuprobe.env").read_text(encoding="utf-8").splitlines()
        return {name.removeprefix("SECUPROBE_").lower(): value for name, _, value in (line.partition("=") for line in lines)}


class OnBitbucket(_Faked):
    """A repository on Bitbucket."""

    def __init__(self, runner: Runner, api: Api, bitbucket: FakeBitbucket) -> None:
        super().__init__(runner, api, bitbucket.history)
        self.fake = self.bitbucket = bitbucket

    def environment(self, event: str, sha: str, run_id: int | None, attempt: int) -> dict[str, str]:
        variables = {"BITBUCKET_CLONE_DIR": str(self.runner.folder), "SECUPROBE_DEBUG": "1"}
        return {**variables, **self.bitbucket.step(sha, run_id, attempt)}

    def memories(self) -> Sequence[str]:
        kept = [re.findall(r"secuprobe:\S+", report["details"]) for report in self.bitbucket.reports.values()]
        return [line for lines in kept for line in lines]

    def rewrite(self, change: Callable[[str], str]) -> None:
        for report in self.bitbucket.reports.values():
            report["details"] = re.sub(r"secuprobe:\S+", lambda found: change(found[0]), report["details"])

    def outputs(self, step: Step) -> dict[str, str]:
        return dict(re.findall(r"^debug: output (\w+)=(.*)$", step.log, re.MULTILINE))


@contextmanager
def world_on(forge: str, runner: Runner) -> Iterator[Any]:
    """Serve a forge and a SecuProbe, and yield the world that they make."""
    with secuprobe() as api:
        match forge:
            case "GitHub":
                with github_api.serving(FakeGitHub()) as github:
                    github.history.branches.pop("feature")
                    github.pulls.clear()
                    yield OnGitHub(runner, api, github)
            case "GitLab":
                gitlab = FakeGitLab(history=_one_commit())
                with fake_http.serving(gitlab):
                    yield OnGitLab(runner, api, gitlab)
            case _:
                bitbucket = FakeBitbucket(history=_one_commit())
                with fake_http.serving(bitbucket):
                    yield OnBitbucket(runner, api, bitbucket)


def _one_commit() -> History:
    history = History()
    history.commit("main")
    return history


def codes(*steps: Step) -> list[int]:
    """Return the steps' exit codes."""
    return [step.code for step in steps]


def seen(line: str) -> str:
    """Return the scan that a memory says it saw."""
    return line.split(":")[6]


def accepted(line: str) -> str:
    """Return the scan that a memory says is accepted; nothing where it says none."""
    *_, own, accepted_scan, _lengths, _scores, _mac = line.split(":")
    return own if accepted_scan == "=" else accepted_scan
