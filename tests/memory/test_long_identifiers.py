"""What is too long to be remembered: said, and without a trace that a later attempt would misread."""

from pathlib import Path

import pytest

from secuprobe_action.errors import ExitCode
from tests.memory.world import World

SQL = frozenset({"sql"})


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.history.commit("main")
    world.service.padding = "-" + "x" * 110
    return world


def test_a_run_that_can_not_be_remembered_leaves_no_scan_that_seems_to_run(world: World) -> None:
    first = world.scan(world.history.branches["main"], "https://a.example", frozenset())
    commit = world.history.commit("main")
    red = world.scan(commit, "https://a.example", SQL)  # what it saw and what stays accepted are two long identifiers
    mended = world.scan(commit, "https://a.example", frozenset(), attempt=2)

    assert [first, red, mended] == [ExitCode.PASSED, ExitCode.GATE_FAILED, ExitCode.PASSED]
    assert len(world.service.scans) == 3, "after a verdict the site is scanned anew"
    assert [len(line) <= 255 for _, line in world.store.left()] == [True] * 3


def test_what_is_accepted_stays_so_beyond_it(world: World) -> None:
    world.scan(world.history.branches["main"], "https://a.example", frozenset())
    codes = [world.scan(world.history.commit("main"), "https://a.example", SQL) for _ in range(3)]

    assert codes == [ExitCode.GATE_FAILED] * 3
