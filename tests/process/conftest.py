"""Fixtures of several files of stories."""

from collections.abc import Iterator

import pytest

from tests.github_api import FakeGitHub, serving
from tests.process.estates import World, account
from tests.support import Api, Runner


@pytest.fixture(name="api")
def _api() -> Iterator[Api]:
    """An account without domains."""
    with account({}) as api:
        yield api


@pytest.fixture(name="world")
def _world(runner: Runner, api: Api) -> Iterator[World]:
    """A repository without pull requests, and runs of an estate."""
    with serving(FakeGitHub()) as github:
        github.pulls.clear()
        world = World(runner, github)
        world.api = api
        yield world
