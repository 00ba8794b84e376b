"""What is told while a scan runs: a new stage after 10 s, else every 30 s, later every 60 s, and never in the way of anything."""

from collections.abc import Callable

import pytest

from secuprobe_action.clock import Task
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.desk import Desk
from tests.support import Result, SimulatedClock


class Beside(SimulatedClock):
    """A clock with which work goes on until it is let go."""

    held: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.going: list[Callable[[], None]] = []

    def start(self, work: Callable[[], Result]) -> Task[Result]:
        task: Task[Result] = Task()
        if self.held:
            self.going.append(lambda: task.run(work))
        else:
            task.run(work)
        return task


def desk_of(clock: SimulatedClock) -> Desk:
    return Desk(lambda: None, "a forge", clock, lambda: 60.0)


def test_a_status_that_changes_all_the_time_is_told_six_times_a_minute() -> None:
    clock, told = SimulatedClock(), list[int]()
    desk = desk_of(clock)

    for second in range(0, 60, 5):
        desk.tell(f"running {second} %", [lambda second=second: told.append(second)])  # type: ignore[misc]
        clock.sleep(5)

    assert told == [0, 10, 20, 30, 40, 50]


def test_a_long_scan_is_told_of_every_minute() -> None:
    clock, told = SimulatedClock(), list[int]()
    desk = desk_of(clock)

    for second in range(0, 600, 30):
        desk.tell("running", [lambda second=second: told.append(second)])  # type: ignore[misc]
        clock.sleep(30)

    assert told == [*range(0, 300, 30), *range(330, 600, 60)]


def test_a_new_stage_is_told_soon_and_then_every_half_minute() -> None:
    clock, told = SimulatedClock(), list[str]()
    desk = desk_of(clock)

    for second in range(100):
        stage = "queued" if second < 10 else "running"
        desk.tell(stage, [lambda second=second, stage=stage: told.append(f"{stage} {second}")])  # type: ignore[misc]
        clock.sleep(1)

    assert told == ["queued 0", "running 10", "running 39", "running 68", "running 97"]


def test_what_would_have_to_wait_is_dropped() -> None:
    clock, told = Beside(), list[str]()
    desk = desk_of(clock)

    clock.held = True
    desk.begin(lambda: told.append("a look-up"))
    desk.tell("queued", [lambda: told.append("queued")])
    clock.held = False
    for go in clock.going:
        go()
    clock.sleep(10)
    desk.tell("running", [lambda: told.append("running")])

    assert told == ["a look-up", "running"]


def test_after_a_failure_nothing_is_told_until_something_else_went_well() -> None:
    clock, told = SimulatedClock(), list[str]()
    desk = desk_of(clock)

    def fail() -> None:
        raise ForgeError("no")

    desk.tell("queued", [fail, lambda: told.append("never")])
    clock.sleep(10)
    desk.tell("running", [lambda: told.append("too early")])
    desk.begin(lambda: None)
    desk.tell("running", [lambda: told.append("running")])

    assert told == ["running"]


@pytest.mark.parametrize("stage", ["running", ""])
def test_with_nothing_to_do_nothing_is_begun(stage: str) -> None:
    clock = Beside()
    clock.held = True

    desk_of(clock).tell(stage, [])

    assert clock.going == []
