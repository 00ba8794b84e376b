"""Pure: what the rate-limit headers of an answer say, as far as it can be believed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

WINDOW_S = 60.0
"""The limits are per minute (API documentation, Rate Limits)."""

MAX_BELIEVED_WAIT_S = 10 * WINDOW_S
"""A window of a minute doesn't reset in an hour: such a value is a unit or a clock gone wrong."""


class Random(Protocol):
    """The one thing that is asked of a source of randomness; `random.Random` has it."""

    def uniform(self, a: float, b: float, /) -> float:
        """A number between a and b."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The state of the key's window when an answer was sent.

    Args:
        limit: requests a window, or None where not stated.
        remaining: requests left in the window, or None.
        reset_in_s: seconds until the window resets, above 0, or None where not stated or not believable.
        retry_after_s: seconds that the server asks to wait, at least 0, or None. Believed, however long: it has a unit.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_in_s: float | None = None
    retry_after_s: float | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], now: float) -> "RateLimit":
        """Read `X-RateLimit-*` (API documentation) and `Retry-After` (RFC 9110, 10.2.3).

        Times are measured against the server's own clock, its `Date` header, where there is one: the job's machine may be
        minutes off.

        Args:
            headers: an answer's headers; names are looked up as written here, so pass a case-insensitive mapping.
            now: this machine's time, in seconds since the epoch.
        """
        server_now = _http_date(headers.get("Date")) or now
        reset_at = _seconds(headers.get("X-RateLimit-Reset"))
        return cls(
            limit=_count(headers.get("X-RateLimit-Limit")),
            remaining=_count(headers.get("X-RateLimit-Remaining")),
            reset_in_s=_believable(None if reset_at is None else reset_at - server_now),
            retry_after_s=_retry_after(headers.get("Retry-After"), server_now),
        )


def spread_s(jobs: float, limit: int) -> float:
    """Return the seconds in which a limit of `limit` requests a window comfortably admits one of each of `jobs`."""
    return 1.3 * WINDOW_S * jobs / max(limit, 1)


def _retry_after(text: str | None, server_now: float) -> float | None:
    seconds = _seconds(text)
    date = _http_date(text) if seconds is None else None
    if date is not None:
        seconds = date - server_now
    return None if seconds is None else max(0.0, seconds)


def _believable(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 < seconds <= MAX_BELIEVED_WAIT_S else None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text) else None


def _count(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _http_date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
