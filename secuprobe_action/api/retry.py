"""Pure: may this request be repeated, and after what wait.

What may be repeated (POST stands for POST /scans; a GET changes nothing and a repeated launch can cost a scan):

| failure                                              | GET    | POST                        |
| ---------------------------------------------------- | ------ | --------------------------- |
| no connection (refused, DNS)                         | repeat | repeat                      |
| after the request was sent (timeout, reset, body)    | repeat | never: a scan may be running|
| 429                                                  | repeat | repeat                      |
| 500, 503                                             | repeat | repeat (as documented)      |
| other 5xx (502, 504: a gateway lost the answer)      | repeat | never: a scan may be running|
| anything else                                        | never  | never                       |
"""

from dataclasses import dataclass

from secuprobe_action.api.ratelimit import Random, RateLimit, spread_s
from secuprobe_action.errors import ApiError, RateLimited, ServerError, TransportError, UndecodableBody

MAX_BACKOFF_S = 30.0
LAUNCH_TRIES = 5
"""Launching gives up after so many tries. A 429 is not one of them: it is a refusal, not a fault."""

LAUNCH_SPREAD = 10.0
"""A refused launch comes back within this many times the rest of the window (found with `make bench-fleet`)."""

OPTIONAL_TRIES = 5
"""Tries for what the run can do without: the list of vulnerabilities (the counts decide then), domains, a baseline."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed, with its history.

    Args:
        error: what went wrong.
        faults: how often this request has failed by now, this time included, rate limiting aside; at least 0.
        refusals: how often it has been rate limited by now, this time included; at least 0.
        rate_limit: what the answer said of the limit.
        jobs: how many jobs seem to share the key, at least 1.
        left_s: what the time budget has left, in seconds.
        launching: whether it is the request that launches a scan.
    """

    error: ApiError
    faults: int
    refusals: int
    rate_limit: RateLimit
    jobs: float
    left_s: float
    launching: bool


def may_repeat(error: ApiError, *, launching: bool) -> bool:
    """Whether repeating the request is safe and of any use: the table above, `launching` being its column POST."""
    match error:
        case RateLimited():
            return True
        case ServerError():
            return not launching or error.status in (500, 503)
        case TransportError():
            return not error.permanent and not (launching and error.sent)
        case UndecodableBody():
            return not launching
    return False


def may_have_launched(error: ApiError) -> bool:
    """Whether a launch that ended in `error` may have started a scan all the same."""
    match error:
        case TransportError():
            return error.sent
        case ServerError():
            return error.status not in (500, 503)
    return error.status is not None and 200 <= error.status < 300


def wait_s(failure: Failure, random: Random) -> float:
    """Return how long to wait before the next try, in seconds.

    A refusal is waited out until the server says that the window is over. The jobs that were refused with this one would
    come back at the same moment, so each spreads its return, twice as far at each further refusal, but never beyond half of
    the time that it has left after the reset. A fault is waited out exponentially with full jitter, which spreads the
    load best (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), on top of what a server in
    trouble asks for.
    """
    asked_for = failure.rate_limit.retry_after_s
    told = failure.rate_limit.reset_in_s if asked_for is None else asked_for
    if isinstance(failure.error, RateLimited) and told is not None:
        spread = _return_s(failure, told) * 2 ** min(failure.refusals - 1, 4)
        return told + random.uniform(0, min(spread, max(0.0, failure.left_s - told) / 2))
    tries = failure.faults + failure.refusals
    at_least = asked_for or 0.0 if isinstance(failure.error, ServerError) else 0.0  # of a lost answer nothing is known
    return at_least + random.uniform(0, min(MAX_BACKOFF_S, 2.0 ** min(tries, 10)))


def _return_s(failure: Failure, told: float) -> float:
    """Return over how many seconds those who were refused come back.

    Those who poll know about how many they are. Those who launch don't; but a window that was used up early is wanted by
    many, and each of them has its polls and its list still to ask for.
    """
    if failure.launching:
        return LAUNCH_SPREAD * told
    limit = failure.rate_limit.limit
    return told if limit is None else spread_s(failure.jobs, limit)
