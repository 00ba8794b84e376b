"""How many jobs share the key, as far as the answers to this one tell. The constants were found with `make bench-fleet`."""

from secuprobe_action.api.ratelimit import RateLimit

_SAME_WINDOW_S = 5.0
"""Resets this close are of one window: the header is in whole seconds, and the answers travel."""

_STILL_COMING = 2.5
"""A job that sees others start with it is, on average, amid them: about as many again are still to come."""

_MEMORY = 4.0
"""How many observations the last window's estimate is worth in the next: the first ones in a window say little."""


class KeySharing:
    """Estimates how many jobs use the key: the requests of all in this window, over those of this job.

    Attributes:
        jobs: the estimate, at least 1.
    """

    def __init__(self) -> None:
        self.jobs = 1.0
        self._reset_at: float | None = None
        self._own = 0
        self._learnt: float | None = None

    def observe(self, rate_limit: RateLimit, now: float, *, admitted: bool) -> None:
        """Learn from an answer.

        Args:
            rate_limit: what it says of the limit.
            now: the monotonic time of its arrival, in seconds.
            admitted: whether the request counted, that is, was not refused with 429.
        """
        if rate_limit.limit is None or rate_limit.remaining is None or rate_limit.reset_in_s is None:
            return
        self._enter_window(now + rate_limit.reset_in_s)
        self._own += admitted
        used = rate_limit.limit - rate_limit.remaining
        if self._learnt is not None:
            jobs = (used + _MEMORY * self._learnt) / (self._own + _MEMORY)
        elif self._own <= 1 < used:
            jobs = used * _STILL_COMING
        else:
            jobs = used / max(self._own, 1)
        self.jobs = max(1.0, jobs)

    def _enter_window(self, reset_at: float) -> None:
        if self._reset_at is not None and abs(reset_at - self._reset_at) <= _SAME_WINDOW_S:
            return
        self._learnt = None if self._reset_at is None else self.jobs
        self._reset_at, self._own = reset_at, 0
