"""The platform's own report of results, where it has one that isn't a file: Bitbucket's Code Insights."""

from collections.abc import Callable

from secuprobe_action.findings.endings import Ending, Failed, Judged, Stopped
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.progress import Progress
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Platform
from secuprobe_action.platforms.desk import Errand


class PlatformResult(Place):
    """The platform's report.

    Args:
        platform: where it is shown.
        name: the check's name.
        site: what is scanned, or None where only the scan tells.
    """

    def __init__(self, platform: Platform, name: str, site: str | None) -> None:
        self._platform = platform
        self._name = name
        self._site = site
        self._started: Started | None = None

    def start(self, started: Started) -> None:
        self._started = started

    def progress(self, progress: Progress) -> Callable[[], None] | None:
        started = self._started
        if not self._platform.has_results or started is None:
            return None
        return lambda: self._platform.publish_progress(self._name, started.site, progress, started.report_url)

    def end(self, ending: Ending) -> Errand | None:
        if not self._platform.has_results:
            return None
        name = self._name
        match ending:
            case Judged(report=report, verdict=verdict):
                return self._errand(lambda: self._platform.publish_result(name, report, verdict))
            case Failed(error=error, started=started):
                return self._without_verdict(error.title, str(error), started)
            case Stopped(started=started):
                return self._without_verdict("SecuProbe: cancelled", ending.consequence, started)
        return None

    def _without_verdict(self, title: str, message: str, started: Started | None) -> Errand:
        site, report_url = (started.site, started.report_url) if started else (self._site, None)
        return self._errand(lambda: self._platform.publish_no_result(self._name, site, title, message, report_url))

    def _errand(self, work: Callable[[], None]) -> Errand:
        return Errand("The result was not published", work)
