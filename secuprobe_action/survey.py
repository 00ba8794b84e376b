"""Many sites, each from its launch to its row: what `judging` does for one, done for all on one key (`api.crew`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.crew import Crew
from secuprobe_action.api.jobs import Job, Standing
from secuprobe_action.api.scan import Scanner
from secuprobe_action.api.steps import Pause, Steps
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.comparing import Comparing
from secuprobe_action.errors import (
    ActionError,
    Cancelled,
    Forbidden,
    InternalError,
    NotFound,
    PaymentRequired,
    ScanError,
    ScanFailed,
    Unauthorized,
    WrongSite,
)
from secuprobe_action.findings.endings import Judged, Surveyed
from secuprobe_action.findings.model import ScanReport, Started
from secuprobe_action.findings.overview import MAX_NEW, Estate, Result, Site
from secuprobe_action.findings.progress import Progress
from secuprobe_action.judging import Judging
from secuprobe_action.log import Log
from secuprobe_action.memory.estate_memory import EstateMemory
from secuprobe_action.memory.ledger import digest_of
from secuprobe_action.places.alerts import Alerts
from secuprobe_action.places.site_reports import SiteReports
from secuprobe_action.settings import EstateSettings
from secuprobe_action.text import about, duration, one_line, plural
from secuprobe_action.values import AUTO

RECALL_PAUSE_S, RECALL_PAUSES = 0.5, 120
"""How often is looked whether the forge has answered, and how many times."""

MAX_WATCHED = 6
"""Of the sites that run, and of those that have ended, as many are shown on a terminal."""

ENOUGH = 3
"""Sites that are forbidden before any scan was launched: what holds for so many holds for all."""

COMPARING_REQUESTS = 2
"""What a comparison asks for beside the site's own list: the scan it is compared with, and its list."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be scanned.

    Args:
        site: whose findings they will be.
        url: with all that its query holds, for the request to SecuProbe and for nothing else.
    """

    site: str
    url: str


@dataclass(frozen=True, slots=True)
class Means:
    """What a survey is made with.

    Args:
        client: the API.
        clock: what to wait with.
        deadline: the time budget of all.
        log: where lines go.
        memory: what is remembered of the sites.
        judging: what each is judged by.
        reports: where each one's reports go, or None.
        alerts: where each one's findings become alerts, or None.
        show: called with how it stands, about once a second.
        tell_fault: shows the traceback of the exception that is being handled.
    """

    client: SecuProbeClient
    clock: Clock
    deadline: Deadline
    log: Log
    memory: EstateMemory
    judging: Judging
    reports: SiteReports | None
    alerts: Alerts | None
    show: Callable[[Progress], None]
    tell_fault: Callable[[], None]


class _Quiet:
    """What a scan among many has to say: its warnings, with its name; how it stands is told of all."""

    def __init__(self, site: str, log: Log) -> None:
        self._site = one_line(site, 200)
        self._log = log
        self._status: str | None = None

    def info(self, line: str) -> None:
        self._log.debug(f"{self._site}: {line}")

    def warn(self, text: str) -> None:
        self._log.warn(f"{self._site}: {text}")

    def scan_is(self, status: str, estimate_s: float | None) -> bool:
        is_new, self._status = status != self._status, status
        return is_new


class Survey:
    """Scans and judges many sites.

    Args:
        wanted: the inputs.
        means: what it is made with.
        rows: the rows of what isn't scanned.
    """

    def __init__(self, wanted: EstateSettings, means: Means, rows: Sequence[Site]) -> None:
        self._wanted = wanted
        self._means = means
        self._rows: dict[str, Site] = {}
        for row in sorted(rows, key=lambda row: row.result, reverse=True):
            self._rows[row.name] = row  # of two of one name, the worse one
        self._begun: set[str] = set()
        self._started: dict[str, Started] = {}
        self._began_at: dict[str, float] = {}
        self._earlier: Mapping[str, str] = {}
        self._estimate_s: float | None = None
        self._refusal: ActionError | None = None
        self._forbidden = 0

    def run(self, targets: Sequence[Target], earlier: Mapping[str, str]) -> Surveyed:
        """Scan and judge all sites; return what became of each, however the run ends.

        Args:
            targets: the sites to scan.
            earlier: the scans of an earlier attempt, to go on with, by the sites' digests in hexadecimal.
        """
        means, self._earlier = self._means, earlier
        finishing = 1 + (COMPARING_REQUESTS if self._wanted.baseline == AUTO else 0)
        total = len(targets)
        crew = Crew(means.clock, means.deadline, means.client.window, finishing, lambda standing: self._tell(standing, total))
        cancelled = None
        try:
            crew.run([self._job(target, earlier.get(digest_of(target.site).hex())) for target in targets])
        except Cancelled as signal:
            cancelled = signal
        for target in targets:
            if target.site not in self._rows:
                self._rows[target.site] = self._cut_short(target.site, cancelled)
        rows = [self._not_forgotten(row) for row in self._rows.values()]
        gone = means.memory.gone([_site_of_row(row) for row in rows])
        verb = "is" if gone == 1 else "are"
        notes = (f"{plural(gone, 'site')} of the run before {verb} not among these any more.",) if gone else ()
        return Surveyed(Estate.of(rows), cancelled, notes, self._wanted.policy.is_gate)

    def _not_forgotten(self, row: Site) -> Site:
        """Return a row in doubt where a site that was judged before isn't scanned any more: it may be red as well."""
        if row.result is not Result.NOT_VALIDATED or not self._means.memory.knew(_site_of_row(row)):
            return row
        return replace(row, result=Result.ERROR, reason="It was judged before, but its domain is not validated any more")

    def _job(self, target: Target, earlier: str | None) -> Job[Judged]:
        return Job(
            lambda: self._steps(target, earlier),
            lambda result: self._ended(target.site, result),
            lambda: self._length_s(target.site),
            launches=earlier is None,
        )

    def _length_s(self, site: str) -> float | None:
        lengths = self._means.memory.lengths(site)
        return max(lengths) if lengths else self._estimate_s

    def _steps(self, target: Target, earlier: str | None) -> Steps[Judged]:
        means, site = self._means, target.site
        if self._refusal is not None:
            return _raise(self._refusal)
        client = means.client.beside()
        self._begun.add(site)
        teller = _Quiet(site, means.log)
        scanner = Scanner(client, self._wanted.api_url, teller, means.deadline, site, lambda: means.memory.lengths(site))
        only_new = self._wanted.policy.only_new
        comparing = Comparing(scanner, lambda: means.memory.recalled(site), self._wanted.baseline, site, only_new=only_new)

        def begun(started: Started) -> None:
            self._started[site] = started
            self._began_at[site] = means.clock.monotonic()
            if started.estimate_s:  # of a site of which nothing else is known: the least says least too much
                self._estimate_s = min(self._estimate_s or started.estimate_s, started.estimate_s)
            means.memory.began(site, started.scan_id)

        return means.judging.steps(self._scanned(scanner.run(target.url, None, begun, earlier)), comparing)

    def _scanned(self, scanning: Steps[ScanReport]) -> Steps[ScanReport]:
        """Scan, and wait until what is remembered is known, while others go on."""
        report = yield from scanning
        for _ in range(RECALL_PAUSES):
            if self._means.memory.is_known():
                break
            yield Pause(RECALL_PAUSE_S)
        return report

    def _ended(self, site: str, result: Judged | Exception) -> None:
        """Make the site's row, and write and remember what is to be kept: its findings are not kept here."""
        try:
            if isinstance(result, Judged):
                self._means.memory.judged(site, result)
                self._rows[site] = self._judged(site, result)
                if self._means.alerts:
                    self._means.alerts.judged(result)
                return
            if not isinstance(result, ActionError):
                raise result
        except Exception as error:  # noqa: BLE001  # shown, and one site's alone
            self._means.tell_fault()
            result = InternalError(f"The action itself failed with {type(error).__name__}.")
        if isinstance(result, ScanFailed | NotFound | WrongSite):
            self._means.memory.ended(site)
        self._heed(site, result)
        self._rows[site] = self._failed(site, result)

    def _heed(self, site: str, error: ActionError) -> None:
        """Launch nothing more where an error is about the key or its plan, and so about every site."""
        refused = isinstance(error, Forbidden) and not self._started
        self._forbidden += refused
        if isinstance(error, Unauthorized | PaymentRequired) or (refused and self._forbidden >= ENOUGH):
            self._refusal = ScanError(f"It was not launched, since SecuProbe refused others: {error.message}", error.advice)

    def _judged(self, site: str, judged: Judged) -> Site:
        report, verdict = judged.report, judged.verdict
        compared = verdict.baseline is not None
        new = [each.finding for each in verdict.new if each.accepted is None]
        doubts = f" ({'; '.join(one_line(text, 200) for text in verdict.warnings)})" if verdict.warnings else ""
        return Site(
            site,
            Result.PASSED if verdict.passed else Result.FAILED,
            verdict.reason + doubts,
            report.score,
            verdict.counts,
            len(new) if compared else None,
            tuple(replace(finding, description=None, remediation=None) for finding in new[:MAX_NEW]) if compared else (),
            report.report_url,
            self._means.reports.judged(site, judged) if self._means.reports else None,
        )

    def _failed(self, site: str, error: ActionError) -> Site:
        started = self._started.get(site)
        scan = (started.scan_id, started.report_url) if started else None
        files = self._means.reports.failed(site, error, scan) if self._means.reports else None
        reason = one_line(str(error), 500).rstrip(".")
        return Site(site, Result.ERROR, reason, report_url=started.report_url if started else None, files=files)

    def _cut_short(self, site: str, cancelled: Cancelled | None) -> Site:
        """Return the row of a site whose scan came to no end."""
        started = self._started.get(site)
        scan_id = started.scan_id if started else self._earlier.get(digest_of(site).hex())
        if scan_id:
            reason = f"The run was cancelled while scan {scan_id} was running; it goes on at SecuProbe"
            return Site(site, Result.ERROR, reason, report_url=started.report_url if started else None)
        if site in self._begun:
            return Site(site, Result.ERROR, "It was being launched when the run was cancelled, so a scan may be running")
        why = "The run was cancelled" if cancelled else "The time budget, or the key's limit, left no room"
        return Site(site, Result.NOT_REACHED, f"{why} before its scan was launched")

    def _tell(self, standing: Standing, total: int) -> None:
        self._means.memory.look_again()
        elapsed_s = self._means.deadline.elapsed_s
        left = ""
        if standing.ended and standing.ended < total:
            left_s = elapsed_s * (total - standing.ended) / standing.ended
            left = f", about {about(min(left_s, self._means.deadline.remaining_s))} left" if left_s > 0 else ""
        text = f"{standing.ended:,} of {total:,} done, {standing.running:,} running, {standing.waiting:,} waiting{left}"
        self._means.show(Progress("scanning", text, standing.ended / total if total else None, self._watched()))

    def _watched(self) -> tuple[tuple[str, str], ...]:
        """Return the sites to look at: those that have run longest, and those that ended last."""
        now = self._means.clock.monotonic()
        running = islice((site for site in self._began_at if site not in self._rows), MAX_WATCHED)
        lately = list(self._rows.values())[-MAX_WATCHED:] if self._begun else []
        return (
            *((one_line(site, 60), f"running, {duration(now - self._began_at[site])}") for site in running),
            *((one_line(row.name, 60), f"{row.result.label}: {one_line(row.reason, 80)}") for row in reversed(lately)),
        )


def _site_of_row(row: Site) -> str:
    """Return a row's site: that of a domain that wasn't scanned is the one that would have been."""
    return row.name if "://" in row.name else f"https://{row.name}"


def _raise(error: ActionError) -> Steps[Judged]:
    """Return steps that end at once."""
    yield from ()
    raise error
