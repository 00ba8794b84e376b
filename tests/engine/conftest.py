"""What all runs share: the images, this repository as a release has it, and the servers that steps ask."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from secuprobe_action import __version__
from tests.engine import checkouts
from tests.engine.act import Engine, Run, Running
from tests.github_api import FakeGitHub, serving
from tests.support import KEY, ROOT, Api, build_image, builder, command_output, secuprobe

RUNNER, PRODUCT, SERVICE = "secuprobe-engine-runner", "secuprobe-scan-action:engine", "secuprobe-embedded:engine"


@pytest.fixture(scope="session", name="building")
def _building() -> dict[str, str]:
    """How a workflow builds an image: as the tests do, so that there is nothing left to build."""
    base = os.environ.get("SECUPROBE_TEST_BASE_IMAGE")
    return {"DOCKER_BUILDKIT": builder(), **({"BASE": base} if base else {})}


@pytest.fixture(scope="session", name="images")
def _images() -> None:
    build_image(RUNNER, ROOT, "-f", "tests/engine/Dockerfile")
    build_image(PRODUCT, ROOT)


@pytest.fixture(scope="session")
def service_image() -> str:
    """The embedded SecuProbe's image."""
    build_image(SERVICE, ROOT, "-f", "local/Dockerfile")
    return SERVICE


@contextmanager
def named(image: str, name: str) -> Iterator[None]:
    """Give an image the name by which a page knows it, for as long as the context lasts."""
    command_output(["docker", "tag", image, name])
    try:
        yield
    finally:
        command_output(["docker", "rmi", "--no-prune", name])


@dataclass
class World:
    """GitHub with a repository, SecuProbe, and the workflows that run there.

    Attributes:
        ours: this repository, as a release has it.
        secrets: what the repository has stored.
        runs: how many there were.
    """

    folder: Path
    ours: Path
    engine: Engine
    api: Api
    github: FakeGitHub
    secrets: dict[str, str] = field(default_factory=lambda: {"SECUPROBE_API_KEY": KEY, "GITHUB_TOKEN": "ghs_token"})
    runs: int = 0

    def run(self, workflow: str, event: str = "push", **given: Any) -> Run:
        """Run a workflow's text to its end; see `started`."""
        with self.started(workflow, event, **given) as running:
            return running.finish()

    @contextmanager
    def started(self, workflow: str, event: str = "push", **given: Any) -> Iterator[Running]:
        """Start a workflow's text; see Engine.run. `sha` is the commit that it is about, `files` what the repository holds."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        folder.mkdir()
        file = checkouts.caller(folder / "repository", workflow, given.pop("files", None))
        sha = given.pop("sha", self.github.merge_base)
        ref = f"refs/pull/{self.github.number}/merge" if event == "pull_request" else "refs/heads/main"
        known = {**self.github.environment(sha, event), "SHA_REF": sha, "GITHUB_REF": ref}
        environment = {**known, **given.pop("environment", {})}
        with self.engine.started(event, file, folder, secrets=self.secrets, environment=environment, **given) as running:
            yield running

    def pull_request(self, workflow: str, **given: Any) -> Run:
        """Run it for the pull request."""
        payload = {"number": self.github.number, **self.github.event()}
        return self.run(workflow, "pull_request", **{"sha": self.github.head, "payload": payload, **given})


@pytest.fixture(name="world")
def _world(images: None, tmp_path: Path) -> Iterator[World]:
    with serving(FakeGitHub()) as github, secuprobe(limit=10_000) as api:
        ours = checkouts.released(tmp_path / "ours", PRODUCT, api.url)
        repositories = {f"{checkouts.OURS}@v{__version__}": ours, **checkouts.stand_ins()}
        yield World(tmp_path, ours, Engine(RUNNER, repositories), api, github)
