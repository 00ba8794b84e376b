"""Launch a scan or attach to one, wait for its end, collect what it found. It must not know what follows from that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from secuprobe_action.api import retry
from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.collecting import collected, findings, report_url
from secuprobe_action.api.polling import Prior
from secuprobe_action.api.steps import Kind, Running, Steps
from secuprobe_action.api.wire import LaunchedScan, Scan, VulnerabilityList
from secuprobe_action.clock import Deadline
from secuprobe_action.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    OutOfTime,
    ProtocolError,
    ScanFailed,
    ScanTimedOut,
    WrongSite,
)
from secuprobe_action.findings.baseline import Baseline
from secuprobe_action.findings.model import ScanReport, Started
from secuprobe_action.findings.sites import ascii_host, site_of
from secuprobe_action.text import duration, one_line

KNOWN = frozenset({"queued", "running", "completed", "failed"})
"""The statuses that the API's documentation names."""

FINAL = frozenset(
    {"failed", "error", "errored", "cancelled", "canceled", "aborted", "stopped", "terminated", "killed", "expired", "rejected"}
    | {"timeout", "timed_out", "timedout", "deleted"}
)
"""Those that say that there will be no result, documented or not: nothing is gained by asking on."""


class Teller(Protocol):
    """Who tells the user how a scan stands."""

    def info(self, line: str) -> None:
        """Show a line."""

    def warn(self, text: str) -> None:
        """Show a warning."""

    def scan_is(self, status: str, estimate_s: float | None) -> bool:
        """Take note of the scan's status, as the API spells it, and return whether it changed."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """One scan, from launch to report.

    Args:
        client: the API.
        base_url: the API's address; reports lie on the same host.
        teller: what tells the user how the scan stands.
        deadline: the time budget.
        site: what the findings belong to, or None for that of the scanned URL.
        lengths: tells how long earlier scans of the site took, in seconds, as far as is known when it is called.
    """

    client: SecuProbeClient
    base_url: str
    teller: Teller
    deadline: Deadline
    site: str | None = None
    lengths: Callable[[], Sequence[float]] = tuple

    def run(
        self,
        url: str | None,
        scan_id: str | None,
        on_start: Callable[[Started], None],
        earlier: str | None = None,
    ) -> Steps[ScanReport]:
        """Scan `url`, or attach to the scan `scan_id`, and return what was found.

        Args:
            url: what to scan; may be None where `scan_id` is given.
            scan_id: a scan that was launched before, or None to launch one.
            on_start: called as soon as the scan's id is known, before anything can go wrong with it.
            earlier: a scan of an earlier attempt, to attach to where it is still there, or None.

        Raises:
            ApiError: the API refused, or could not be reached.
            WrongSite: `scan_id` is a scan of another site.
            ScanFailed: the scan ended as failed.
            ScanTimedOut: it didn't end within the time budget.
        """
        if url:
            self.client.hide(url)
        scan, started = yield from self._begin(url, scan_id, earlier)
        began_at = self.deadline.elapsed_s
        on_start(started)
        try:
            scan, length_s = yield from self._completed(started, scan, began_at)
        except OutOfTime as error:
            raise self._timed_out(started, error) from error
        duration_s = self.deadline.elapsed_s - began_at
        require_site(scan, site_of(url) if url else None)  # whatever answered in the end
        listed = yield from self._list(started.scan_id)
        report = collected(scan, listed, started, url or scan.url, duration_s)
        return replace(report, length_s=length_s if started.launched else None)

    def _begin(self, url: str | None, scan_id: str | None, earlier: str | None) -> Steps[tuple[Scan | None, Started]]:
        if scan_id is not None:
            return (yield from self._attach(scan_id, url))
        if earlier is not None:
            try:
                return (yield from self._attach(earlier, url))
            except (NotFound, WrongSite) as error:
                self.teller.info(f"The earlier attempt's scan is of no use: {one_line(error.message, 300)}")
        try:
            return None, (yield from self._launch(url or ""))
        except Conflict as error:
            if error.scan_id is None:
                raise
            self.teller.info(
                f"Scan {error.scan_id} of the site runs already, so none is launched: {one_line(error.message, 300)}"
            )
            scan, started = yield from self._attach(error.scan_id, url)
            if (scan.url or "").startswith("http") and started.status not in FINAL | {"completed"}:
                why = one_line(error.message, 300)
                self.teller.info(f"Scan {error.scan_id} of the site runs already, so none is launched: {why}")
                return scan, started
            raise  # one that has ended, or that nobody says to be of this site, is not the one in the way

    def _attach(self, scan_id: str, url: str | None) -> Steps[tuple[Scan, Started]]:
        """Look at a scan before anything is said of it: it may not exist, or be of another site."""
        scan = yield from self.client.scan(scan_id)
        named = self.site if self.site and "://" in self.site else None
        require_site(scan, site_of(url) if url else named)
        site = self.site or (site_of(scan.url) if scan.url else None)
        return scan, Started(scan_id, self._default_report_url(scan_id), scan.status.strip().lower(), site)

    def _default_report_url(self, scan_id: str) -> str:
        """Return where the live service keeps reports; the API's own link, once there is one, comes first."""
        host = urlsplit(self.base_url)
        return f"{host.scheme}://{host.netloc}/dashboard/scans/{scan_id}"

    def _launch(self, url: str) -> Steps[Started]:
        try:
            launched = yield from self.client.launch_scan(url)
        except (BadRequest, Forbidden, NotFound) as error:
            refusal = error
        else:
            return self._launched(launched, url)
        refusal.message += yield from self._domain_hint(url)
        raise refusal

    def _launched(self, launched: LaunchedScan, url: str) -> Started:
        return Started(
            launched.scan_id,
            self._default_report_url(launched.scan_id),
            (launched.status or "queued").strip().lower(),
            self.site or site_of(url),
            launched.estimated_duration_s,
            launched=True,
        )

    def _domain_hint(self, url: str) -> Steps[str]:
        """Say so where the account's domains explain the refusal; a key without the scope for them is no news."""
        host = ascii_host(urlsplit(url).hostname or "")
        try:
            domains = (yield from self.client.domains(retry.OPTIONAL_TRIES)).domains
        except ApiError:
            return ""
        validated = sorted({ascii_host(domain.hostname) for domain in domains if domain.is_validated})
        if host in validated:
            return ""
        known = ", ".join(one_line(name, 100) for name in validated[:10]) or "none"
        more = f" and {len(validated) - 10} more" if len(validated) > 10 else ""
        return (
            f" The host {host} is not among the validated domains of this account ({known}{more}): "
            "validate it in the SecuProbe dashboard."
        )

    def _completed(self, started: Started, scan: Scan | None, began_at: float) -> Steps[tuple[Scan, float]]:
        """Poll until the scan is completed; return it with the seconds from its beginning to about its end.

        One that was just launched needn't be asked for at once. All that is seen of the end is that it fell between two polls.
        """
        status = started.status
        before = now = 0.0
        while True:
            if scan is not None and status == "completed":
                return scan, (before + now) / 2
            if scan is not None and status in FINAL:
                raise self._failed(started, scan, status)
            self._tell(status, started)
            yield Running(status, now, self._prior(started), self._last_poll_in_s(status))
            scan = yield from self.client.scan(started.scan_id, Kind.POLL, launched_at_s=began_at if started.launched else None)
            before, now = now, self.deadline.elapsed_s - began_at
            status = scan.status.strip().lower()

    def _tell(self, status: str, started: Started) -> None:
        prior = self._prior(started)
        is_new = self.teller.scan_is(status, None if prior is None else prior.centre_s)
        if is_new and status not in KNOWN | FINAL:
            self.teller.warn(
                f"Scan {started.scan_id} has the status “{one_line(status, 40)}”, which SecuProbe's documentation doesn't know: "
                "it is taken for one that goes on."
            )

    def _prior(self, started: Started) -> Prior | None:
        """Return what is known of the scan's length: by the site's earlier ones, else by the API's estimate."""
        announced = None if started.estimate_s is None else Prior.announced(started.estimate_s)
        return Prior.learnt(self.lengths()) or announced

    def _last_poll_in_s(self, status: str) -> float:
        """Return when the last poll is due: just before the budget ends."""
        last_poll_in = self.deadline.remaining_s - _LAST_POLL_S
        if last_poll_in < _MOMENT_S:
            raise OutOfTime(f"At the end of the time budget it is {one_line(status, 40)}.")
        return last_poll_in

    def _failed(self, started: Started, scan: Scan, status: str) -> ScanFailed:
        return ScanFailed(
            f"SecuProbe ended scan {started.scan_id} as {one_line(status, 40)}; there is no result to judge.",
            f"See {report_url(scan, started)} for the cause, check that the site answers from the internet, and run again. "
            f"The input scan_id: {started.scan_id} looks at this scan again without starting a new one.",
        )

    def _timed_out(self, started: Started, error: OutOfTime) -> ScanTimedOut:
        return ScanTimedOut(
            f"Scan {started.scan_id} was not finished within {duration(self.deadline.budget_s)}. {error.message}",
            f"It goes on at SecuProbe. Attach to it with the input scan_id: {started.scan_id}, which starts no new scan, "
            f"or raise the timeout input. Its report: {started.report_url}",
        )

    def _list(self, scan_id: str) -> Steps[VulnerabilityList | ApiError]:
        try:
            return (yield from self.client.vulnerabilities(scan_id))
        except ApiError as error:
            return error

    def earlier(self, scan_id: str, site: str | None) -> Steps[Scan]:
        """Return an earlier scan that is to be compared with.

        Args:
            scan_id: the scan.
            site: whose it must be, or None where that can't be told from a URL.

        Raises:
            ApiError: it is gone, isn't completed, or can't be read.
            WrongSite: it is another site's.
        """
        scan = yield from self.client.scan(scan_id)
        require_site(scan, site)
        if scan.status.strip().lower() != "completed":
            raise ProtocolError(f"Scan {scan_id} is {one_line(scan.status, 40)}, not completed.")
        return scan

    def baseline(self, scan: Scan, commit: str | None, age_s: float | None) -> Steps[Baseline]:
        """Return an earlier scan with its findings, to compare with.

        Args:
            scan: as `earlier` returned it.
            commit: the commit it was made of, or None where that isn't known.
            age_s: how long ago that was, in seconds, or None.

        Raises:
            ApiError: its list can't be read, or not as a whole: what it lacks would be taken for new.
        """
        listed = yield from self.client.vulnerabilities(scan.scan_id)
        if listed.incomplete:
            raise ProtocolError(f"Its list of vulnerabilities isn't whole: {listed.incomplete}.")
        return Baseline(scan.scan_id, findings(listed), scan.score, commit, age_s)


def require_site(scan: Scan, site: str | None) -> None:
    """Return where a scan is of that site, as far as the API and the user say.

    Args:
        scan: the scan, whose URL the API may leave out.
        site: whose it must be, or None where that isn't known.

    Raises:
        WrongSite: it is another site's.
    """
    if site is None or not scan.url or site_of(scan.url) == site:
        return
    if not scan.url.startswith(("http://", "https://")):
        return  # it says nothing of a site
    raise WrongSite(f"Scan {scan.scan_id} is a scan of {one_line(site_of(scan.url), 300)}, not of {one_line(site, 300)}.")


_MOMENT_S = 0.01  # a wait so short that a clock's resolution may swallow it

_LAST_POLL_S = 2.0
"""What the last poll and the list of vulnerabilities may take at the end of the time budget."""
