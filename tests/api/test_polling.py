"""When to ask next: often when the end is likely, and no more than the key's limit allows."""

import math
import random

import pytest

from bench.polling import adaptive, fixed, measure, measure_learnt
from secuprobe_action.api.polling import Prior, hazard, interval_s
from secuprobe_action.api.ratelimit import RateLimit

FREE = RateLimit()


def interval(elapsed_s: float, estimate_s: float | None = 120.0, limit: RateLimit = FREE, jobs: float = 1.0) -> float:
    prior = None if estimate_s is None else Prior.announced(estimate_s)
    return interval_s(elapsed_s, prior, limit, jobs, random.Random(1))


# sigma 0.35: the estimate, the mean lag and the requests to reach
@pytest.mark.parametrize(("estimate_s", "lag_s", "requests"), [(20.0, 0.70, 12.0), (120.0, 1.75, 28.0), (600.0, 3.8, 76.0)])
def test_the_benchmarks_goals_are_reached(estimate_s: float, lag_s: float, requests: float) -> None:
    figures = measure(adaptive, estimate_s, 0.35)

    assert figures.mean_lag_s <= lag_s
    assert figures.requests <= requests


# Four earlier scans known, lengths of sigma 0.2; the API's estimate is wrong by a factor of 3 either way.
@pytest.mark.parametrize("factor", [1 / 3, 3.0])
@pytest.mark.parametrize(("length_s", "lag_s", "requests"), [(20.0, 0.65, 10.8), (120.0, 1.45, 26.0), (600.0, 3.1, 76.0)])
def test_the_sites_own_scans_tell_more_than_a_wrong_estimate(
    length_s: float, lag_s: float, requests: float, factor: float
) -> None:
    figures = measure_learnt(length_s, 0.2, estimate_s=factor * length_s)

    assert figures.mean_lag_s <= lag_s
    assert figures.requests <= requests


def test_of_few_scans_less_is_learnt_than_of_many() -> None:
    priors = [Prior.learnt([100.0] * n) for n in (1, 2, 8)]

    assert [prior.centre_s for prior in priors if prior] == pytest.approx([100.0] * 3)
    assert [round(prior.spread, 2) for prior in priors if prior] == [0.32, 0.28, 0.24]
    assert Prior.learnt([]) is None


@pytest.mark.parametrize("factor", [1 / 3, 3.0])
@pytest.mark.parametrize("estimate_s", [20.0, 120.0, 600.0])
def test_a_wrong_estimate_is_no_worse_than_fixed_10_s(estimate_s: float, factor: float) -> None:
    ours = measure(adaptive, estimate_s, 0.35, factor=factor)

    assert ours.mean_lag_s <= measure(fixed(10.0), estimate_s, 0.35, factor=factor).mean_lag_s


@pytest.mark.parametrize("estimate_s", [None, 0.001, 1.0, 20.0, 120.0, 600.0, 86_400.0])
@pytest.mark.parametrize("elapsed_s", [0.0, 1e-9, 1.0, 60.0, 600.0, 21_600.0, 1e12])
def test_every_interval_is_between_1_and_10_s(elapsed_s: float, estimate_s: float | None) -> None:
    assert 1.0 <= interval(elapsed_s, estimate_s) <= 10.0


def test_it_asks_most_often_around_the_estimate() -> None:
    assert interval(5.0) == 10.0
    assert interval(60.0) > interval(90.0) > interval(120.0)


def test_without_an_estimate_intervals_grow_with_the_time() -> None:
    intervals = [interval(elapsed, None) for elapsed in (0.0, 10.0, 60.0, 300.0, 900.0)]

    assert intervals == sorted(intervals)
    assert (intervals[0], intervals[-1]) == (1.0, 10.0)


@pytest.mark.parametrize("z", [7.9, 8.1, 20.0, 30.0])
def test_the_hazard_goes_on_smoothly_where_floats_end(z: float) -> None:
    elapsed = 120.0 * math.exp(0.4 * z)

    assert hazard(elapsed, Prior.announced(120.0)) == pytest.approx(z / (0.4 * elapsed), rel=0.03)


def test_what_remains_of_the_window_is_shared_out_until_its_reset() -> None:
    limit = RateLimit(60, 30, 30.0)

    assert interval(120.0, limit=limit) < 4
    assert interval(120.0, limit=limit, jobs=10) == pytest.approx(10 * 30 / (30 - 7))
    assert interval(120.0, limit=RateLimit(60, 20, 30.0), jobs=10) > interval(120.0, limit=limit, jobs=10)


@pytest.mark.parametrize("remaining", [0, 1, 5])
def test_where_the_window_has_no_room_it_waits_for_the_next_but_not_with_all_the_others(remaining: int) -> None:
    waits = {
        round(interval_s(120.0, Prior.announced(120.0), RateLimit(60, remaining, 30.0), 20.0, random.Random(n)), 1)
        for n in range(50)
    }

    assert min(waits) >= 30
    assert max(waits) <= 30 + 1.3 * 20
    assert len(waits) > 20


def test_a_generous_limit_changes_nothing() -> None:
    assert interval(120.0, limit=RateLimit(200, 190, 50.0)) == interval(120.0)


@pytest.mark.parametrize("limit", [RateLimit(None, 1, 30.0), RateLimit(60, None, 30.0), RateLimit(60, 1, None)])
def test_a_limit_that_is_only_half_known_changes_nothing(limit: RateLimit) -> None:
    assert interval(120.0, limit=limit, jobs=20) == interval(120.0)


def test_the_interval_is_the_one_in_its_own_middle() -> None:
    # 90 s into a scan of about 120 s the hazard rises: the next look is sooner than the rate right now would have it.
    assert interval(90.0) == pytest.approx(3.76, abs=0.02)


def test_a_window_that_is_reserved_to_the_last_request_has_no_room() -> None:
    assert interval(120.0, limit=RateLimit(60, 7, 30.0), jobs=10) >= 30
