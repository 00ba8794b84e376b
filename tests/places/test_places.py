"""All places together: what one has a fault in costs the others nothing."""

import io
from collections.abc import Callable

from secuprobe_action.findings.progress import Progress
from secuprobe_action.places import Places
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.desk import Desk
from secuprobe_action.platforms.terminal import Terminal
from tests.support import SimulatedClock

MANY = Progress("scanning", "37 of 100 judged, 41 running, 22 waiting", 0.37)


class Broken(Place):
    def progress(self, progress: Progress) -> Callable[[], None] | None:
        raise ZeroDivisionError


class Told(Place):
    """Says it over a network."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def progress(self, progress: Progress) -> Callable[[], None] | None:
        return lambda: self.lines.append(progress.line)


def test_how_many_scans_stand_is_shown_everywhere_whatever_one_place_does() -> None:
    out, clock, told = io.StringIO(), SimulatedClock(), Told()
    terminal = Terminal({}, out)
    places = Places(terminal, [Broken()], lambda: None)
    places.add([told], Desk(lambda: None, "a forge", clock, lambda: 60.0))

    places.progress(MANY)
    places.progress(MANY)
    clock.sleep(30)
    places.progress(MANY)

    assert told.lines == [MANY.line] * 2, "at most every half minute"
    assert out.getvalue() == ""
