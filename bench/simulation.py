"""Simulated time for many jobs at once: each is a thread that runs the real, blocking code; only one runs at a time."""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import TypeVar

from secuprobe_action.clock import Task

_Result = TypeVar("_Result")

EPOCH = 1_790_000_000.0


class Simulation:
    """Runs jobs in simulated time, always the one whose turn is next; the same seeds give the same run."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, threading.Semaphore]] = []
        self._order = itertools.count()
        self._scheduler = threading.Semaphore(0)

    def add(self, job: Callable[[], None], starts_at: float) -> None:
        """Add a job that starts at `starts_at` seconds."""
        turn = threading.Semaphore(0)

        def body() -> None:
            turn.acquire()
            try:
                job()
            finally:
                self._scheduler.release()

        threading.Thread(target=body, daemon=True).start()
        self._push(starts_at, turn)

    def run(self) -> None:
        """Run until every job has ended."""
        while self._queue:
            self.now, _, turn = heapq.heappop(self._queue)
            turn.release()
            self._scheduler.acquire()

    def sleep(self, seconds: float) -> None:
        """Give the turn away for `seconds`; called by a job's code."""
        turn = threading.Semaphore(0)
        self._push(self.now + seconds, turn)
        self._scheduler.release()
        turn.acquire()

    def _push(self, at: float, turn: threading.Semaphore) -> None:
        heapq.heappush(self._queue, (at, next(self._order), turn))


class SimulatedClock:
    """A Clock of the simulation.

    Args:
        simulation: where the time is.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def monotonic(self) -> float:
        return self._simulation.now

    def time(self) -> float:
        return EPOCH + self._simulation.now

    def sleep(self, seconds: float) -> None:
        self._simulation.sleep(seconds)

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        task: Task[_Result] = Task()
        task.run(work)
        return task

    def wait(self, task: Task[_Result], seconds: float) -> bool:
        return True
