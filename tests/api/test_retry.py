"""What may be repeated, row by row of the table, and how long is waited."""

import random

import pytest

from secuprobe_action.api.ratelimit import RateLimit
from secuprobe_action.api.retry import Failure, may_have_launched, may_repeat, wait_s
from secuprobe_action.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Intercepted,
    LegallyBlocked,
    NotFound,
    OutOfTime,
    PaymentRequired,
    ProtocolError,
    RateLimited,
    RedirectRefused,
    ServerError,
    TooLarge,
    TransportError,
    Unauthorized,
    UndecodableBody,
    UnexpectedStatus,
    Unprocessable,
)

NO_CONNECTION = TransportError("refused", sent=False)
LOST = TransportError("reset", sent=True)
BAD_CERTIFICATE = TransportError("certificate", sent=False, permanent=True)

# error, a GET is repeated, a launch is repeated, a launch may have happened
TABLE: list[tuple[str, ApiError, bool, bool, bool]] = [
    ("connect or DNS error", NO_CONNECTION, True, True, False),
    ("certificate not trusted", BAD_CERTIFICATE, False, False, False),
    ("read timeout or reset after sending", LOST, True, False, True),
    ("truncated or undecodable body", UndecodableBody("", status=201), True, False, True),
    ("understood as JSON, but not as an answer", ProtocolError("", status=200), True, False, True),
    ("larger than anything", TooLarge("", status=200), False, False, True),
    ("a page in front, with 200", Intercepted("", status=200), True, False, True),
    ("a page in front, with 403", Intercepted("", status=403), True, False, False),
    ("a page in front, with 503", Intercepted("", status=503), True, False, True),
    ("redirect", RedirectRefused("", status=302), False, False, False),
    ("redirect after processing", RedirectRefused("", status=303), False, False, True),
    ("429", RateLimited("", status=429), True, True, False),
    ("500 in the API's own words", ServerError("", status=500, own_words=True), True, True, False),
    ("503 in the API's own words", ServerError("", status=503, own_words=True), True, True, False),
    ("500", ServerError("", status=500), True, False, True),
    ("503", ServerError("", status=503), True, False, True),
    ("502 in the API's own words", ServerError("", status=502, own_words=True), True, False, True),
    ("502", ServerError("", status=502), True, False, True),
    ("504", ServerError("", status=504), True, False, True),
    ("400", BadRequest("", status=400), False, False, False),
    ("401", Unauthorized("", status=401), False, False, False),
    ("403", Forbidden("", status=403), False, False, False),
    ("404", NotFound("", status=404), False, False, False),
    ("402", PaymentRequired("", status=402), False, False, False),
    ("409", Conflict("", status=409), False, False, False),
    ("422", Unprocessable("", status=422), False, False, False),
    ("451", LegallyBlocked("", status=451), False, False, False),
    ("408", UnexpectedStatus("", status=408), True, False, True),
    ("425", UnexpectedStatus("", status=425), True, False, False),
    ("418", UnexpectedStatus("", status=418), False, False, False),
    ("time is up", OutOfTime("", status=429), False, False, False),
]


