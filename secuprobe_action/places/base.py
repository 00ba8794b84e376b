"""What a place is: somewhere a run is shown, when it begins, how it stands, and how it has ended."""

from collections.abc import Callable

from secuprobe_action.findings.endings import Ending
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.progress import Progress
from secuprobe_action.platforms.desk import Errand


class Place:
    """Shows nothing; each place shows what concerns it."""

    def start(self, started: Started) -> None:
        """Show that a scan has begun. Does not wait for anything."""

    def progress(self, progress: Progress) -> Callable[[], None] | None:
        """Show how it stands; what takes a network is returned, to be done as soon as the desk is free, or never."""

    def end(self, ending: Ending) -> Errand | None:
        """Show how the run ended; what takes a network is returned, to be done when all else is shown."""
