"""The machine's clock: what takes too long is given up, and a signal never has to wait."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from secuprobe_action.clock import Clock, Deadline, Lane, SystemClock
from secuprobe_action.errors import Cancelled, ExitCode
from secuprobe_action.signals import LAST_S, Signals
from tests.support import Result, SimulatedClock


def call(clock: Clock, work: Callable[[], Result], seconds: float) -> Result:
    """Do `work` as the program does it, and return its result."""
    task = clock.start(work)
    if not clock.wait(task, seconds):
        raise TimeoutError
    return task.result()


def test_what_waits_forever_is_given_up() -> None:
    left, right = socket.socketpair()
    started = time.monotonic()

    with left, right, pytest.raises(TimeoutError):
        call(SystemClock(), lambda: left.recv(1), 0.3)

    assert 0.25 < time.monotonic() - started < 1.5


def test_a_result_and_an_error_come_back() -> None:
    assert call(SystemClock(), lambda: 42, 5) == 42
    with pytest.raises(ZeroDivisionError):
        call(SystemClock(), lambda: 1 // 0, 5)


def test_a_time_out_of_the_works_own_is_told_at_once() -> None:
    def work() -> None:
        raise TimeoutError("the work's own")

    started = time.monotonic()
    with pytest.raises(TimeoutError, match="the work's own"):
        call(SystemClock(), work, 30)

    assert time.monotonic() - started < 5


def test_waiting_and_sleeping_end_within_a_tick_of_a_cancellation() -> None:
    signals = Signals()
    clock = SystemClock(signals.check)
    threading.Timer(0.2, lambda: signals._handle(15, None)).start()
    started = time.monotonic()

    with pytest.raises(Cancelled):
        clock.sleep(30)
    with pytest.raises(Cancelled):
        clock.wait(SystemClock().start(lambda: time.sleep(5)), 30)

    assert time.monotonic() - started < 1.5


def test_what_was_cancelled_before_it_began_does_not_begin() -> None:
    signals = Signals()
    signals._handle(2, None)
    begun = []

    with pytest.raises(Cancelled):
        call(SystemClock(signals.check), lambda: begun.append(1), 5)

    assert begun == []


def test_once_the_verdict_is_known_a_signal_leaves_a_moment_for_what_is_being_published() -> None:
    signals = Signals()
    clock = SystemClock(signals.check)
    signals.let_finish(ExitCode.PASSED)
    signals._handle(15, None)

    assert call(clock, lambda: "published", 5) == "published"
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        call(clock, lambda: time.sleep(5), 30)
    assert time.monotonic() - started < LAST_S + 0.5
    with pytest.raises(TimeoutError):
        call(clock, lambda: "too late", 5)


def test_a_lane_does_one_thing_after_another() -> None:
    clock, done = SystemClock(), []

    def work(number: int, seconds: float) -> None:
        time.sleep(seconds)
        done.append(number)

    lane = Lane(clock)
    lane.start(lambda: work(1, 0.2))
    lane.start(lambda: 1 // 0)
    last = lane.start(lambda: work(3, 0))

    assert clock.wait(last, 5)
    assert done == [1, 3]


def test_a_deadline_counts_what_its_clock_says() -> None:
    clock = SimulatedClock()
    deadline = Deadline.starting_now(clock, 10)
    clock.sleep(4)

    assert (deadline.elapsed_s, deadline.remaining_s) == (4, 6)
