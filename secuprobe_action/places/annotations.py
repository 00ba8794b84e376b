"""Messages where people look first: the verdict, what casts doubt on it, and the worst findings."""

from secuprobe_action.findings.endings import Ending, Failed, Judged, Skipped, Stopped, Surveyed
from secuprobe_action.findings.gate import Assessed
from secuprobe_action.findings.model import Severity
from secuprobe_action.findings.overview import Result
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import overview
from secuprobe_action.text import one_line, plural

MAX_NOTICES = 3


class Annotations(Place):
    """Annotations of the step.

    Args:
        platform: where they are shown.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def end(self, ending: Ending) -> None:
        annotate = self._platform.annotate
        match ending:
            case Judged():
                self._judged(ending)
            case Surveyed():
                self._surveyed(ending)
            case Skipped(reason=reason, advice=advice):
                annotate(Level.WARNING, "SecuProbe: skipped", f"{reason}. {advice}")
            case Failed(error=error):
                annotate(Level.ERROR, error.title, str(error))
            case Stopped():
                annotate(Level.WARNING, "SecuProbe: cancelled", ending.consequence)

    def _judged(self, ending: Judged) -> None:
        platform, verdict = self._platform, ending.verdict
        for warning in verdict.warnings:
            platform.warn(warning)
        for notice in verdict.notices[:MAX_NOTICES]:
            platform.annotate(Level.NOTICE, "SecuProbe", notice)
        for notice in verdict.notices[MAX_NOTICES:]:
            platform.info(notice)
        if not verdict.passed:
            platform.annotate(Level.ERROR, "SecuProbe: check failed", f"{verdict.reason}. Report: {ending.report.report_url}")
        # The worst of each level, one fewer than the platform shows: the verdict has a place of its own.
        room = dict.fromkeys(Level, max(0, platform.max_annotations - 1))
        for assessed in verdict.open:
            level = _level(assessed)
            if room[level]:
                room[level] -= 1
                platform.annotate(level, *_annotation(assessed))

    def _surveyed(self, ending: Surveyed) -> None:
        annotate, estate = self._platform.annotate, ending.estate
        if ending.cancelled:
            annotate(Level.WARNING, "SecuProbe: cancelled", "What was judged by then is shown.")
        _, left_out = overview.as_json(estate)
        more = f"{plural(left_out, 'site')} are left out of the output sites, which would be too large." if left_out else ""
        for note in filter(None, (*ending.notes, overview.not_validated(estate), more)):
            annotate(Level.WARNING, "SecuProbe estate", note)
        if estate.result is not Result.PASSED:
            annotate(Level.ERROR, f"SecuProbe estate: {estate.result.label}", estate.reason)
        # The rows tell of all; a platform that shows fewer than there are shows the worst.
        wanting = [*estate.having(Result.FAILED), *estate.having(Result.ERROR)]
        for site in wanting[: max(0, self._platform.max_annotations - 1)]:
            annotate(Level.ERROR, f"SecuProbe: {site.shown}", site.reason)


def _level(assessed: Assessed) -> Level:
    if assessed.fails:
        return Level.ERROR
    return Level.WARNING if assessed.finding.severity >= Severity.MEDIUM else Level.NOTICE


def _annotation(assessed: Assessed) -> tuple[str, str]:
    finding = assessed.finding
    title = one_line(f"{finding.severity.label.capitalize()}: {finding.title or 'no title'}", 200)
    return title, f"{finding.category or 'no category'}: {one_line(finding.description or 'no description', 500)}"
