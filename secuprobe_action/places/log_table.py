"""The findings as a table in the log, the verdict last, where a log is read from."""

from secuprobe_action.findings.endings import Ending, Judged, Surveyed
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Platform
from secuprobe_action.platforms.desk import Errand
from secuprobe_action.reports import overview, plain


class LogTable(Place):
    """The table at the end of the log.

    Args:
        platform: whose log it is.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def end(self, ending: Ending) -> Errand | None:
        match ending:
            case Judged(report=report, verdict=verdict):
                self._platform.info(plain.render(report, verdict))
            case Surveyed(estate=estate):
                self._platform.info(overview.plain(estate))
        return None
