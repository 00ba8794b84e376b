"""Where a run is shown: one file a place. A new one is a file here, and a line in the list of `app`."""

import contextlib
from collections.abc import Callable, Iterable

from secuprobe_action.findings.endings import Ending
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.progress import Progress
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import ForgeError, Level, Platform
from secuprobe_action.platforms.desk import Desk, Errand

__all__ = ["Place", "Places"]


class Places:
    """All places of a run, in the order in which they are shown.

    What takes a network comes last: a verdict that is known must not be lost to a forge that hangs.

    Args:
        platform: whose log tells what could not be shown.
        places: the first places; a command adds its own once it knows what is wanted.
        tell_fault: shows the traceback of the exception that is being handled.
    """

    def __init__(self, platform: Platform, places: Iterable[Place], tell_fault: Callable[[], None]) -> None:
        self._platform = platform
        self._places = list(places)
        self._tell_fault = tell_fault
        self._desk: Desk | None = None

    def add(self, places: Iterable[Place], desk: Desk | None = None) -> None:
        """Show the run in these places, too, with their errands done at the desk, where they have any."""
        self._places += places
        self._desk = desk or self._desk

    def start(self, started: Started) -> None:
        """Show that a scan has begun."""
        for place in self._places:
            place.start(started)

    def progress(self, progress: Progress) -> None:
        """Show how it stands: to be called at each change, and as often as the platform's beat."""
        works: list[Callable[[], None]] = []
        for place in self._places:
            with contextlib.suppress(Exception):  # what has a fault of its own there costs no verdict
                work = place.progress(progress)
                works += [work] if work else []
        if self._desk:
            self._desk.tell(progress.stage, works)

    def end(self, ending: Ending) -> bool:
        """Show how the run ended everywhere; return whether no place had a fault of its own."""
        errands: list[Errand] = []
        sound = True
        for place in self._places:
            try:
                errand = place.end(ending)
            except Exception as error:  # noqa: BLE001  # the verdict is known, and the other places show it
                sound = False
                self._tell_fault()
                what = f"{type(place).__name__} failed with {type(error).__name__}; see the log."
                self._platform.annotate(Level.ERROR, "SecuProbe: internal error", what)
                continue
            errands += [errand] if errand else []
        for errand in errands:
            self._do(errand)
        return sound

    def _do(self, errand: Errand) -> None:
        """Do what never decides the verdict: it takes its share of the time, and where it fails there is a warning."""
        try:
            note = self._desk.run(errand) if self._desk else None
        except ForgeError as error:
            tell = self._platform.warn if errand.is_news else self._platform.debug
            tell(f"{errand.purpose}{errand.detail()}: {error}. The verdict is not affected.")
            return
        if note:
            self._platform.info(note)
