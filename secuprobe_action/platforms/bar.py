"""A progress bar in the last lines of a terminal, with a table of many things below it, drawn by rich. Without a
thread, and without hiding the cursor: however the
process ends, the terminal is left as it was."""

from collections.abc import Mapping
from typing import TextIO

from secuprobe_action.findings.progress import Progress

_WIDTH = 30
_CLEAR, _UP = "\r\x1b[2K", "\x1b[1A"


class Bar:
    """The bar.

    Args:
        out: the terminal.
    """

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console

        self._out = out
        self._console = Console(file=out)
        self._lines = 0
        self._draws = 0

    def draw(self, progress: Progress) -> None:
        """Draw it where the last one was drawn."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        unknown = progress.fraction is None
        # It pulses where nobody knows how much is done: a little further at each drawing.
        self._draws += 1
        bar = ProgressBar(1.0, progress.fraction or 0.0, _WIDTH, pulse=unknown, animation_time=self._draws / 5)
        line = Table.grid(padding=(0, 1))
        for _ in range(3):
            line.add_column(no_wrap=True)
        line.add_row(Text(progress.stage, "bold"), bar, Text(progress.text))
        below = Table.grid(padding=(0, 2), collapse_padding=True)
        for _ in range(2):
            below.add_column(no_wrap=True, overflow="ellipsis")
        for name, stands in progress.rows[: max(0, self._console.size.height - 2)]:
            below.add_row(Text(f"  {name}"), Text(stands, "dim"))
        with self._console.capture() as captured:
            self._console.print(line, overflow="ellipsis")
            if below.row_count:
                self._console.print(below)
        drawn = captured.get().rstrip("\n")
        self.clear()
        self._write(drawn)
        self._lines = drawn.count("\n") + 1

    def clear(self) -> None:
        """Take it away, for a line to be written in its place."""
        if self._lines:
            self._write(_CLEAR + (_UP + _CLEAR) * (self._lines - 1))
            self._lines = 0

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def bar_on(out: TextIO, environment: Mapping[str, str]) -> Bar | None:
    """Return a bar where `out` is a terminal that can show one, and rich is installed; else None."""
    if not out.isatty() or environment.get("TERM", "dumb") in ("dumb", "unknown"):
        return None
    try:
        return Bar(out)
    except ImportError:
        return None