@pytest.mark.parametrize(("error", "get", "post", "launched"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(error: ApiError, get: bool, post: bool, launched: bool) -> None:
    assert may_repeat(error, launching=False) == get
    assert may_repeat(error, launching=True) == post
    assert may_have_launched(error) == launched


class Extreme:
    """Randomness that always falls on one end."""

    def __init__(self, *, high: bool) -> None:
        self._high = high

    def uniform(self, a: float, b: float, /) -> float:
        return b if self._high else a


LOW, HIGH = Extreme(high=False), Extreme(high=True)


def failure(
    error: ApiError = NO_CONNECTION,
    *,
    faults: int = 0,
    refusals: int = 0,
    limit: RateLimit | None = None,
    jobs: float = 1.0,
    left_s: float = 600.0,
    launching: bool = False,
) -> Failure:
    return Failure(error, faults, refusals, limit or RateLimit(), jobs, left_s, launching)


def test_faults_are_waited_out_exponentially_with_full_jitter_up_to_30_s() -> None:
    longest = [wait_s(failure(faults=faults), HIGH) for faults in range(1, 9)]

    assert longest == [2, 4, 8, 16, 30, 30, 30, 30]
    assert {wait_s(failure(faults=faults), LOW) for faults in range(1, 9)} == {0.0}


def test_a_thousand_faults_do_not_overflow() -> None:
    assert wait_s(failure(faults=100_000), HIGH) == 30


REFUSED = RateLimited("", status=429)


@pytest.mark.parametrize(
    ("limit", "shortest"),
    [
        (RateLimit(reset_in_s=40.0, limit=60), 40.0),
        (RateLimit(retry_after_s=7.0, reset_in_s=40.0, limit=60), 7.0),
        (RateLimit(retry_after_s=7.0), 7.0),
        (RateLimit(), 0.0),
    ],
)
def test_a_refusal_is_waited_out_as_the_server_says(limit: RateLimit, shortest: float) -> None:
    assert wait_s(failure(REFUSED, refusals=1, limit=limit), LOW) == shortest


def test_those_refused_together_come_back_one_by_one() -> None:
    limit = RateLimit(limit=60, reset_in_s=10.0)
    source = random.Random(1)

    waits = [wait_s(failure(REFUSED, refusals=1, limit=limit, jobs=60), source) for _ in range(100)]

    assert min(waits) >= 10
    assert 60 < max(waits) <= 10 + 1.3 * 60
    assert len({round(wait) for wait in waits}) > 40


def test_the_return_spreads_further_with_each_refusal_but_leaves_half_of_the_time() -> None:
    limit = RateLimit(limit=60, reset_in_s=10.0)

    longest = [wait_s(failure(REFUSED, refusals=n, limit=limit, jobs=30), HIGH) for n in (1, 2, 3)]

    assert longest == [pytest.approx(10 + 39), pytest.approx(10 + 78), pytest.approx(10 + 156)]
    assert wait_s(failure(REFUSED, refusals=1, limit=limit, jobs=3000, left_s=110), HIGH) == 60


def test_a_refused_launch_keeps_clear_of_the_jobs_that_got_in() -> None:
    limit = RateLimit(limit=60, reset_in_s=20.0)

    assert wait_s(failure(REFUSED, refusals=1, limit=limit, launching=True), HIGH) == 20 + 200


def test_a_wait_beyond_the_budget_is_still_what_the_server_said() -> None:
    limit = RateLimit(limit=60, reset_in_s=50.0)

    assert wait_s(failure(REFUSED, refusals=1, limit=limit, left_s=20), HIGH) == 50


def test_a_server_in_trouble_is_given_the_time_that_it_asks_for() -> None:
    asked = RateLimit(retry_after_s=20.0, reset_in_s=40.0)

    assert wait_s(failure(ServerError("", status=503), faults=1, limit=asked), LOW) == 20
    assert wait_s(failure(ServerError("", status=503), faults=1, limit=RateLimit(reset_in_s=40.0)), LOW) == 0
    assert wait_s(failure(NO_CONNECTION, faults=1, limit=asked), LOW) == 0


def test_a_refusal_without_a_word_on_when_is_waited_out_like_a_fault_the_more_the_longer() -> None:
    assert [wait_s(failure(REFUSED, faults=1, refusals=n), HIGH) for n in (1, 2, 3)] == [4, 8, 16]


def test_the_return_never_spreads_over_more_than_sixteen_times() -> None:
    limit = RateLimit(limit=60, reset_in_s=10.0)

    longest = [wait_s(failure(REFUSED, refusals=n, limit=limit, jobs=6, left_s=1e6), HIGH) for n in (5, 6, 50)]

    assert longest == [pytest.approx(10 + 16 * 7.8)] * 3
