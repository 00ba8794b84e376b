"""Fleets in simulated time: every job finishes that the limit makes possible, and hardly a request is refused."""

import pytest

from bench.fleet import FLEETS, run


@pytest.mark.parametrize(("jobs", "limit", "timeout_s"), FLEETS)
def test_a_fleet_finishes_within_its_limit(jobs: int, limit: int, timeout_s: float) -> None:
    result = run(jobs, limit, timeout_s)

    assert result.finished == result.possible
    assert result.refused - result.unavoidable <= 0.05 * result.requests


def test_the_same_seed_gives_the_same_fleet() -> None:
    assert run(20, 60, 600.0) == run(20, 60, 600.0)
    assert run(20, 60, 600.0, seed=2) != run(20, 60, 600.0)
