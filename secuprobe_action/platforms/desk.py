"""Where the forge is asked: beside the main thread, one thing after another, with a share of the time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from secuprobe_action.clock import Clock, Lane, Task
from secuprobe_action.platforms.base import Forge, ForgeError

ASK_S = 20.0
"""What each errand may take at the most: it is a courtesy, and the verdict is known without it."""

OVERTIME_S = 3.0
"""Beyond the time budget, for what is still to be shown; `signals.OVERTIME_S` is the end of everything."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to do over a network that never decides the verdict.

    Args:
        purpose: what it is about, as in `The check run was not published`, for the warning where it fails.
        work: what to do; returns a line for the log, or None.
        is_news: whether its failing is worth a warning.
    """

    purpose: str
    work: Callable[[], str | None]
    is_news: bool = True


class Desk:
    """Asks the forge.

    Args:
        open_forge: returns the forge, or None where there is none; called beside the main thread, since its library takes longer
            to import than all the rest.
        needs: what it returns None for the lack of.
        clock: what to wait with.
        left_s: what may still be waited for in all, in seconds.
    """

    def __init__(self, open_forge: Callable[[], Forge | None], needs: str, clock: Clock, left_s: Callable[[], float]) -> None:
        self._open_forge = open_forge
        self._needs = needs
        self._clock = clock
        self._left_s = left_s
        self._lane = Lane(clock)
        self._stuck: Task[Any] | None = None

    @cached_property
    def forge(self) -> Forge:
        """The forge; only for work that was begun here.

        Raises:
            ForgeError: there is none.
        """
        forge = self._open_forge()
        if forge is None:
            raise ForgeError(f"it needs {self._needs}")
        return forge

    def begin(self, work: Callable[[], _Answer]) -> Task[_Answer]:
        """Begin `work` once all that was begun before has ended."""
        return self._lane.start(work)

    def finish(self, task: Task[_Answer], *, in_budget: bool = False, share: float = 1.0) -> _Answer:
        """Return what the task came to, once it is finished.

        Args:
            task: what was begun.
            in_budget: whether to wait no longer than the budget lasts: what decides must leave the overtime to what shows it.
            share: how much of what is left it may take, 0 to 1.

        Raises:
            ForgeError: it took too long, or went wrong in whatever way.
        """
        # What hangs holds up all that comes after it: that isn't waited for anew.
        stuck = self._stuck is not None and not self._stuck.finished.is_set()
        try:
            left_s = self._left_s() - (OVERTIME_S if in_budget else 0.0)
            if not self._clock.wait(task, 0.0 if stuck else max(0.0, min(ASK_S, share * left_s))):
                self._stuck = self._stuck if stuck else task
                raise TimeoutError
            return task.result()
        except ForgeError:
            raise
        except TimeoutError as error:
            raise ForgeError("it took too long") from error
        except Exception as error:  # whatever a forge's library comes up with, it is a forge that could not be asked
            raise ForgeError(f"{type(error).__name__}") from error

    def run(self, errand: Errand) -> str | None:
        """Do an errand and return its line for the log.

        Raises:
            ForgeError: as `finish`.
        """
        try:
            task = self.begin(errand.work)
        except TimeoutError as error:
            raise ForgeError("it took too long") from error
        return self.finish(task)
