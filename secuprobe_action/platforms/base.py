"""What the program asks of the place it runs in."""

from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol


class Level(Enum):
    """How loud an annotation is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Platform(Protocol):
    """A CI system or a terminal. Every text handed to it may be hostile; it escapes for its own log and files.

    Attributes:
        input_prefix: what the environment variables of the inputs begin with.
        max_annotations: how many annotations of a level are shown; 0 where the log is all there is.
    """

    input_prefix: str
    max_annotations: int

    def mask(self, secret: str) -> None:
        """Have the platform hide `secret` in all that follows."""

    def info(self, line: str) -> None:
        """Show a line, or several, in the log."""

    def debug(self, line: str) -> None:
        """Show a line where the user asked for debug logging."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Return a context whose lines fold under `title`."""

    def annotate(self, level: Level, title: str, message: str) -> None:
        """Show a message where people look first."""

    def set_output(self, name: str, value: str) -> None:
        """Hand a value to later steps. Does not raise: it warns where the platform doesn't take it."""

    def publish_summary(self, markdown: str) -> None:
        """Show the summary beside the log, where the platform has such a place. Does not raise: it warns."""

    def secrets_withheld(self) -> str | None:
        """Return why the platform keeps secrets from this run, or None where it doesn't."""
