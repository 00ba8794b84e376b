"""Cancellation: what SIGINT and SIGTERM do to the run. As PID 1 of a container there are no default handlers to rely on."""

import os
import signal
from types import FrameType

from secuprobe_action.errors import Cancelled


class Signals:
    """The first signal cancels what the run waits for, the second ends the process at once.

    GitHub sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s after that (actions/runner, ProcessInvoker.cs).
    """

    def __init__(self) -> None:
        self._received = False
        self._finishing = False

    def install(self) -> None:
        """Handle SIGINT and SIGTERM from now on; only the main thread may call this."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def let_finish(self) -> None:
        """From now on a first signal is let pass: the verdict is known, and the reports take but a moment."""
        self._finishing = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._received:
            os._exit(128 + number)
        self._received = True
        if not self._finishing:
            raise Cancelled(number)
