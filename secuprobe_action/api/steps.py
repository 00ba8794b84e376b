"""Pure: what is to be done of a scan, one step after another. When a step is taken, and beside what, is not said here.

A scan is a generator of steps. One scan alone takes each as it comes (`drive`); those of many that share a key are taken by a
scheduler, which looks at what all of them wait for (`crew`). So both run the same code from launch to verdict.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from secuprobe_action.api.polling import Prior
from secuprobe_action.errors import ApiError

_Result = TypeVar("_Result")


class Kind(IntEnum):
    """What a request is for, the most urgent first."""

    FINISH = 1
    """What is left to ask of a scan that has ended, or that is compared with: each answer is a step to a verdict."""

    LAUNCH = 2
    POLL = 3
    """Whether a scan has ended, which may turn out to be asked in vain."""


@dataclass(frozen=True, slots=True)
class Request:
    """Make a request; what `make` returns is sent back to the steps, an ApiError that it raises is raised there.

    Args:
        kind: what it is for.
        make: makes it; may block as long as its own time limits allow, and may be called on any thread.
    """

    kind: Kind
    make: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """Ask nothing for this scan for some time.

    Args:
        seconds: how long, at least 0.
        refused: whether that is because the key's limit is reached, and so for all that share the key.
    """

    seconds: float
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """The scan goes on; ask again when it is worth it.

    Args:
        status: as the API spells it.
        elapsed_s: seconds since it began.
        prior: what is known of its length, or None.
        latest_s: by when it must be asked for the last time, in seconds from now, above 0.
    """

    status: str
    elapsed_s: float
    prior: Prior | None
    latest_s: float


Step = Request | Pause | Running
Steps = Generator[Step, Any, _Result]


def drive(steps: Steps[_Result], wait: Callable[[Pause | Running], object]) -> _Result:
    """Take one step after another, and return what they come to.

    Args:
        steps: what to do.
        wait: waits as long as a step says, or as long as is worth it.

    Raises:
        ApiError: as the steps do.
    """
    try:
        step = next(steps)
        while True:
            try:
                answer = step.make() if isinstance(step, Request) else wait(step)
            except ApiError as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        result: _Result = end.value
        return result
