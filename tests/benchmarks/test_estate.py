"""Many sites on one key in simulated time reach their goals, and are refused nothing. `make bench-fleet` has 1,000, too."""

import pytest

from bench.estate import GOALS, Goal, means, run


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: f"{goal.sites} sites at {goal.limit}")
def test_an_estate_reaches_its_goal_without_a_refusal(goal: Goal) -> None:
    found = means(goal)

    assert (found.judged, found.refused) == (goal.sites, 0)
    assert goal.overview_s is None or found.overview_s <= goal.overview_s
    assert goal.lag_s is None or found.mean_lag_s <= goal.lag_s


def test_with_others_on_the_key_hardly_anything_is_refused() -> None:
    found = run(100, 200, seed=0, others=20)

    assert found.judged == 100
    assert found.refused <= 0.02 * found.requests


def test_the_same_seed_gives_the_same_estate() -> None:
    assert run(20, 60) == run(20, 60)
    assert run(20, 60, seed=2) != run(20, 60)
