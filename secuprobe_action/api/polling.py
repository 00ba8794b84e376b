"""Pure: when to ask next whether a scan has ended. docs/polling.md derives the rule."""

from math import erfc, exp, log, pi, sqrt

from secuprobe_action.api.ratelimit import WINDOW_S, RateLimit

FLOOR_S, CAP_S = 1.0, 10.0
DENSITY = 0.405  # polls a second = sqrt(hazard) / DENSITY: the price of a request against a second of lag
SPREAD = 0.4  # of the lognormal around the estimate


def hazard(elapsed_s: float, estimate_s: float | None) -> float:
    """Return the chance per second that a scan ends now, given that it still runs after `elapsed_s`, above 0."""
    if not estimate_s:
        return 1 / elapsed_s  # no scale is known: as likely to end within any one doubling of its time as within any other
    z = log(elapsed_s / estimate_s) / SPREAD
    if z > 8:  # erfc is about to leave the range of a float; its asymptote is good to 2 % from here
        return z / (SPREAD * elapsed_s)
    return sqrt(2 / pi) * exp(-z * z / 2) / erfc(z / sqrt(2)) / (SPREAD * elapsed_s)


def interval_s(elapsed_s: float, estimate_s: float | None, rate_limit: RateLimit) -> float:
    """Return the seconds from this poll to the next, given the seconds since the launch (at least 0)."""
    first = _unshared_s(max(elapsed_s, FLOOR_S), estimate_s)
    return _shared_s(_unshared_s(max(elapsed_s, FLOOR_S) + first / 2, estimate_s), rate_limit)  # the interval at its middle


def _unshared_s(elapsed_s: float, estimate_s: float | None) -> float:
    density = sqrt(hazard(elapsed_s, estimate_s)) / DENSITY
    return max(FLOOR_S, 1 / density) if density > 1 / CAP_S else CAP_S


def _shared_s(interval: float, rate_limit: RateLimit) -> float:
    """Stretch the interval so that all who share the key, doing the same, use up what remains just at the reset."""
    limit, remaining, reset_in_s = rate_limit.limit, rate_limit.remaining, rate_limit.reset_in_s
    if not limit or remaining is None or reset_in_s is None:
        return interval
    if remaining <= 0:
        return max(interval, reset_in_s)
    used_per_s = (limit - remaining) / max(WINDOW_S - reset_in_s, FLOOR_S)
    return interval * max(1.0, used_per_s * reset_in_s / remaining)
