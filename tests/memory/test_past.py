"""What runs remember of a site's past: its score from run to run, and since when each finding is there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.memory.stores import MemoryForge, StoreOfChecks
from tests.memory.world import World

DAY_S = 86_400
SITE = "https://shop.example"


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.history.branches["main"] = world.history.add("a" * 40)
    return world


def report(world: World, *found: str, branch: str = "main", days: int = 0, score: float | None = 50, **more: str) -> Any:
    """Scan a branch's next commit, some days after the last scan, and return the JSON report."""
    world.clock.sleep(days * DAY_S)
    world.service.score = score
    commit = world.history.commit(branch)
    world.scan(commit, SITE, frozenset(found), frozenset(), 1, **{"SECUPROBE_REPORTS": "json=out.json", **more})
    return json.loads((world.folder / "out.json").read_text(encoding="utf-8"))


def forge_of(world: World) -> MemoryForge:
    assert isinstance(world.store, StoreOfChecks)
    return world.store.forge


def ages(document: Any) -> dict[str, Any]:
    return {each["title"]: each["since"] and (each["since"]["days"], each["since"]["or_before"]) for each in document["findings"]}


def test_the_score_goes_on_from_run_to_run_of_the_default_branch(world: World) -> None:
    report(world, score=61)
    report(world, score=None)
    report(world, score=70)
    world.history.branch("feature")
    of_a_pull_request = report(world, branch="feature", score=10)

    assert of_a_pull_request["history"] == {"scores": [61, None, 70, 10]}
    assert report(world, score=72)["history"] == {"scores": [61, None, 70, 72]}, "what a pull request brings counts for nobody"


@pytest.mark.parametrize("score", [78.5, 79.5])
def test_a_score_that_stays_the_same_has_a_course_that_does(world: World, score: float) -> None:
    for _ in range(3):
        last = report(world, score=score)

    assert len(set(last["history"]["scores"])) == 1


def test_a_run_whose_clock_was_years_ahead_is_not_the_newest_for_years(world: World) -> None:
    now = world.clock.time
    report(world)
    world.clock.time = lambda: now() + 9 * 365 * DAY_S  # type: ignore[method-assign]
    report(world, score=10)
    world.clock.time = now  # type: ignore[method-assign]

    report(world, score=60)
    assert report(world, score=70)["history"] == {"scores": [50, 60, 70]}


def test_no_more_than_twenty_earlier_scores_are_kept(world: World) -> None:
    for score in range(30):
        last = report(world, score=score)

    assert last["history"]["scores"] == list(range(9, 30))


def test_each_finding_is_as_old_as_the_run_that_saw_it_first(world: World) -> None:
    report(world, "tls")
    report(world, "tls", "csp", days=3)
    third = report(world, "tls", "csp", "sql", days=12)

    assert ages(third) == {"tls": (15, True), "csp": (12, False), "sql": (0, False)}


def test_what_comes_back_is_new(world: World) -> None:
    report(world, "tls", "csp")
    report(world, "tls", days=3)

    assert ages(report(world, "tls", "csp", days=4)) == {"tls": (7, True), "csp": (0, False)}


def test_red_does_not_stay_new(world: World) -> None:
    report(world, "tls")
    report(world, "tls", "sql", days=1)
    red = report(world, "tls", "sql", days=5)

    assert [each["change"] for each in red["findings"] if each["title"] == "sql"] == ["new"], "measured against what is accepted"
    assert ages(red)["sql"] == (5, False)


def test_a_pull_request_knows_its_bases_ages(world: World) -> None:
    report(world, "tls")
    world.history.branch("feature")
    report(world, "tls", "csp", branch="feature", days=2)

    assert ages(report(world, "tls", "csp", branch="feature", days=2)) == {"tls": (4, True), "csp": (0, False)}


def test_without_a_baseline_they_are_known_as_well(world: World) -> None:
    report(world, "tls")

    second = report(world, "tls", days=2, score=60, SECUPROBE_BASELINE="", SECUPROBE_FAIL_ON="all")

    assert ages(second) == {"tls": (2, True)}
    assert second["history"] == {"scores": [50, 60]}


def test_what_was_lost_is_known_from_then_on(world: World) -> None:
    report(world, "tls")
    forge_of(world).checks[-1].kept = replace(forge_of(world).checks[-1].kept, text="")
    second = report(world, "tls", days=2, SECUPROBE_BASELINE="", SECUPROBE_FAIL_ON="all")
    third = report(world, "tls", days=3, SECUPROBE_BASELINE="", SECUPROBE_FAIL_ON="all")

    assert ages(second) == {"tls": None}
    assert ages(third) == {"tls": (3, True)}


@pytest.mark.parametrize("change", ["", "{}<!-- -->", "moved", "altered"])
def test_what_is_not_believed_is_not_told_and_the_baseline_says_what_it_can(world: World, change: str) -> None:
    report(world, "tls")
    report(world, "tls", "csp", days=3)
    old, newest = forge_of(world).checks
    text = {"moved": old.kept.text, "altered": newest.kept.text.replace("b7", "s7")}.get(change, change)
    assert text != newest.kept.text
    newest.kept = replace(newest.kept, text=text)

    third = report(world, "tls", "csp", "sql", days=2)

    assert ages(third) == {"tls": (2, True), "csp": (2, True), "sql": (0, False)}


def test_where_the_forge_is_down_nothing_is_told(world: World) -> None:
    report(world, "tls")
    forge_of(world).down = True

    second = report(world, "tls", days=2, SECUPROBE_FAIL_ON="all")

    assert second["history"] is None
    assert ages(second) == {"tls": None}
