"""The log while waiting: at each change, and at every beat."""

import pytest

from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.clock import Deadline
from secuprobe_action.findings.progress import Progress
from tests.support import RecordedLog, SimulatedClock


def test_a_change_is_told_at_once_and_silence_never_lasts() -> None:
    clock, told = SimulatedClock(), list[Progress]()
    heartbeat = Heartbeat(clock, Deadline.starting_now(clock, 600), RecordedLog(), told.append, 30.0)

    heartbeat.scan_is("queued", 120.0)
    heartbeat.sleep(10)
    heartbeat.scan_is("queued", 120.0)
    heartbeat.sleep(10)
    heartbeat.scan_is("running", 120.0)
    heartbeat.sleep(100)

    assert [(each.line, each.fraction) for each in told] == [
        ("queued, 0 s of about 2 min", 0.0),
        ("running, 20 s of about 2 min", pytest.approx(1 / 6)),
        ("running, 50 s of about 2 min", pytest.approx(5 / 12)),
        ("running, 1 min 20 s of about 2 min", pytest.approx(2 / 3)),
        ("running, 1 min 50 s of about 2 min", pytest.approx(11 / 12)),
    ]
    assert clock.now == 120


def test_without_an_estimate_only_the_time_is_told() -> None:
    clock, told = SimulatedClock(), list[Progress]()
    heartbeat = Heartbeat(clock, Deadline.starting_now(clock, 600), RecordedLog(), told.append, 30.0)

    heartbeat.sleep(45)
    heartbeat.scan_is("a\n::b", None)

    assert [(each.line, each.fraction) for each in told] == [("launching, 30 s", None), ("a ::b, 45 s", None)]


def test_what_takes_longer_than_expected_is_never_done_before_it_is() -> None:
    clock, told = SimulatedClock(), list[Progress]()
    heartbeat = Heartbeat(clock, Deadline.starting_now(clock, 600), RecordedLog(), told.append, 30.0)

    heartbeat.scan_is("running", 20.0)
    heartbeat.sleep(30)

    assert told[-1] == Progress("running", "30 s of about 20 s", 0.99)
