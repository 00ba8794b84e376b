"""The log while waiting: at each change, and at least every 30 s."""

from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.clock import Deadline
from tests.support import RecordedLog, SimulatedClock


def test_a_change_is_told_at_once_and_silence_never_lasts() -> None:
    clock, log = SimulatedClock(), RecordedLog()
    heartbeat = Heartbeat(clock, Deadline.starting_now(clock, 600), log)

    heartbeat.scan_is("queued", 120.0)
    heartbeat.sleep(10)
    heartbeat.scan_is("queued", 120.0)
    heartbeat.sleep(10)
    heartbeat.scan_is("running", 120.0)
    heartbeat.sleep(100)

    assert log.lines == [
        "queued: 0 s of about 2 min 0 s",
        "running: 20 s of about 2 min 0 s",
        "running: 50 s of about 2 min 0 s",
        "running: 1 min 20 s of about 2 min 0 s",
        "running: 1 min 50 s of about 2 min 0 s",
    ]
    assert clock.now == 120


def test_without_an_estimate_only_the_time_is_told() -> None:
    clock, log = SimulatedClock(), RecordedLog()
    heartbeat = Heartbeat(clock, Deadline.starting_now(clock, 600), log)

    heartbeat.sleep(45)
    heartbeat.scan_is("a\n::b", None)

    assert log.lines == ["launching: 30 s", "a ::b: 45 s"]
