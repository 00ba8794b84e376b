"""What a run's findings are measured against. It decides, so what could not be asked is doubt, never nothing."""

from collections.abc import Callable

from secuprobe_action.api.scan import Scanner, require_site
from secuprobe_action.api.steps import Steps
from secuprobe_action.api.wire import Scan
from secuprobe_action.errors import ApiError, NotCompared, NotFound
from secuprobe_action.findings.baseline import Compared, compare
from secuprobe_action.findings.history import History
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.memory.rules import Recalled, history_of
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.text import one_line
from secuprobe_action.values import AUTO


class Comparing:
    """Compares a run's findings with those of an earlier scan, as the inputs say.

    Args:
        scanner: what reads scans.
        recalled: returns what is known of earlier runs, or raises ForgeError; called once the scan has ended.
        baseline: the scan to compare with, AUTO for what is remembered, or None for no comparison.
        site: what the findings belong to, or None where only the scan tells.
        only_new: whether only new findings fail the gate.
        known: returns what is known of earlier runs by the time it is called, or None; it waits for nothing.
    """

    def __init__(
        self,
        scanner: Scanner,
        recalled: Callable[[], Recalled],
        baseline: str | None,
        site: str | None,
        *,
        only_new: bool,
        known: Callable[[], Recalled | None] = lambda: None,
    ) -> None:
        self._scanner = scanner
        self._recalled = recalled
        self._baseline = baseline
        self._site = site
        self._only_new = only_new
        self._known = known
        self._named: Scan | None = None
        self._problem = ""

    def prepare(self) -> Steps[None]:
        """Look at a baseline that the user named before a scan is spent on being compared with it.

        Raises:
            WrongSite: it is another site's scan.
            NotCompared: there is none of that name, and the gate is about new findings.
        """
        baseline = self._baseline
        if baseline is None or baseline == AUTO:
            return
        try:
            self._named = yield from self._scanner.earlier(baseline, _of_url(self._site))
        except NotFound as error:
            if self._only_new:
                advice = "Check the input baseline, and which account the key belongs to. Nothing was launched."
                raise NotCompared(f"There is no scan {baseline} to compare with: {error.message}", advice) from error
            self._problem = _unreadable(baseline, error)
        except ApiError as error:
            self._problem = _unreadable(baseline, error)

    def compare(self, report: ScanReport, now: float) -> Steps[Compared]:
        """Compare the run's findings; to be called once the scan has ended.

        Args:
            report: the run's scan.
            now: seconds since the epoch.
        """
        match self._baseline:
            case None:
                return Compared()
            case "auto":
                return (yield from self._with_memory(report, now))
        if self._named is None:
            return Compared(problem=self._problem)
        require_site(self._named, _of_url(report.site))  # known by now, even where only the scan told
        return self._unlisted(report) or (yield from self._with_scan(report, self._named, None, now))

    def history(self, report: ScanReport, compared: Compared, now: float) -> History | None:
        """Return what earlier runs tell beyond that, which decides nothing; None where it isn't known by now.

        Args:
            report: the run's scan.
            compared: what came of comparing it.
            now: seconds since the epoch.
        """
        return history_of(self._known(), report, compared.comparison, now)

    def _with_memory(self, report: ScanReport, now: float) -> Steps[Compared]:
        try:
            recalled = self._recalled()
        except ForgeError as error:
            return Compared(problem=f"The baseline could not be looked up: {error}.")
        if recalled.compared_with is None:
            return Compared(doubts=(_nothing(report, recalled), *recalled.notes))
        unlisted = self._unlisted(report)
        if unlisted:
            return unlisted
        try:
            scan = yield from self._scanner.earlier(recalled.compared_with, None)
        except NotFound:
            return Compared(doubts=(_gone(recalled), *recalled.notes))
        except ApiError as error:
            return Compared(problem=_unreadable(recalled.compared_with, error))
        return (yield from self._with_scan(report, scan, recalled, now))

    def _unlisted(self, report: ScanReport) -> Compared | None:
        """Return what to make of a scan whose findings aren't listed."""
        if report.findings is not None:
            return None
        if report.list_refused:
            return Compared(doubts=("There is no list of findings to compare with the baseline's. All findings count as new.",))
        return Compared(problem=f"The list of findings can't be read: {report.list_problem or 'no list'}")

    def _with_scan(self, report: ScanReport, scan: Scan, recalled: Recalled | None, now: float) -> Steps[Compared]:
        commit = age_s = None
        # A memory's commit and time are those of the run's own scan; of one that it took over only the identifier is known.
        if recalled and recalled.memory and recalled.memory.seen == scan.scan_id:
            commit, age_s = recalled.commit, now - recalled.memory.at
        try:
            known = yield from self._scanner.baseline(scan, commit, age_s)
        except ApiError as error:
            return Compared(problem=_unreadable(scan.scan_id, error))
        return Compared(compare(report.findings or (), known), recalled.notes if recalled else ())


def _of_url(site: str | None) -> str | None:
    """Return a site that is a URL: a name of the user's own stands for whatever URLs, and can't be held against a scan's."""
    return site if site and "://" in site else None


def _nothing(report: ScanReport, recalled: Recalled) -> str:
    of = "the default branch's earlier runs" if recalled.on_default else "the default branch's runs at the merge base"
    return (
        f"No baseline was found: none of {of}, up to 20 commits before, remembers {one_line(report.site or 'this site', 300)} "
        "under this check name. All findings count as new. (A preview's address differs from the site's: name what it is in the "
        "input site.)"
    )


def _gone(recalled: Recalled) -> str:
    return (
        f"The baseline, scan {recalled.compared_with}, is gone from SecuProbe. All findings count as new, until none reaches the "
        "threshold; another check_name starts anew."
    )


def _unreadable(scan_id: str, error: ApiError) -> str:
    return f"The baseline, scan {scan_id}, can't be read: {one_line(error.message, 300)}"
