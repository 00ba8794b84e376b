"""Many sites, each from its launch to its row: what `judging` does for one, done for all on one key (`api.crew`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.crew import Crew
from secuprobe_action.api.jobs import Job, Standing
from secuprobe_action.api.scan import Scanner
from secuprobe_action.api.steps import Steps
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.comparing import Comparing
from secuprobe_action.errors import (
    ActionError,
    Cancelled,
    InternalError,
    NotFound,
    PaymentRequired,
    ScanFailed,
    Unauthorized,
    WrongSite,
)
from secuprobe_action.findings.endings import Judged, Surveyed
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.overview import MAX_NEW, Estate, Result, Site
from secuprobe_action.findings.progress import Progress
from secuprobe_action.judging import Judging
from secuprobe_action.log import Log
from secuprobe_action.memory.estate_memory import EstateMemory
from secuprobe_action.memory.ledger import digest_of
from secuprobe_action.places.site_reports import SiteReports
from secuprobe_action.settings import EstateSettings
from secuprobe_action.text import about, one_line
from secuprobe_action.values import AUTO

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
        self._rows = {row.name: row for row in rows}
        self._begun: set[str] = set()
        self._started: dict[str, Started] = {}
        self._estimate_s: float | None = None
        self._refusal: ActionError | None = None

    def run(self, targets: Sequence[Target], earlier: Mapping[str, str]) -> Surveyed:
        """Scan and judge all sites; return what became of each, however the run ends.

        Args:
            targets: the sites to scan.
            earlier: the scans of an earlier attempt, to go on with, by the sites' digests in hexadecimal.
        """
        means = self._means
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
        return Surveyed(Estate.of(self._rows.values()), cancelled)

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
        self._begun.add(site)
        teller = _Quiet(site, means.log)
        scanner = Scanner(means.client, self._wanted.api_url, teller, means.deadline, site, lambda: means.memory.lengths(site))
        only_new = self._wanted.policy.only_new
        comparing = Comparing(scanner, lambda: means.memory.recalled(site), self._wanted.baseline, site, only_new=only_new)

        def begun(started: Started) -> None:
            self._started[site] = started
            self._estimate_s = max(self._estimate_s or 0.0, started.estimate_s or 0.0) or None
            means.memory.began(site, started.scan_id)

        return means.judging.steps(scanner.run(target.url, None, begun, earlier), comparing)

    def _ended(self, site: str, result: Judged | Exception) -> None:
        """Make the site's row, and write and remember what is to be kept: its findings are not kept here."""
        if isinstance(result, Judged):
            self._means.memory.judged(site, result)
            self._rows[site] = self._judged(site, result)
            return
        if not isinstance(result, ActionError):
            try:
                raise result
            except Exception:  # noqa: BLE001  # shown, and one site's alone
                self._means.tell_fault()
            result = InternalError(f"The action itself failed with {type(result).__name__}.")
        if isinstance(result, ScanFailed | NotFound | WrongSite):
            self._means.memory.ended(site)
        if isinstance(result, Unauthorized | PaymentRequired):
            self._refusal = result  # what is said of the key or its plan holds for every site
        self._rows[site] = self._failed(site, result)

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
        if started:
            reason = f"The run was cancelled while scan {started.scan_id} was running; it goes on at SecuProbe"
            return Site(site, Result.ERROR, reason, report_url=started.report_url)
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
        text = f"{standing.ended:,} of {total:,} judged, {standing.running:,} running, {standing.waiting:,} waiting{left}"
        self._means.show(Progress("scanning", text, standing.ended / total if total else None))


def _raise(error: ActionError) -> Steps[Judged]:
    """Return steps that end at once."""
    yield from ()
    raise error
