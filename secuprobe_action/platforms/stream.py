"""The stream that a log is written to."""

import os
from typing import TextIO

from secuprobe_action.text import encodable


class LogStream:
    """Writes whole lines, at once. A log that nobody reads any more (a closed pipe, a full disk) must not decide the verdict.

    Args:
        out: where the lines go.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        """Write `text` and a line end."""
        try:
            self._out.write(encodable(text) + "\n")
            self._out.flush()
        except OSError:
            # What is buffered would be tried again, and fail again, when the process ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
