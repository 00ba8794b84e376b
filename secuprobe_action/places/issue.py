"""An issue that opens and closes itself: one a check's name and site, for runs that no pull request looks at."""

from dataclasses import dataclass

from secuprobe_action.errors import ActionError, InputError
from secuprobe_action.findings.endings import Ending, Failed, Judged
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Forge
from secuprobe_action.platforms.desk import Desk, Errand
from secuprobe_action.platforms.issues import Issue, Issues
from secuprobe_action.platforms.marker import Marker
from secuprobe_action.reports import issue as report
from secuprobe_action.reports.issue import Stand


class SiteIssue(Place):
    """The issue of the site.

    Args:
        desk: where the forge is asked.
        name: the check's name.
        site: what is scanned, or None where only the scan tells.
    """

    def __init__(self, desk: Desk, name: str, site: str | None) -> None:
        self._desk = desk
        self._name = name
        self._site = site

    def end(self, ending: Ending) -> Errand | None:
        match ending:
            case Judged(report=scan, verdict=verdict) if scan.site and verdict.policy.is_gate:
                return self._errand(_OfVerdict(scan, verdict, self._name, scan.site))
            case Failed(error=error, started=started) if not isinstance(error, InputError):
                site = started.site if started else self._site
                return self._errand(_OfError(error, self._name, site)) if site else None
        return None

    def _errand(self, news: "_OfVerdict | _OfError") -> Errand:
        def work() -> None:
            forge = self._desk.forge
            if _is_of_the_default_branch(forge):
                news.tell(forge.issues)

        return Errand("The issue was not kept up to date", work)


def _is_of_the_default_branch(forge: Forge) -> bool:
    """Whether no pull request looks at the run: it is of the default branch, by whatever event."""
    subject = forge.subject()
    return not subject.pulls and forge.lineage(subject.commit).on_default


@dataclass(frozen=True, slots=True)
class _OfVerdict:
    """A verdict, and what becomes of the issue: it is open while the gate fails.

    One that people closed although it fails stays closed until something comes.
    """

    scan: ScanReport
    verdict: Verdict
    name: str
    site: str

    def tell(self, issues: Issues) -> None:
        marker = Marker(self.name, self.site)
        own = issues.own(marker)
        if not own:
            if not self.verdict.passed:
                self._open(issues, marker)
            return
        found = own[0]
        if self.verdict.passed:
            self._passed(issues, marker, found)
        elif found.is_open:
            self._still_fails(issues, marker, found)
        else:
            self._fails_again(issues, marker, found)

    def _open(self, issues: Issues, marker: Marker) -> None:
        number = issues.open(report.title(self.name, self.site), self._body(marker, None))
        # Another job may have done so at the same moment: both look again, and both keep the older one.
        own = issues.own(marker)
        if own and own[0].number < number:
            issues.change(number, None, is_open=False)

    def _passed(self, issues: Issues, marker: Marker, found: Issue) -> None:
        if found.is_open:
            issues.change(found.number, self._body(marker, found.body), is_open=False)
            issues.comment(found.number, report.passed(self.verdict, self.scan.report_url))
        elif report.told(found.body).stand is Stand.FAILED:  # people closed it; from now on it is as if this had
            issues.change(found.number, report.with_stand(found.body, Stand.PASSED), is_open=None)

    def _still_fails(self, issues: Issues, marker: Marker, found: Issue) -> None:
        came, went = self._changes(found)
        issues.change(found.number, self._body(marker, found.body), is_open=None)
        if came or went:
            issues.comment(found.number, report.changes(came, went, self.scan.report_url))

    def _fails_again(self, issues: Issues, marker: Marker, found: Issue) -> None:
        came, _ = self._changes(found)
        if report.told(found.body).stand is Stand.FAILED and not came:
            return
        issues.change(found.number, self._body(marker, found.body), is_open=True)
        issues.comment(found.number, report.failed_again(self.verdict, came, self.scan.report_url))

    def _changes(self, found: Issue) -> tuple[list[Assessed], int]:
        """Return the open findings that the issue doesn't tell of, and how many that it tells of are gone."""
        before, now = report.told(found.body).keys, report.keys_of(self.scan, self.verdict)
        if before is None or now is None:
            return [], 0
        return [each for key, each in now.items() if key not in before], len(before - now.keys())

    def _body(self, marker: Marker, before: str | None) -> str:
        keys = report.keys_of(self.scan, self.verdict)
        stand = Stand.PASSED if self.verdict.passed else Stand.FAILED
        own = report.text(self.scan, self.verdict)
        return report.body(str(marker), own, stand, None if keys is None else list(keys), before)


@dataclass(frozen=True, slots=True)
class _OfError:
    """That there is no verdict, which is said once on an open issue, and opens none."""

    error: ActionError
    name: str
    site: str

    def tell(self, issues: Issues) -> None:
        own = issues.own(Marker(self.name, self.site))
        if own and own[0].is_open and report.told(own[0].body).stand is not Stand.ERROR:
            issues.change(own[0].number, report.with_stand(own[0].body, Stand.ERROR), is_open=None)
            issues.comment(own[0].number, report.error(self.error))
