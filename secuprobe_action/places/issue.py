"""An issue that opens and closes itself: one a check's name and site, or estate, for runs that no pull request looks at."""

from collections.abc import Callable
from dataclasses import dataclass

from secuprobe_action.errors import InputError
from secuprobe_action.findings.endings import Ending, Failed, Judged, Surveyed
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Forge
from secuprobe_action.platforms.desk import Desk, Errand
from secuprobe_action.platforms.issues import Issue, Issues
from secuprobe_action.platforms.marker import Marker
from secuprobe_action.reports import issue as report
from secuprobe_action.reports.news import News, Stand, of_error, of_estate, of_scan


class KeptIssue(Place):
    """The issue of a site, or of many.

    Args:
        desk: where the forge is asked.
        name: the check's name.
        site: what is scanned, or what stands for many sites, or None where only the scan tells.
    """

    def __init__(self, desk: Desk, name: str, site: str | None) -> None:
        self._desk = desk
        self._name = name
        self._site = site

    def end(self, ending: Ending) -> Errand | None:
        match ending:
            case Judged(report=scan, verdict=verdict) if verdict.policy.is_gate:
                return self._errand(scan.site, lambda: of_scan(scan, verdict))
            case Surveyed(estate=estate, cancelled=None, notes=notes):
                return self._errand(self._site, lambda: of_estate(estate, notes))
            case Failed(error=error, started=started) if not isinstance(error, InputError):
                return self._errand(started.site if started else self._site, lambda: of_error(error))
        return None

    def _errand(self, site: str | None, news: Callable[[], News]) -> Errand | None:
        if not site:
            return None

        def work() -> None:
            forge = self._desk.forge
            if _is_of_the_default_branch(forge):
                _Keeper(forge.issues, self._name, Marker(self._name, site), news()).tell()

        return Errand("The issue was not kept up to date", work)


def _is_of_the_default_branch(forge: Forge) -> bool:
    """Whether no pull request looks at the run: it is of the default branch, by whatever event."""
    subject = forge.subject()
    return not subject.pulls and forge.lineage(subject.commit).on_default


@dataclass(frozen=True, slots=True)
class _Keeper:
    """What becomes of the issue: it is open while the gate fails.

    One that people closed although it fails stays closed until something comes. What is said comes before the text that remembers
    it: where the forge takes only the first, it is said once more, rather than never.

    Args:
        issues: where it is.
        name: the check's name.
        marker: by which it is found.
        news: what the run tells.
    """

    issues: Issues
    name: str
    marker: Marker
    news: News

    def tell(self) -> None:
        own = self.issues.own(self.marker)
        if not own:
            if self.news.fails:
                self._open()
        elif self.news.stand is Stand.PASSED:
            self._passed(own[0])
        elif own[0].is_open:
            self._goes_on(own[0])
        elif self.news.fails:
            self._fails_again(own[0])

    def _open(self) -> None:
        number = self.issues.open(report.title(self.name, self.news), report.body(str(self.marker), self.news))
        # Another job may have done so at the same moment: both look again, and both keep the older one.
        own = self.issues.own(self.marker)
        if own and own[0].number < number:
            self.issues.change(number, None, is_open=False)

    def _passed(self, found: Issue) -> None:
        if found.is_open:
            self.issues.comment(found.number, report.passed(self.news))
            self._write(found, is_open=False)
        elif report.told(found.body).fails:  # people closed it; from now on it is as if this had
            self.issues.change(found.number, report.with_stand(str(self.marker), found.body, Stand.PASSED), is_open=None)

    def _goes_on(self, found: Issue) -> None:
        before = report.told(found.body)
        changes = report.changes(self.news, before)
        is_first_error = self.news.stand is Stand.ERROR and before.stand is not Stand.ERROR
        said = [report.error(self.news)] if is_first_error else []
        said += [report.changed(self.news, changes)] if changes else []
        if said:
            self.issues.comment(found.number, "\n\n".join(said))
        self._write(found, is_open=None)

    def _fails_again(self, found: Issue) -> None:
        before = report.told(found.body)
        came = report.changes(self.news, before).came
        if before.fails and not came:
            return
        self.issues.comment(found.number, report.failed_again(self.news, came))
        self._write(found, is_open=True)

    def _write(self, found: Issue, *, is_open: bool | None) -> None:
        body = report.body(str(self.marker), self.news, found.body)
        if is_open is not None or body != found.body:
            self.issues.change(found.number, body, is_open=is_open)
