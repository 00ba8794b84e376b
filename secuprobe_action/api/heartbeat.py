"""A clock that is never silent for long: a log without a line for minutes looks like a job that hangs."""

from collections.abc import Callable
from typing import TypeVar

from secuprobe_action.clock import Clock, Deadline, Task
from secuprobe_action.log import Log
from secuprobe_action.text import duration, one_line

BEAT_S = 30.0

_Result = TypeVar("_Result")


class Heartbeat:
    """A Clock that says how a scan stands, at each change and at least every 30 s of waiting.

    Args:
        clock: the clock that does the waiting.
        deadline: the run's budget; elapsed time is counted from its start.
        log: where the lines go.
    """

    def __init__(self, clock: Clock, deadline: Deadline, log: Log) -> None:
        self._clock = clock
        self._deadline = deadline
        self._log = log
        self._status: str | None = None
        self._estimate_s: float | None = None
        self._told_at = clock.monotonic()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def time(self) -> float:
        return self._clock.time()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, with a line in the log whenever the last one is 30 s old."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            beat_in = self._told_at + BEAT_S - self.monotonic()
            self._clock.sleep(min(left, max(beat_in, 0)))
            if beat_in <= left:
                self._tell()

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        return self._clock.start(work)

    def wait(self, task: Task[_Result], seconds: float) -> bool:
        """Wait for a task, with a line in the log whenever the last one is 30 s old."""
        until = self.monotonic() + seconds
        while True:
            left = until - self.monotonic()
            beat_in = self._told_at + BEAT_S - self.monotonic()
            if self._clock.wait(task, max(0, min(left, beat_in))):
                return True
            if left <= beat_in:
                return False
            self._tell()

    def info(self, line: str) -> None:
        """Show a line."""
        self._log.info(line)

    def warn(self, text: str) -> None:
        """Show a warning."""
        self._log.warn(text)

    def scan_is(self, status: str, estimate_s: float | None) -> bool:
        """Take note of the scan's status, tell it where it changed, and return whether it did.

        Args:
            status: as the API spells it.
            estimate_s: how many seconds the API expects the scan to take, or None.
        """
        self._estimate_s = estimate_s
        if status == self._status:
            return False
        self._status = status
        self._tell()
        return True

    def _tell(self) -> None:
        self._told_at = self.monotonic()
        estimate = f" of about {duration(self._estimate_s)}" if self._estimate_s else ""
        status = "launching" if self._status is None else one_line(self._status, 40)
        self._log.info(f"{status}: {duration(self._deadline.elapsed_s)}{estimate}")
