"""Pure: what is asked of a crew that takes the steps of many scans, and how it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from secuprobe_action.api.steps import Steps

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Job(Generic[_Result]):
    """One scan among many.

    Args:
        begin: returns its steps.
        ended: called with what they came to, or with the error that they ended in.
        length_s: returns how long it is expected to take, in seconds, or None where nobody knows.
        launches: whether it begins with a launch.
    """

    begin: Callable[[], Steps[_Result]]
    ended: Callable[[_Result | Exception], None]
    length_s: Callable[[], float | None] = lambda: None
    launches: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How many scans wait to be launched, run or are being asked for, and have ended."""

    waiting: int
    running: int
    ended: int
