"""Where the forge is asked: beside the main thread, one thing after another, with a share of the time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from secuprobe_action.clock import Clock, Lane, Task
from secuprobe_action.platforms.base import BEAT_S, Forge, ForgeError

ASK_S = 20.0
"""What each errand may take at the most: it is a courtesy, and the verdict is known without it."""

OVERTIME_S = 3.0
"""Beyond the time budget, for what is still to be shown; `signals.OVERTIME_S` is the end of everything."""

FLOOR_S, LONG_S, LONG_BEAT_S = 10.0, 300.0, 60.0
"""A new stage waits for the first of them, for a status may change at every poll; after the second a scan is told of every third:
an hour of it must leave GITHUB_TOKEN's 1,000 requests a repository to others."""

_EARLY_S = 1.0
"""By which a beat may come early."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to do over a network that never decides the verdict.

    Args:
        purpose: what it is about, as in `The check run was not published`, for the warning where it fails.
        work: what to do; returns a line for the log, or None.
        is_news: whether its failing is worth a warning.
        detail: what is to be added to `purpose` in the warning, as only its end tells.
        limit_s: what it may take at the most, in seconds.
    """

    purpose: str
    work: Callable[[], str | None]
    is_news: bool = True
    detail: Callable[[], str] = str
    limit_s: float = ASK_S


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
        self._told: tuple[str, float] | None = None
        self._first_told_at: float | None = None

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

    def tell(self, stage: str, works: Sequence[Callable[[], None]]) -> None:
        """Begin what shows how it stands, and wait for none of it.

        It is dropped rather than done late where something was told less than a beat before, or less than FLOOR_S where the stage
        is a new one, where something else is still being done, or where the last thing that was went wrong. So nothing that
        decides ever waits for it, a forge that isn't well is left alone; at the end there is at most one such thing before
        the conclusion, which comes after it.

        Args:
            stage: a new one is told sooner.
            works: what to do, one thing after another.
        """
        now = self._clock.monotonic()
        if not works or not self._is_due(stage, now) or not self._lane.is_free:
            return
        self._told = stage, now
        self._first_told_at = now if self._first_told_at is None else self._first_told_at

        def work() -> None:
            for each in works:
                each()

        self.begin(work)

    def _is_due(self, stage: str, now: float) -> bool:
        if self._told is None or self._first_told_at is None:
            return True
        told, at = self._told
        beat_s = BEAT_S if now - self._first_told_at < LONG_S else LONG_BEAT_S
        return now - at >= (beat_s - _EARLY_S if told == stage else FLOOR_S)

    def finish(self, task: Task[_Answer], *, in_budget: bool = False, share: float = 1.0, limit_s: float = ASK_S) -> _Answer:
        """Return what the task came to, once it is finished.

        Args:
            task: what was begun.
            in_budget: whether to wait no longer than the budget lasts: what decides must leave the overtime to what shows it.
            share: how much of what is left it may take, 0 to 1.
            limit_s: what it may take at the most, in seconds.

        Raises:
            ForgeError: it took too long, or went wrong in whatever way.
        """
        # What hangs holds up all that comes after it: that isn't waited for anew.
        stuck = self._stuck is not None and not self._stuck.finished.is_set()
        try:
            left_s = self._left_s() - (OVERTIME_S if in_budget else 0.0)
            if not self._clock.wait(task, 0.0 if stuck else max(0.0, min(limit_s, share * left_s))):
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
        return self.finish(task, limit_s=errand.limit_s)
