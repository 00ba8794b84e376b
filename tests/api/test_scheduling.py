"""Which request is worth most: a poll's worth grows with what may have happened, and its price spends the window."""

import random
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.api.polling import Prior
from secuprobe_action.api.ratelimit import WINDOW_S
from secuprobe_action.api.scheduling import PRICE_S, Load, Watched, price_s, survival
from secuprobe_action.api.window import Room

PRIOR = Prior(120.0, 0.4)

seconds = st.just(0.0) | st.floats(0.001, 3_600)
priors = st.none() | st.builds(Prior, st.floats(1, 3_600), st.floats(0.1, 1))


def watched(ages_s: list[float]) -> list[Watched]:
    return [Watched(max(0.0, age - 5), age, PRIOR) for age in ages_s]


def ages(count: int, seed: int = 1) -> list[float]:
    source = random.Random(seed)
    return [source.uniform(0, 150) for _ in range(count)]


@given(seconds, seconds, priors)
def test_a_chance_is_one_and_nobody_has_waited_for_longer_than_since_the_last_look(
    since_s: float, more_s: float, prior: Prior | None
) -> None:
    each = Watched(since_s, since_s + more_s, prior)

    assert -1e-9 <= each.chance <= 1
    assert 0 <= each.waited_s <= more_s + 1e-6


@given(seconds, seconds, seconds, priors)
def test_the_longer_nobody_looked_the_more_a_look_is_worth(
    since_s: float, more_s: float, still_more_s: float, prior: Prior | None
) -> None:
    soon, late = (Watched(since_s, since_s + more_s + later_s, prior) for later_s in (0.0, still_more_s))

    # Beyond what the prior knows of, what is left of it is a difference of very small numbers.
    if survival(since_s, prior) > 1e-6:
        assert late.waited_s >= soon.waited_s - 1e-3
        assert late.chance >= soon.chance - 1e-6


@pytest.mark.parametrize("prior", [None, Prior(120.0, 0.4), Prior(20.0, 0.2)], ids=["unknown", "announced", "learnt"])
def test_what_was_waited_for_is_what_chance_says(prior: Prior | None) -> None:
    """The mean over scans that are drawn one by one, of those that still ran when they were last asked for."""
    since_s, age_s = (100.0, 140.0) if prior is None or prior.centre_s > 100 else (18.0, 24.0)
    source = random.Random(1)

    def length_s() -> float:
        if prior is None:
            return 1 / max(source.random(), 1e-12)
        return prior.centre_s * exp(source.gauss(0, prior.spread))

    drawn = [each for each in (length_s() for _ in range(200_000)) if each > since_s]
    ended = [age_s - each for each in drawn if each <= age_s]
    each = Watched(since_s, age_s, prior)

    assert each.chance == pytest.approx(len(ended) / len(drawn), rel=0.05)
    assert each.waited_s == pytest.approx(sum(ended) / len(drawn), rel=0.05)


# The price.


@pytest.mark.parametrize(("scans", "left", "resets_in_s"), [(100, 60, 60.0), (100, 200, 60.0), (40, 50, 30.0), (300, 200, 60.0)])
def test_the_price_spends_what_is_left_and_not_all_in_the_first_half(scans: int, left: int, resets_in_s: float) -> None:
    for seed in range(3):
        asked = _asked(scans, left, resets_in_s, seed)

        assert 0.95 * left <= sum(asked) <= left
        assert sum(asked[: len(asked) // 2]) < 0.6 * left


def _asked(scans: int, left: int, resets_in_s: float, seed: int) -> list[int]:
    """Return how many requests were made in each second: polls at the price, found anew, and a list where one sees the end."""
    source = random.Random(seed)
    running = {each: _end_s(each.since_s, source) for each in watched(ages(scans, seed))}
    asked: list[int] = []
    for second in range(int(resets_in_s)):
        asked.append(0)
        price = price_s(list(running), Load(Room(200, left - sum(asked), resets_in_s - second), 0.0, 1.0))
        for each in sorted(running, key=lambda each: each.waited_s, reverse=True):
            if each.waited_s < price or sum(asked) + 2 > left:
                break
            end_s = running.pop(each)
            asked[-1] += 2 if end_s <= each.age_s else 1
            if end_s > each.age_s:
                running[Watched(each.age_s, each.age_s, each.prior)] = end_s
        running = {Watched(each.since_s, each.age_s + 1, each.prior): end_s for each, end_s in running.items()}
    return asked


def _end_s(since_s: float, source: random.Random) -> float:
    while True:
        end_s = PRIOR.centre_s * exp(source.gauss(0, PRIOR.spread))
        if end_s > since_s:
            return end_s


def test_where_there_is_plenty_a_poll_costs_what_a_scan_alone_pays() -> None:
    assert price_s(watched(ages(3)), Load(Room(200, 200, WINDOW_S), 0.0, 1.0)) == PRICE_S
    assert price_s([], Load(Room(60, 1, 1.0), 0.0, 1.0)) == PRICE_S


@given(st.integers(0, 200), st.integers(0, 100), st.floats(1, 60), st.floats(0, 50), st.sampled_from((1.0, 3.0)))
def test_the_less_there_is_the_dearer_a_poll(
    left: int, scans: int, resets_in_s: float, launches: float, finishing: float
) -> None:
    running = watched(ages(scans))

    def price(left: int = left, launches: float = launches, finishing: float = finishing) -> float:
        return price_s(running, Load(Room(200, left, resets_in_s), launches, finishing))

    assert price() >= PRICE_S
    assert price(left=left + 20) <= price() * (1 + 1e-9)
    assert price(launches=launches + 20) >= price() * (1 - 1e-9)
    assert price(finishing=finishing + 2) >= price() * (1 - 1e-9)
    assert log(price()) < log(3_600.0) + 1e-9


def test_nothing_left_is_never_worth_nothing() -> None:
    """At its last moment a window's rest may still be spent: on the scan that has most likely ended."""
    late = Watched(60.0, 400.0, PRIOR)

    assert late.waited_s > price_s([late], Load(Room(60, 0, 0.1), 0.0, 1.0))
