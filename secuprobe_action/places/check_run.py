"""The check at the commit, which keeps what is remembered: created when the scan is launched, concluded when the run ends."""

from collections.abc import Callable

from secuprobe_action.errors import NotFound, ScanFailed, ScanTimedOut, WrongSite
from secuprobe_action.findings.endings import Ending, Failed, Judged, Skipped, Stopped, Surveyed
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.overview import Result
from secuprobe_action.findings.progress import Progress
from secuprobe_action.memory.recollection import Recollection
from secuprobe_action.memory.rules import Recalled
from secuprobe_action.places.comment import STALE
from secuprobe_action.places.commit_check import CommitCheck
from secuprobe_action.places.summary import rendered
from secuprobe_action.platforms.base import Check, Conclusion, ForgeError
from secuprobe_action.platforms.desk import Desk, Errand
from secuprobe_action.reports import progress as progress_report
from secuprobe_action.text import one_line

TOO_LONG = "This run can't be remembered: the identifiers of its scan and of the accepted one are too long for what keeps them."

MAX_SUMMARY_BYTES = 60_000
"""A check run's summary holds 65,535 characters."""


class CheckRun(CommitCheck):
    """The check of one site.

    Args:
        desk: where the forge is asked.
        recollection: what is known of earlier runs.
        name: the check's name.
        now: seconds since the epoch.
    """

    def __init__(self, desk: Desk, recollection: Recollection, name: str, now: Callable[[], float]) -> None:
        super().__init__(desk, name, now)
        self._recollection = recollection
        self._started: Started | None = None

    def start(self, started: Started) -> None:
        self._started = started
        at = int(self._now())
        launched = Progress(one_line(started.status, 40), f"scan {started.scan_id}")
        summary = progress_report.render(launched, started.report_url)

        def work() -> None:
            line = self._line(started, at, of_use=True)
            self._publish(Check(self._name, None, launched.line, summary, at, line, started.report_url, site=started.site))

        self._desk.begin(work)  # should it fail, the end is shown all the same, and says so if that fails, too

    def progress(self, progress: Progress) -> Callable[[], None] | None:
        started = self._started
        if started is None:
            return None
        summary = progress_report.render(progress, started.report_url)
        check = Check(self._name, None, progress.line, summary, int(self._now()))

        return lambda: self._describe(check)

    def end(self, ending: Ending) -> Errand | None:
        conclusion = conclusion_of(ending)
        if conclusion is None:
            return None
        at = int(self._now())
        title, summary = title_of(ending), rendered(ending, MAX_SUMMARY_BYTES)
        recalled = None
        if isinstance(ending, Judged):
            recalled = self._recalled()
        else:
            self._recollection.give_up()

        def work() -> str | None:
            line, note = self._left_for_later(ending, at, recalled)
            report_url, site = _scan(ending)
            # What later runs pass over must not push out what they go by.
            lasting = note is None and recalled is not None and recalled.on_default
            text = self._ages_of(ending, recalled)
            self._publish(Check(self._name, conclusion, title, summary, at, line, report_url, site, lasting, text))
            return STALE if self._stale else note

        return Errand("The check run was not published", work, is_news=not isinstance(ending, Skipped))

    def _recalled(self) -> Recalled | None:
        try:
            return self._recollection.recalled()
        except ForgeError:
            return None

    def _left_for_later(self, ending: Ending, at: int, recalled: Recalled | None) -> tuple[str | None, str | None]:
        """Return the line for later runs, and what is to be said of it."""
        line = self._line_of(ending, at, recalled)
        if line is None and isinstance(ending, Judged) and ending.report.site:
            # The line of the launch must not stay: a later attempt would take the scan for one that isn't judged.
            keeper = self._recollection.keeper(self._desk.forge, ending.report.site)
            return keeper.unjudged(ending.report, at, of_use=False), TOO_LONG
        return line, None

    def _line_of(self, ending: Ending, at: int, recalled: Recalled | None) -> str | None:
        """Return what is left for later runs, or None where there is nothing to leave."""
        match ending:
            case Judged(report=report, verdict=verdict) if report.site:
                return self._recollection.keeper(self._desk.forge, report.site).judged(report, verdict, at, recalled)
            case Failed(error=error, started=Started() as started):
                return self._line(started, at, of_use=not isinstance(error, ScanFailed | NotFound | WrongSite))
            case Stopped(started=Started() as started):
                return self._line(started, at, of_use=True)
        return None

    def _ages_of(self, ending: Ending, recalled: Recalled | None) -> str:
        """Return what goes beside the line, where there is something, and room for it."""
        forge = self._desk.forge
        match ending:
            case Judged(report=report, verdict=verdict) if report.site and forge.keeps_text:
                return self._recollection.keeper(forge, report.site).ages(report, verdict, recalled)
        return ""

    def _line(self, started: Started, at: int, *, of_use: bool) -> str | None:
        if started.site is None:
            return None
        return self._recollection.keeper(self._desk.forge, started.site).unjudged(started, at, of_use=of_use)


def conclusion_of(ending: Ending) -> Conclusion | None:
    """Return how the check ends, or None where there is nothing to show.

    An error is a failure, not neutral: a required check must not pass what could not be judged.
    """
    match ending:
        case Judged(verdict=verdict):
            return _verdict(verdict)
        case Surveyed():
            return _surveyed(ending)
        case Failed(error=ScanTimedOut()):
            return Conclusion.TIMED_OUT
        case Failed():
            return Conclusion.FAILURE
        case Stopped(started=Started()):
            return Conclusion.CANCELLED
    return Conclusion.NEUTRAL if isinstance(ending, Skipped) else None


def _verdict(verdict: Verdict) -> Conclusion:
    if not verdict.policy.is_gate:
        return Conclusion.NEUTRAL
    return Conclusion.SUCCESS if verdict.passed else Conclusion.FAILURE


def _surveyed(ending: Surveyed) -> Conclusion:
    if ending.cancelled:
        return Conclusion.CANCELLED
    if ending.estate.result is Result.PASSED and not ending.is_gate:
        return Conclusion.NEUTRAL
    return Conclusion.SUCCESS if ending.estate.result is Result.PASSED else Conclusion.FAILURE


def _scan(ending: Ending) -> tuple[str | None, str | None]:
    """Return where a person reads on, and what was scanned."""
    match ending:
        case Judged(report=report):
            return report.report_url, report.site
        case Failed(started=Started() as started) | Stopped(started=Started() as started):
            return started.report_url, started.site
    return None, None


def title_of(ending: Ending) -> str:
    """Return how the run ended in a few words."""
    match ending:
        case Judged(verdict=verdict):
            return verdict.reason
        case Surveyed(estate=estate):
            return estate.reason
        case Failed(error=error):
            return error.title
        case Skipped():
            return "skipped: there is no api_key"
    return "SecuProbe: cancelled"
