"""Time as an argument, so that a scan of ten minutes is tested in milliseconds."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol


class Clock(Protocol):
    """What the program knows of time."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def time(self) -> float:
        """Seconds since the Unix epoch; may jump."""

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, at least 0."""

    def time_limit(self, seconds: float) -> AbstractContextManager[None]:
        """Return a context that ends with TimeoutError once it has taken `seconds`, whatever it is waiting for."""


_TICK_S = 0.5


class SystemClock:
    """The machine's clock.

    Nothing here blocks for longer than a tick: a signal that arrives just before a system call begins doesn't interrupt it,
    and Python's handler, a cancellation say, would have to wait for its end.
    """

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_S))

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """By SIGALRM: it ends a host look-up or a server that sends a byte now and then, for which sockets have no limit.

        Only the main thread can be interrupted so; elsewhere nothing is limited.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ends_at = time.monotonic() + seconds

        def tick(number: int, frame: FrameType | None) -> None:
            if time.monotonic() >= ends_at:
                raise TimeoutError

        before = signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, min(seconds, _TICK_S), _TICK_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Deadline:
    """One budget of time for everything that a run does.

    Args:
        clock: where the time comes from.
        budget_s: the budget in seconds.
        started_at: the monotonic time at which the budget began.
    """

    clock: Clock
    budget_s: float
    started_at: float

    @classmethod
    def starting_now(cls, clock: Clock, budget_s: float) -> "Deadline":
        """Return a deadline `budget_s` seconds from now."""
        return cls(clock, budget_s, clock.monotonic())

    @property
    def elapsed_s(self) -> float:
        """Seconds used so far."""
        return self.clock.monotonic() - self.started_at

    @property
    def remaining_s(self) -> float:
        """Seconds left; 0 or less once the budget is used up."""
        return self.budget_s - self.elapsed_s
