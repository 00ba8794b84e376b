"""The stream that a log is written to."""

from typing import TextIO

from secuprobe_action.text import encodable


class LogStream:
    """Writes whole lines, at once.

    Args:
        out: where the lines go; the process's own stream takes them even where nobody reads them (process.py).
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        """Write `text` and a line end."""
        self._out.write(encodable(text) + "\n")
        self._out.flush()
