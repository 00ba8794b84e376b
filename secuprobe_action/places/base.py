"""What a place is: somewhere a run is shown, when it begins and when it has ended."""

from secuprobe_action.findings.endings import Ending
from secuprobe_action.findings.model import Started
from secuprobe_action.platforms.desk import Errand


class Place:
    """Shows nothing; each place shows what concerns it."""

    def start(self, started: Started) -> None:
        """Show that a scan has begun. Does not wait for anything."""

    def end(self, ending: Ending) -> Errand | None:
        """Show how the run ended; what takes a network is returned, to be done when all else is shown."""
