"""What the parts that talk while they work need of a log; the platforms implement it."""

from typing import Protocol


class Log(Protocol):
    """A log that takes any text and shows it without obeying it."""

    def info(self, line: str) -> None:
        """Show a line."""

    def warn(self, text: str) -> None:
        """Show a warning where people look first."""

    def debug(self, line: str) -> None:
        """Show a line where the user asked for debug logging."""
