"""What the key may still ask, as the answers tell it: by their headers, which count what others ask; else by our own count."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from secuprobe_action.api.ratelimit import WINDOW_S, RateLimit
from secuprobe_action.api.sharing import KeySharing
from secuprobe_action.clock import Clock

ASSUMED_LIMIT = 60
"""Requests a minute where no answer states the key's limit: that of the smallest plan with API access (API documentation, Rate
Limits)."""

_SAME_S = 2.0
"""Resets this close are of one window: the header is in whole seconds, and answers overtake each other."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a window has left.

    Args:
        limit: requests a window, at least 1.
        left: how many of them are left; none of what is under way is known to be counted.
        resets_in_s: seconds until the next window, above 0.
        fresh: whether the window before is over and nothing was heard of this one: others may have asked, which its first answer
            tells.
    """

    limit: int
    left: int
    resets_in_s: float
    fresh: bool = False


class Window:
    """The window of the key's limit. Answers may come on any thread, and in another order than the server gave them.

    Attributes:
        newest: what the newest answer said.
    """

    def __init__(self) -> None:
        self.newest = RateLimit()
        self._lock = threading.Lock()
        self._sharing = KeySharing()
        self._limit: int | None = None
        self._left = 0
        self._resets_at = 0.0
        self._told = False

    @property
    def jobs(self) -> float:
        """How many jobs seem to share the key, at least 1."""
        return self._sharing.jobs

    def observe(self, headers: Mapping[str, str], clock: Clock, *, refused: bool) -> None:
        """Learn from an answer.

        Args:
            headers: the answer's.
            clock: what the time is.
            refused: whether it says that the limit is reached.
        """
        now, told = clock.monotonic(), RateLimit.from_headers(headers, clock.time())
        with self._lock:
            self.newest = told
            self._sharing.observe(told, now, admitted=not refused)
            if refused:
                self._close(told, now)
            elif told.limit is None or told.remaining is None or told.reset_in_s is None:
                self._count(told.limit or ASSUMED_LIMIT, now)
            else:
                self._enter(told.limit, told.remaining, now + told.reset_in_s)

    def room(self, now: float) -> Room | None:
        """Return what is left at a monotonic time; None as long as no answer has come."""
        with self._lock:
            if self._limit is None:
                return None
            if now >= self._resets_at:
                return Room(self._limit, self._limit, WINDOW_S, fresh=True)
            return Room(self._limit, self._left, self._resets_at - now)

    def _enter(self, limit: int, left: int, resets_at: float) -> None:
        # What was counted, or guessed from a refusal, gives way to what is told.
        if self._told and resets_at < self._resets_at - _SAME_S:
            return  # an answer of the window before, which others overtook
        same = self._told and resets_at <= self._resets_at + _SAME_S
        self._limit, self._left = max(limit, 1), min(left, self._left) if same else left
        self._resets_at, self._told = resets_at, True

    def _close(self, told: RateLimit, now: float) -> None:
        closed_s = told.reset_in_s if told.retry_after_s is None else told.retry_after_s
        self._limit, self._left = max(told.limit or self._limit or ASSUMED_LIMIT, 1), 0
        self._resets_at, self._told = now + (closed_s or WINDOW_S / 10), closed_s is not None

    def _count(self, limit: int, now: float) -> None:
        if self._limit is None or now >= self._resets_at:
            self._left, self._resets_at, self._told = limit, now + WINDOW_S, False
        self._limit, self._left = limit, self._left - 1
