"""How an estate's uploads share the desk with what else the forge is asked, in simulated time."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from secuprobe_action.clock import Task
from secuprobe_action.findings.endings import Surveyed
from secuprobe_action.findings.overview import Estate
from secuprobe_action.places.alerts import UPLOAD_S, Alerts
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.desk import ASK_S, Desk
from tests.places.test_issue import judged
from tests.support import Result, SimulatedClock

END = Surveyed(Estate.of([]))


class Hanging(SimulatedClock):
    """A clock with which nothing that is begun ever ends, unless it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Callable[[], None]] = []

    def start(self, work: Callable[[], Result]) -> Task[Result]:
        task: Task[Result] = Task()
        self.begun.append(lambda: task.run(work))
        return task


class CodeScanning:
    """A forge that is only its code scanning."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def upload_sarif(self, zipped: bytes) -> None:
        self.taken.append(zipped)


def alerts_at(clock: SimulatedClock, forge: CodeScanning) -> tuple[Alerts, Desk]:
    desk = Desk(lambda: forge, "a forge", clock, lambda: 3_600.0 - clock.now)  # type: ignore[arg-type, return-value]
    return Alerts(desk, ".github/workflows/scan.yml", "Estate", clock.time), desk


def test_one_upload_at_a_time_waits_at_the_desk() -> None:
    clock, forge = Hanging(), CodeScanning()
    alerts, _ = alerts_at(clock, forge)
    for _ in range(3):
        alerts.judged(judged())

    alerts.keep()
    alerts.keep()
    assert len(clock.begun) == 1
    clock.begun[0]()
    alerts.keep()

    assert len(clock.begun) == 2
    (first,) = forge.taken
    assert json.loads(gzip.decompress(first))["runs"][0]["tool"]["driver"]["name"] == "SecuProbe"


def test_what_is_left_at_the_end_is_given_time_by_its_number_and_not_the_whole_budget() -> None:
    clock = Hanging()
    alerts, desk = alerts_at(clock, CodeScanning())
    for _ in range(25):
        alerts.judged(judged())
    errand = alerts.end(END)
    assert errand is not None

    with pytest.raises(ForgeError, match="it took too long"):
        desk.run(errand)

    assert clock.now == ASK_S + 25 * UPLOAD_S
    assert errand.detail() == " for 25 of 25 sites"


def test_where_no_site_was_judged_the_forge_is_not_asked() -> None:
    alerts, _ = alerts_at(SimulatedClock(), CodeScanning())

    assert alerts.end(END) is None


def test_what_can_not_be_told_of_a_site_is_a_warning_and_no_error() -> None:
    alerts, desk = alerts_at(SimulatedClock(), CodeScanning())
    alerts.judged(judged())
    alerts.judged(replace(judged(), report=None))  # type: ignore[arg-type]  # a fault of ours, of whatever kind
    errand = alerts.end(END)
    assert errand is not None

    with pytest.raises(ForgeError, match="AttributeError"):
        desk.run(errand)

    assert errand.detail() == " for 1 of 2 sites"
