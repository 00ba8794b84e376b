"""Time and waiting as an argument, so that a scan of ten minutes is tested in milliseconds.

Whatever may block without an end (a name look-up, a server, a forge's library) is done on a thread of its own, while the main
thread waits, looks for signals, and goes on without it once its time is over. Nothing is interrupted from outside: an alarm that
raises amid somebody else's code can be swallowed there, and a look-up inside the C library doesn't notice it at all.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

_Result = TypeVar("_Result")


class Task(Generic[_Result]):
    """Work that goes on beside the main thread."""

    def __init__(self) -> None:
        self.finished = threading.Event()
        self._error: BaseException | None = None

    def run(self, work: Callable[[], _Result]) -> None:
        """Do the work, and keep what becomes of it; raises nothing."""
        try:
            self._value = work()
        except BaseException as error:  # noqa: BLE001  # told to whoever asks for the result
            self._error = error
        finally:
            self.finished.set()

    @property
    def failed(self) -> bool:
        """Whether it is finished and came to nothing."""
        return self._error is not None

    def result(self) -> _Result:
        """Return what the finished work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value


class Clock(Protocol):
    """What the program knows of time, and how it waits."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def time(self) -> float:
        """Seconds since the Unix epoch; may jump."""

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, at least 0."""

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        """Begin `work` beside the main thread. It may be given up at any moment, and must write to no log."""

    def wait(self, task: Task[_Result], seconds: float) -> bool:
        """Wait until the task is finished, for `seconds` at the most; return whether it is."""


class Lane:
    """Does one thing after another beside the main thread: a forge's library isn't made for two at once.

    Args:
        clock: what starts threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: Task[object] | None = None

    @property
    def is_free(self) -> bool:
        """Whether all that was begun has ended, the last of it well."""
        last = self._last
        return last is None or (last.finished.is_set() and not last.failed)

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        """Begin `work` once all that was begun before has ended."""
        before = self._last

        def in_turn() -> _Result:
            if before is not None:
                before.finished.wait()
            return work()

        task = self._clock.start(in_turn)
        self._last = task  # type: ignore[assignment]  # of whatever result: only its end is looked at
        return task


_TICK_S = 0.1


def _never() -> None:
    """Cancel nothing."""


class SystemClock:
    """The machine's clock.

    Args:
        check: called at least every tick while waiting; raises where waiting is over, as a cancellation does.
    """

    def __init__(self, check: Callable[[], None] = _never) -> None:
        self._check = check

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        self._check()
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_S))
            self._check()

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        self._check()  # what was cancelled before it began must not begin: it may be a launch
        task: Task[_Result] = Task()
        # A daemon: the process ends without those that are still blocked.
        threading.Thread(target=task.run, args=(work,), daemon=True).start()
        return task

    def wait(self, task: Task[_Result], seconds: float) -> bool:
        ends_at = time.monotonic() + seconds
        self._check()
        while not task.finished.wait(max(0.0, min(ends_at - time.monotonic(), _TICK_S))):
            self._check()
            if time.monotonic() >= ends_at:
                return False
        return True


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
