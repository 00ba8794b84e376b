"""What the rate-limit headers say, as far as it can be believed."""

from collections.abc import Mapping

import httpx
import pytest

from secuprobe_action.api.ratelimit import RateLimit
from secuprobe_action.api.sharing import KeySharing

NOW = 1_790_000_000.0
HTTP_NOW = "Mon, 21 Sep 2026 14:13:20 GMT"  # NOW


def read(headers: Mapping[str, str]) -> RateLimit:
    return RateLimit.from_headers(httpx.Headers(headers), NOW)


def test_the_documented_headers() -> None:
    headers = {"X-RateLimit-Limit": "60", "x-ratelimit-remaining": "59", "X-RATELIMIT-RESET": str(int(NOW) + 42)}

    assert read(headers) == RateLimit(60, 59, 42.0, None)


def test_no_headers_say_nothing() -> None:
    assert read({}) == RateLimit()


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-1", "1e400", "9" * 400, "١"])
def test_nonsense_says_nothing(text: str) -> None:
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After", "Date")
    headers = httpx.Headers([(name.encode(), text.encode()) for name in names])

    assert RateLimit.from_headers(headers, NOW) == RateLimit()


@pytest.mark.parametrize("reset", [NOW - 1, NOW, NOW + 601, NOW * 1000, 0, 42])
def test_a_reset_in_the_past_or_absurdly_far_is_not_believed(reset: float) -> None:
    assert read({"X-RateLimit-Reset": str(reset)}).reset_in_s is None


def test_the_reset_is_measured_against_the_servers_own_clock() -> None:
    skewed = {"X-RateLimit-Reset": str(int(NOW) - 300 + 30), "Date": "Mon, 21 Sep 2026 14:08:20 GMT"}

    assert read(skewed).reset_in_s == 30.0
    assert read({"X-RateLimit-Reset": str(int(NOW) + 30), "Date": HTTP_NOW}).reset_in_s == 30.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30.0),
        ("86400", 86_400.0),
        ("Tue, 22 Sep 2026 14:13:20 GMT", 86_400.0),
        ("Mon, 21 Sep 2026 14:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_however_long(text: str, seconds: float) -> None:
    assert read({"Retry-After": text}).retry_after_s == seconds


@pytest.mark.parametrize("text", ["-5", "soon", "1e9", "9" * 16, ""])
def test_what_is_neither_is_no_retry_after(text: str) -> None:
    assert read({"Retry-After": text}).retry_after_s is None


def state(used: int, reset_in_s: float = 50.0) -> RateLimit:
    return RateLimit(60, 60 - used, reset_in_s)


def test_a_job_alone_knows_so() -> None:
    sharing = KeySharing()

    for n in range(1, 20):
        sharing.observe(state(n), now=0.0, admitted=True)

    assert sharing.jobs == 1.0


def test_a_job_amid_a_crowd_expects_more_to_come() -> None:
    sharing = KeySharing()

    sharing.observe(state(10), now=0.0, admitted=True)

    assert sharing.jobs == 25.0


def test_the_number_is_all_requests_over_its_own() -> None:
    sharing = KeySharing()

    sharing.observe(state(10), now=0.0, admitted=True)
    sharing.observe(state(30, 40.0), now=10.0, admitted=True)
    assert sharing.jobs == 15.0

    sharing.observe(state(60, 30.0), now=20.0, admitted=False)
    assert sharing.jobs == 30.0


def test_what_a_window_taught_is_remembered_in_the_next() -> None:
    sharing = KeySharing()
    sharing.observe(state(10), now=0.0, admitted=True)
    sharing.observe(state(40, 40.0), now=10.0, admitted=True)

    sharing.observe(state(1, 60.0), now=50.0, admitted=True)

    assert sharing.jobs == pytest.approx((1 + 4 * 20) / 5)


def test_without_headers_nothing_is_learnt() -> None:
    sharing = KeySharing()

    sharing.observe(RateLimit(), now=0.0, admitted=True)

    assert sharing.jobs == 1.0
