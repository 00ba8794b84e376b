"""Simulated time for many jobs at once: each is a thread that runs the real, blocking code; only one runs at a time."""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

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
        self._waiting: dict[Task[Any], tuple[int, threading.Semaphore]] = {}
        self._stale: set[int] = set()

    def add(self, job: Callable[[], None], starts_at: float) -> None:
        """Add a job that starts at `starts_at` seconds."""
        turn = threading.Semaphore(0)

        def body() -> None:
            turn.acquire()
            try:
                job()
            finally:
                self._wake()
                self._scheduler.release()

        threading.Thread(target=body, daemon=True).start()
        self._push(starts_at, turn)

    def run(self) -> None:
        """Run until every job has ended."""
        while self._queue:
            at, order, turn = heapq.heappop(self._queue)
            if order in self._stale:
                self._stale.remove(order)
                continue
            self.now = at
            turn.release()
            self._scheduler.acquire()

    def sleep(self, seconds: float) -> None:
        """Give the turn away for `seconds`; called by a job's code."""
        turn = threading.Semaphore(0)
        self._push(self.now + seconds, turn)
        self._scheduler.release()
        turn.acquire()

    def wait(self, task: Task[Any], seconds: float) -> bool:
        """Give the turn away until a task is finished, for `seconds` at the most; return whether it is."""
        if not task.finished.is_set():
            turn = threading.Semaphore(0)
            self._waiting[task] = (self._push(self.now + seconds, turn), turn)
            self._scheduler.release()
            turn.acquire()
            self._waiting.pop(task, None)
        return task.finished.is_set()

    def _wake(self) -> None:
        for task, (order, turn) in list(self._waiting.items()):
            if task.finished.is_set():
                del self._waiting[task]
                self._stale.add(order)
                self._push(self.now, turn)

    def _push(self, at: float, turn: threading.Semaphore) -> int:
        order = next(self._order)
        heapq.heappush(self._queue, (at, order, turn))
        return order


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


class ConcurrentClock(SimulatedClock):
    """A Clock whose tasks go on while others wait: for a program that makes several requests at once."""

    def start(self, work: Callable[[], _Result]) -> Task[_Result]:
        task: Task[_Result] = Task()
        self._simulation.add(lambda: task.run(work), self._simulation.now)
        return task

    def wait(self, task: Task[_Result], seconds: float) -> bool:
        return self._simulation.wait(task, seconds)
