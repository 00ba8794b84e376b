"""A clock that is never silent for long: a log without a line for minutes looks like a job that hangs."""

from collections.abc import Callable
from typing import TypeVar

from secuprobe_action.clock import Clock, Deadline, Task
from secuprobe_action.findings.progress import Progress
from secuprobe_action.log import Log
from secuprobe_action.text import about, duration, one_line

_Result = TypeVar("_Result")


class Heartbeat:
    """A Clock that says how a scan stands, at each change and at every beat of waiting.

    Args:
        clock: the clock that does the waiting.
        deadline: the run's budget; elapsed time is counted from its start.
        log: where other lines go.
        show: shows how the scan stands.
        beat_s: seconds between two tellings, more than 0.
    """

    def __init__(self, clock: Clock, deadline: Deadline, log: Log, show: Callable[[Progress], None], beat_s: float) -> None:
        self._clock = clock
        self._deadline = deadline
        self._log = log
        self._show = show
        self._beat_s = beat_s
        self._status: str | None = None
        self._estimate_s: float | None = None
        self._told_at = clock.monotonic()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def time(self) -> float:
        return self._clock.time()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, and say how it stands at every beat."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            beat_in = self._told_at + self._beat_s - self.monotonic()
            self._clock.sleep(min(left, max(beat_in, 0)))
            if beat_in <= left:
                self._tell()

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        return self._clock.start(work)

    def wait(self, task: Task[_Result], seconds: float) -> bool:
        """Wait for a task, and say how it stands at every beat."""
        until = self.monotonic() + seconds
        while True:
            left = until - self.monotonic()
            beat_in = self._told_at + self._beat_s - self.monotonic()
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
        elapsed_s, estimate_s = self._deadline.elapsed_s, self._estimate_s
        stage = "launching" if self._status is None else one_line(self._status, 40) or "no status"
        if not estimate_s:
            self._show(Progress(stage, duration(elapsed_s)))
            return
        # It isn't done before it is.
        self._show(Progress(stage, f"{duration(elapsed_s)} of about {about(estimate_s)}", min(elapsed_s / estimate_s, 0.99)))
