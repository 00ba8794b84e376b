"""Cancellation: what SIGINT and SIGTERM do to the run. As PID 1 of a container there are no default handlers to rely on."""

import os
import queue
import signal
import threading
import time
from types import FrameType

from secuprobe_action.errors import Cancelled, ExitCode

LAST_S = 1.2
"""After a signal, what has begun to be published has this long: GitHub sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s after
that (actions/runner, ProcessInvoker.cs)."""

SAME_S = 0.2
"""Signals this close are one: who stops a group of processes may send several at once."""

END_S = 1.8
"""After a signal, the process is ended whatever it hangs in: a full pipe that nobody reads, say."""

OVERTIME_S = 4.5
"""After the time budget likewise."""


class Signals:
    """The first signal cancels what the run waits for, the second ends the process at once.

    A handler only takes note: what waits (`SystemClock`) looks here at every tick, so no code is left in the middle of a step.

    Attributes:
        exit_code: what the process ends in where it has to be ended from outside: the verdict's, once there is one.
    """

    def __init__(self) -> None:
        self.exit_code: ExitCode | None = None
        self._received: int | None = None
        self._received_at = 0.0
        self._finishing = False
        self._events: queue.SimpleQueue[int | float] = queue.SimpleQueue()  # its put() is safe in a signal handler

    def install(self) -> None:
        """Handle SIGINT and SIGTERM from now on; only the main thread may call this."""
        threading.Thread(target=self._watch, daemon=True).start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def check(self) -> None:
        """Return where waiting may go on.

        Raises:
            Cancelled: a signal came, and there is no verdict yet.
            TimeoutError: a signal came while the verdict was being published, and the time for that is over.
        """
        if self._received is None:
            return
        if not self._finishing:
            raise Cancelled(self._received)
        if time.monotonic() - self._received_at > LAST_S:
            raise TimeoutError

    def let_finish(self, exit_code: ExitCode) -> None:
        """From now on a first signal is let pass but for its haste: how the run ends is known, and is being published."""
        self.exit_code = exit_code
        self._finishing = True

    def end_after(self, seconds: float) -> None:
        """End the process, whatever it hangs in, some time after its budget of `seconds` from now."""
        self._events.put(time.monotonic() + seconds + OVERTIME_S)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._received is not None:
            if time.monotonic() - self._received_at < SAME_S:
                return
            os._exit(self.exit_code if self.exit_code is not None else 128 + number)
        self._received, self._received_at = number, time.monotonic()
        self._events.put(number)

    def _watch(self) -> None:
        ends_at: float | None = None
        while ends_at is None or time.monotonic() < ends_at:
            try:
                event = self._events.get(timeout=None if ends_at is None else max(0.0, ends_at - time.monotonic()))
            except queue.Empty:
                break
            at = event if isinstance(event, float) else time.monotonic() + END_S
            ends_at = at if ends_at is None else min(at, ends_at)
        late = 128 + self._received if self._received is not None else ExitCode.SCAN_ERROR
        os._exit(self.exit_code if self.exit_code is not None else late)
