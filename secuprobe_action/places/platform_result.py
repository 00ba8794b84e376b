"""The platform's own report of results, where it has one that isn't a file: Bitbucket's Code Insights."""

from secuprobe_action.findings.endings import Ending, Judged
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Platform
from secuprobe_action.platforms.desk import Errand


class PlatformResult(Place):
    """The platform's report.

    Args:
        platform: where it is shown.
        name: the check's name.
    """

    def __init__(self, platform: Platform, name: str) -> None:
        self._platform = platform
        self._name = name

    def end(self, ending: Ending) -> Errand | None:
        if not isinstance(ending, Judged):
            return None
        report, verdict = ending.report, ending.verdict
        return Errand("The result was not published", lambda: self._platform.publish_result(self._name, report, verdict))
