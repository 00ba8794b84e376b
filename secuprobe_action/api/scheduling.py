"""Pure: which request of many scans on one key is worth most now. docs/polling.md derives the rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import erfc, exp, log, sqrt

from secuprobe_action.api.polling import DENSITY, FLOOR_S, Prior, hazard
from secuprobe_action.api.window import Room

PRICE_S = DENSITY**2 / 2
"""What a request is worth at the least, in seconds that somebody waits: what a scan alone pays, too."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A scan that runs, as far as anybody knows.

    Args:
        since_s: its age when it was last asked for, in seconds, at least 0.
        age_s: its age now.
        prior: what is known of its length, or None.
    """

    since_s: float
    age_s: float
    prior: Prior | None

    @property
    def chance(self) -> float:
        """How likely it is that it has ended by now, given that it hadn't when it was last asked for."""
        before = survival(self.since_s, self.prior)
        return 1 - survival(self.age_s, self.prior) / before if before > _RARE else 1.0

    @property
    def waited_s(self) -> float:
        """For how many seconds, on average, it has ended by now."""
        before = survival(self.since_s, self.prior)
        if before <= _RARE:
            return self.age_s - self.since_s
        gone = _gone_s(self.age_s, self.prior) - _gone_s(self.since_s, self.prior)
        return max(0.0, (gone - (1 - before) * (self.age_s - self.since_s)) / before)


def survival(age_s: float, prior: Prior | None) -> float:
    """Return the chance that a scan takes longer than `age_s`, at least 0."""
    if prior is None:
        return 1 / max(age_s, FLOOR_S)  # no scale is known: any doubling of its age is as likely to see its end as any other
    if age_s <= 0:
        return 1.0
    return erfc(log(age_s / prior.centre_s) / prior.spread / sqrt(2)) / 2


def _gone_s(age_s: float, prior: Prior | None) -> float:
    """Return the integral, over the ages up to this one, of the chance that the scan has ended."""
    if prior is None:
        age_s = max(age_s, FLOOR_S)
        return age_s - log(age_s)
    if age_s <= 0:
        return 0.0
    z = log(age_s / prior.centre_s) / prior.spread
    mean = prior.centre_s * exp(prior.spread**2 / 2)
    return age_s * _normal(z) - mean * _normal(z - prior.spread)


def _normal(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2


_RARE = 1e-9
"""Beyond this a prior says nothing any more."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the key until its window is over.

    Args:
        room: what the window has left.
        launches: requests that launch scans, to be made until then.
        finishing: how many requests a scan takes once its end is seen, at least 1.
    """

    room: Room
    launches: float
    finishing: float


def price_s(watched: Sequence[Watched], load: Load) -> float:
    """Return for how many seconds a scan must have waited, on average, to be worth a poll: so that what is left is just spent.

    A lower one would spend the window before it is over, when more scans will have ended; a higher one would leave some of it.

    Args:
        watched: the scans that run.
        load: what is left, and what else it is for.
    """
    # A request is never worth nothing: at its last moment a window's rest may still be spent.
    left = max(load.room.left - load.launches, 0.5)
    demands = [_demand(each, load.room.resets_in_s) for each in watched]
    low, high = log(PRICE_S), log(_MAX_PRICE_S)
    if _requests(demands, exp(low), load.finishing) <= left:
        return PRICE_S
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _requests(demands, exp(middle), load.finishing) > left:
            low = middle
        else:
            high = middle
    return exp(high)


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a scan will have polls for within a window.

    Args:
        polls: how many, at a price of one second.
        end: the chance that it has ended when the window is over.
    """

    polls: float
    end: float


def _demand(each: Watched, seconds: float) -> _Demand:
    """Return a scan's demand within the next seconds: polls are as dense as the square root of the hazard rate (polling.py)."""
    before = max(survival(each.since_s, each.prior), _RARE)
    width = seconds / _POINTS
    ages = (each.age_s + (point + 0.5) * width for point in range(_POINTS))
    dense = (sqrt(hazard(max(age, FLOOR_S), each.prior) / 2) * min(1.0, survival(age, each.prior) / before) for age in ages)
    return _Demand(sum(dense) * width, 1 - survival(each.age_s + seconds, each.prior) / before)


def _requests(demands: Iterable[_Demand], price: float, finishing: float) -> float:
    """Return how many requests are made at a price: the polls, and what follows where one finds the scan ended."""
    root = sqrt(price)
    return sum(each.polls / root + finishing * each.end * (1 - exp(-each.polls / root)) for each in demands)


_POINTS = 6
"""At which a window is looked at; more change nothing (`make bench-fleet`)."""

_MAX_PRICE_S, _HALVINGS = 3_600.0, 16
