"""What the stories of many sites share: an account with sites, a repository, and runs of the action on all of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from secuprobe_action.local.scripted import Scenario
from tests.github_api import FakeGitHub
from tests.support import KEY, Api, ByHost, Runner, Step, event_file, secuprobe

Found = Mapping[str, Sequence[Mapping[str, Any]]]


@contextmanager
def account(found: Found, scenario: Mapping[str, Any] | None = None, refused: str | None = None, **options: Any) -> Iterator[Api]:
    """Run the embedded SecuProbe with the hosts' findings; a host that isn't named has none."""
    domains = options.pop("domains", dict.fromkeys(found, True))
    with secuprobe({"estimate_s": 1, **(scenario or {})}, domains=domains, **options) as api:
        api.service.engine = ByHost(found, refused, Scenario.model_validate({"estimate_s": 1, **(scenario or {})}))
        yield api


def estate(runner: Runner, api: Api, **inputs: str) -> Step:
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder), **runner.environment}
    return runner.run(None, "estate", api_key=KEY, api_url=api.url, **{"fail_on_severity": "high", **inputs})


def results(step: Step) -> dict[str, str]:
    return {site["site"].removeprefix("https://"): site["result"] for site in json.loads(step.outputs["sites"])}


class World:
    """A repository, an account, and runs of the action on all of its sites."""

    def __init__(self, runner: Runner, github: FakeGitHub) -> None:
        self.runner, self.github, self.history = runner, github, github.history

    def use(self, sha: str = "", event: str = "schedule", run_id: str = "", attempt: int = 1) -> None:
        """Set a run's environment."""
        environment = self.github.environment(sha or self.history.branches["main"], event)
        environment |= {"GITHUB_RUN_ID": run_id} if run_id else {}
        self.runner.environment = {
            **environment,
            "GITHUB_EVENT_PATH": event_file(self.runner.folder, self.github.with_repository()),
            "GITHUB_WORKSPACE": str(self.runner.folder),
            "GITHUB_RUN_ATTEMPT": str(attempt),
        }

    def night(self, found: Found, **inputs: str) -> Step:
        """Run at the head of main."""
        self.use()
        return self.run(found, **inputs)

    def push(self, found: Found, **inputs: str) -> Step:
        """Run at a new commit of main."""
        self.use(self.history.commit("main"), "push")
        return self.run(found, **inputs)

    def run(self, found: Found, **inputs: str) -> Step:
        self.service.engine = ByHost(found)
        self.service.accounts[0].domains.update(dict.fromkeys(found, True))
        return estate(self.runner, self.api, **{**MEMORY, **inputs})

    api: Api

    @property
    def service(self) -> Any:
        return self.api.service


MEMORY = {"baseline": "auto", "fail_on": "new", "check_run": "true", "github_token": "ghs_token"}


def slow(world: World, seconds: float) -> None:
    """Have scans take their time, those that run as well."""
    engine = world.service.engine
    engine.scenario = engine.scenario.model_copy(update={"duration_s": seconds})
