"""The machine's clock: limits that hold, and signals that never have to wait."""

import os
import signal
import socket
import threading
import time

import pytest

from secuprobe_action.clock import Deadline, SystemClock
from tests.support import SimulatedClock


def test_a_time_limit_ends_what_waits_forever() -> None:
    left, right = socket.socketpair()
    started = time.monotonic()

    with left, right, pytest.raises(TimeoutError), SystemClock().time_limit(0.3):
        left.recv(1)

    assert 0.25 < time.monotonic() - started < 1.5


def test_a_time_limit_that_is_kept_leaves_no_trace() -> None:
    before = signal.getsignal(signal.SIGALRM)

    with SystemClock().time_limit(0.2):
        pass
    time.sleep(0.3)

    assert signal.getsignal(signal.SIGALRM) is before


def test_a_system_call_never_blocks_longer_than_a_tick() -> None:
    # The interruptions are what lets Python's handlers run, however long the socket itself would wait.
    left, right = socket.socketpair()
    interrupted: list[float] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: interrupted.append(time.monotonic()))
    threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
    threading.Timer(0.9, lambda: right.send(b"x")).start()
    try:
        with left, right, SystemClock().time_limit(30):
            assert left.recv(1) == b"x"
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert len(interrupted) == 1


def test_another_thread_is_not_limited() -> None:
    done = []

    def body() -> None:
        with SystemClock().time_limit(0.01):
            time.sleep(0.1)
        done.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()

    assert done == [True]


def test_sleeping_takes_the_time_it_is_told() -> None:
    started = time.monotonic()

    SystemClock().sleep(0.7)

    assert 0.7 <= time.monotonic() - started < 1.5


def test_a_deadline_counts_down() -> None:
    clock = SimulatedClock()
    deadline = Deadline.starting_now(clock, 60)

    clock.sleep(45)

    assert (deadline.elapsed_s, deadline.remaining_s) == (45, 15)
