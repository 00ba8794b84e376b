"""Pure: when to ask next whether a scan has ended. docs/polling.md derives the rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, log, pi, sqrt

from secuprobe_action.api.ratelimit import Random, RateLimit, spread_s

FLOOR_S, CAP_S = 1.0, 10.0
DENSITY = 0.405  # polls a second = sqrt(hazard) / DENSITY: the price of a request against a second of lag
ANNOUNCED_SPREAD = 0.4  # of the lognormal around the API's estimate
LEARNT_SPREAD = 0.225  # of the lognormal around a site's own earlier scans, were there very many of them
RESERVE = 0.7  # requests a job that polling leaves in a window, for the lists of those whose scans end in it


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a scan's length before it has ended: a lognormal.

    Args:
        centre_s: its median, in seconds, above 0.
        spread: the standard deviation of its logarithm, above 0.
    """

    centre_s: float
    spread: float

    @classmethod
    def announced(cls, estimate_s: float) -> "Prior":
        """Return what the API's estimate tells."""
        return cls(estimate_s, ANNOUNCED_SPREAD)

    @classmethod
    def learnt(cls, lengths_s: Sequence[float]) -> "Prior | None":
        """Return what the lengths of earlier scans of the site tell, all above 0; None where there are none.

        With few of them the centre itself is uncertain, by the spread over the root of their number.
        """
        if not lengths_s:
            return None
        logs = [log(length) for length in lengths_s]
        return cls(exp(sum(logs) / len(logs)), LEARNT_SPREAD * sqrt(1 + 1 / len(logs)))


def hazard(elapsed_s: float, prior: Prior | None) -> float:
    """Return the chance per second that a scan ends now, given that it still runs after `elapsed_s`, above 0."""
    if prior is None:
        return 1 / elapsed_s  # no scale is known: as likely to end within any one doubling of its time as within any other
    z = log(elapsed_s / prior.centre_s) / prior.spread
    if z > 8:  # erfc is about to leave the range of a float; its asymptote is good to 2 % from here
        return z / (prior.spread * elapsed_s)
    return sqrt(2 / pi) * exp(-z * z / 2) / erfc(z / sqrt(2)) / (prior.spread * elapsed_s)


def interval_s(elapsed_s: float, prior: Prior | None, rate_limit: RateLimit, jobs: float, random: Random) -> float:
    """Return the seconds from this poll to the next, given the seconds since the launch (at least 0) and who shares the key."""
    elapsed_s = max(elapsed_s, FLOOR_S)
    alone = _alone_s(elapsed_s + _alone_s(elapsed_s, prior) / 2, prior)  # the interval at its middle
    limit, remaining, reset_in_s = rate_limit.limit, rate_limit.remaining, rate_limit.reset_in_s
    if limit is None or remaining is None or reset_in_s is None:
        return alone
    room = remaining - RESERVE * jobs
    shared = max(alone, jobs * reset_in_s / room) if room > 0 else reset_in_s
    if shared < reset_in_s:
        return shared
    return max(alone, reset_in_s + random.uniform(0, spread_s(jobs, limit)))


def _alone_s(elapsed_s: float, prior: Prior | None) -> float:
    density = sqrt(hazard(elapsed_s, prior)) / DENSITY
    return max(FLOOR_S, 1 / density) if density > 1 / CAP_S else CAP_S
