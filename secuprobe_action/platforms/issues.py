"""What the program asks of a forge's issues: little, so that what becomes of an issue is decided in one place for all forges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from secuprobe_action.platforms.marker import Marker

LABEL = "secuprobe"
"""The label that an issue gets where the project has it."""

MAX_LISTED = 1_000
"""Issues of one author that are looked at, those first that were changed last: more can't be read in time. The own one is among
them unless so many others were changed since it was; then another is opened, which is found from then on."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue.

    Args:
        number: by which it can be changed.
        is_open: whether it is.
        body: its text.
    """

    number: int
    is_open: bool
    body: str


class Issues(Protocol):
    """The issues of a project. Each method may raise ForgeError."""

    def own(self, marker: Marker) -> Sequence[Issue]:
        """Return this token's own issues that begin with that marker, the oldest first, of the MAX_LISTED that changed last."""

    def open(self, title: str, body: str) -> int:
        """Open an issue, with the LABEL where the project has it, and return its number."""

    def change(self, number: int, body: str | None, *, is_open: bool | None) -> None:
        """Change an issue's text, unless it is None, and close or reopen it, unless that is None. Nothing else is touched."""

    def comment(self, number: int, body: str) -> None:
        """Comment on an issue."""
