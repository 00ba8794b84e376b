"""When to ask next: lag and requests of the schedule beside fixed intervals, for scans whose length is lognormal."""

import bisect
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp

from secuprobe_action.api.polling import Prior, interval_s
from secuprobe_action.api.ratelimit import RateLimit

SCANS = 10_000
LEARNT_SCANS = 2_000
OTHER_REQUESTS = 2  # the launch and the list
UNLIMITED = RateLimit()

Schedule = Callable[[float, float], float]


@dataclass(frozen=True)
class Figures:
    """What a schedule costs: seconds from a scan's end to the poll that sees it, and requests a scan."""

    mean_lag_s: float
    p95_lag_s: float
    requests: float


def adaptive(elapsed_s: float, estimate_s: float | None) -> float:
    """Return the interval of the schedule in use, where only the API's estimate is known."""
    return _interval(elapsed_s, None if estimate_s is None else Prior.announced(estimate_s))


def _interval(elapsed_s: float, prior: Prior | None) -> float:
    return interval_s(elapsed_s, prior, UNLIMITED, 1.0, random.Random(0))


def fixed(interval: float) -> Schedule:
    """Return the schedule that always waits as long."""
    return lambda elapsed_s, estimate_s: interval


def measure(schedule: Schedule, estimate_s: float, sigma: float, *, factor: float = 1.0, seed: int = 1) -> Figures:
    """Run SCANS scans whose length is lognormal around `factor` times the estimate."""
    source = random.Random(seed)
    durations = [factor * estimate_s * exp(source.gauss(0, sigma)) for _ in range(SCANS)]
    polls = _polls(schedule, estimate_s, max(durations))
    seen = [bisect.bisect_left(polls, duration) for duration in durations]
    lags = sorted(polls[index] - duration for index, duration in zip(seen, durations, strict=True))
    requests = statistics.mean(index + 1 for index in seen) + OTHER_REQUESTS
    return Figures(statistics.mean(lags), lags[int(0.95 * SCANS)], requests)


def measure_learnt(length_s: float, sigma: float, estimate_s: float, *, known: int = 4, seed: int = 1) -> Figures:
    """Run LEARNT_SCANS scans of a site whose scans take a lognormal around `length_s`, `known` of which went before each.

    What is known of those is what was seen of them, each with what was known then: that they ended between two polls. The first
    has only the API's estimate.
    """
    source = random.Random(seed)
    lags: list[float] = []
    requests: list[int] = []
    for _ in range(LEARNT_SCANS):
        lengths: list[float] = []
        for _ in range(known + 1):
            duration_s = length_s * exp(source.gauss(0, sigma))
            earlier_s, seen_s, polls = _seen(duration_s, Prior.learnt(lengths) or Prior.announced(estimate_s))
            lengths.append((earlier_s + seen_s) / 2)
        lags.append(seen_s - duration_s)
        requests.append(polls + OTHER_REQUESTS)
    return Figures(statistics.mean(lags), sorted(lags)[int(0.95 * LEARNT_SCANS)], statistics.mean(requests))


def _seen(duration_s: float, prior: Prior) -> tuple[float, float, int]:
    """Return when the last poll but one was made and the one that saw the end, and how many there were by then."""
    before, now, polls = 0.0, 0.0, 0
    while now < duration_s:
        before, now, polls = now, now + _interval(now, prior), polls + 1
    return before, now, polls


def _polls(schedule: Schedule, estimate_s: float, until_s: float) -> Sequence[float]:
    """Return the times of the polls: they don't depend on the scan's length, but for the last."""
    polls = [schedule(0.0, estimate_s)]
    while polls[-1] < until_s:
        polls.append(polls[-1] + schedule(polls[-1], estimate_s))
    return polls


def main() -> None:
    schedules: dict[str, Schedule] = {"adaptive": adaptive, "fixed 10 s": fixed(10.0), "fixed 5 s": fixed(5.0)}
    print("| estimate | sigma | off by |", " | ".join(f"{name}: mean lag, p95, requests" for name in schedules), "|")
    print("| ---: | ---: | ---: |", " | ".join("---:" for _ in schedules), "|")
    cases = [(estimate, sigma, 1.0) for sigma in (0.2, 0.35, 0.6) for estimate in (20.0, 120.0, 600.0)]
    cases += [(estimate, 0.35, factor) for factor in (1 / 3, 3.0) for estimate in (20.0, 120.0, 600.0)]
    for estimate_s, sigma, factor in cases:
        figures = [measure(schedule, estimate_s, sigma, factor=factor) for schedule in schedules.values()]
        cells = " | ".join(f"{f.mean_lag_s:.2f} s, {f.p95_lag_s:.2f} s, {f.requests:.1f}" for f in figures)
        print(f"| {estimate_s:.0f} s | {sigma} | {factor:.2g} | {cells} |")

    print("\n| length | four earlier scans known: mean lag, p95, requests | only an estimate, a third | three times |")
    print("| ---: | ---: | ---: | ---: |")
    for length_s in (20.0, 120.0, 600.0):
        figures = [
            measure_learnt(length_s, 0.2, 3 * length_s),
            measure_learnt(length_s, 0.2, length_s / 3, known=0),
            measure_learnt(length_s, 0.2, 3 * length_s, known=0),
        ]
        cells = " | ".join(f"{f.mean_lag_s:.2f} s, {f.p95_lag_s:.2f} s, {f.requests:.1f}" for f in figures)
        print(f"| {length_s:.0f} s | {cells} |")


if __name__ == "__main__":
    main()
