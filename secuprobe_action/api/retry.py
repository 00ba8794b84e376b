"""Pure: may this request be repeated, and after what wait.

What may be repeated (POST stands for POST /scans; a GET changes nothing and a repeated launch can cost a scan):

| failure                                                | GET    | POST                             |
| ------------------------------------------------------ | ------ | -------------------------------- |
| no connection (refused, look-up)                       | repeat | repeat                           |
| after the request was sent (timeout, reset, body)      | repeat | never: a scan may be running     |
| 429                                                    | repeat | repeat                           |
| 500, 503 with the API's own JSON `error`               | repeat | repeat: it surely came to nothing|
| any other 5xx (a gateway may have lost the answer)     | repeat | never: a scan may be running     |
| not SecuProbe's answer (a challenge, maintenance page) | repeat | never; running unless it is a 4xx|
| JSON that isn't what was asked for                     | repeat | never: a scan may be running     |
| 408, 425                                               | repeat | never                            |
| 303                                                    | never  | never: a scan may be running     |
| anything else                                          | never  | never                            |

A 404 in the first seconds after a launch is the client's to repeat. What is repeated is repeated for as long as the budget lasts.
"""

from dataclasses import dataclass

from secuprobe_action.api.ratelimit import Random, RateLimit, spread_s
from secuprobe_action.errors import (
    ApiError,
    Intercepted,
    ProtocolError,
    RateLimited,
    RedirectRefused,
    ServerError,
    TooLarge,
    TransportError,
    UnexpectedStatus,
)

MAX_BACKOFF_S = 30.0
LAUNCH_SPREAD = 10.0
"""A refused launch comes back within this many times the rest of the window (found with `make bench-fleet`)."""

OPTIONAL_TRIES = 5
"""Tries for what the run can do without, the account's domains as a hint."""

SETTLING_PAUSE_S = 2.0
"""Between two looks at a scan that was just launched and isn't known yet."""


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
        case ServerError(own_words=True, status=500 | 503):
            return True
        case TransportError(sent=False):
            return not error.permanent
    return not launching and _is_passing(error)


def _is_passing(error: ApiError) -> bool:
    """Whether a request that changes nothing may go well at another try."""
    match error:
        case RedirectRefused() | TooLarge():
            return False
        case TransportError():
            return not error.permanent
        case ServerError() | Intercepted() | ProtocolError():
            return True
    return isinstance(error, UnexpectedStatus) and error.status in _REPEATABLE


_REPEATABLE = (408, 425)
"""Request Timeout and Too Early: the server says itself that another try may do."""


def may_have_launched(error: ApiError) -> bool:
    """Whether a launch that ended in `error` may have started a scan all the same."""
    match error:
        case TransportError():
            return error.sent
        case ServerError():
            return not (error.own_words and error.status in (500, 503))
        case Intercepted():
            return error.status not in _REFUSALS
    return error.status is not None and (200 <= error.status < 300 or error.status in (303, 408))


_REFUSALS = frozenset(range(400, 500)) - {408}


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
    if isinstance(failure.error, RateLimited) and told:  # told to come back at once, it still backs off
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
