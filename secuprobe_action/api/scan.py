"""Launch a scan or attach to one, wait for its end, collect what it found. It must not know what follows from that."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.api.retry import OPTIONAL_TRIES
from secuprobe_action.api.wire import Scan, Vulnerability, VulnerabilityList, WireCounts
from secuprobe_action.clock import Deadline
from secuprobe_action.errors import (
    ApiError,
    BadRequest,
    Forbidden,
    NotFound,
    OutOfTime,
    ProtocolError,
    ScanFailed,
    ScanTimedOut,
)
from secuprobe_action.findings.baseline import Baseline
from secuprobe_action.findings.model import Counts, Finding, ScanReport, Severity, worst_first
from secuprobe_action.findings.sites import site_of
from secuprobe_action.findings.urls import shown_url
from secuprobe_action.text import duration, one_line


@dataclass(frozen=True, slots=True)
class Started:
    """A scan that is under way.

    Args:
        scan_id: its identifier.
        report_url: where its report is, or will be.
        status: how it stands as far as is known: None where it was launched by somebody else.
        estimate_s: how many seconds the API expects it to take, or None.
    """

    scan_id: str
    report_url: str
    status: str | None = None
    estimate_s: float | None = None


@dataclass(frozen=True, slots=True)
class Scanner:
    """One scan, from launch to report.

    Args:
        client: the API.
        base_url: the API's address; reports lie on the same host.
        heartbeat: what tells the user how the scan stands, and what to wait with.
        deadline: the time budget.
        site: what the findings belong to, or None for that of the scanned URL.
    """

    client: SecuProbeClient
    base_url: str
    heartbeat: Heartbeat
    deadline: Deadline
    site: str | None = None

    def run(self, url: str | None, scan_id: str | None, on_start: Callable[[Started], None]) -> ScanReport:
        """Scan `url`, or attach to the scan `scan_id`, and return what was found.

        Args:
            url: what to scan; may be None where `scan_id` is given.
            scan_id: a scan that was launched before, or None to launch one.
            on_start: called as soon as the scan's id is known, before anything can go wrong with it.

        Raises:
            ApiError: the API refused, or could not be reached.
            ScanFailed: the scan ended as failed.
            ScanTimedOut: it didn't end within the time budget.
        """
        if url:
            self.client.hide(url)
        started = self._launch(url or "") if scan_id is None else Started(scan_id, self._default_report_url(scan_id))
        on_start(started)
        try:
            scan = self._completed(started)
        except OutOfTime as error:
            raise self._timed_out(started, error) from error
        return self._collect(scan, started, url)

    def _default_report_url(self, scan_id: str) -> str:
        """Return where the live service keeps reports; the API's own link, once there is one, comes first."""
        host = urlsplit(self.base_url)
        return f"{host.scheme}://{host.netloc}/dashboard/scans/{scan_id}"

    def _launch(self, url: str) -> Started:
        try:
            launched = self.client.launch_scan(url)
        except (BadRequest, Forbidden, NotFound) as error:
            error.message += self._domain_hint(url)
            raise
        return Started(
            launched.scan_id,
            self._default_report_url(launched.scan_id),
            (launched.status or "queued").strip().lower(),
            launched.estimated_duration_s,
        )

    def _domain_hint(self, url: str) -> str:
        """Say so where the account's domains explain the refusal; a key without the scope for them is no news."""
        host = (urlsplit(url).hostname or "").lower()
        try:
            domains = self.client.domains().domains
        except ApiError:
            return ""
        validated = sorted({domain.hostname.lower() for domain in domains if domain.is_validated})
        if host in validated:
            return ""
        known = ", ".join(one_line(name, 100) for name in validated[:10]) or "none"
        more = f" and {len(validated) - 10} more" if len(validated) > 10 else ""
        return (
            f" The host {host} is not among the validated domains of this account ({known}{more}): "
            "validate it in the SecuProbe dashboard."
        )

    def _completed(self, started: Started) -> Scan:
        """Poll until the scan is completed. A scan of our own was just launched: it needn't be asked for at once."""
        launched_at = self.deadline.elapsed_s
        status = started.status
        while True:
            if status is not None:
                self.heartbeat.scan_is(status, started.estimate_s)
                elapsed = self.deadline.elapsed_s - launched_at
                self._wait(self.client.poll_interval_s(elapsed, started.estimate_s), status)
            scan = self.client.scan(started.scan_id)
            status = scan.status.strip().lower()
            if status in ("completed", "failed"):
                self.heartbeat.scan_is(status, started.estimate_s)
            if status == "completed":
                return scan
            if status == "failed":
                raise self._failed(started, scan)

    def _wait(self, interval: float, status: str) -> None:
        """Wait for the next poll. Where the budget ends sooner, the last poll is made just before its end."""
        last_poll_in = self.deadline.remaining_s - _LAST_POLL_S
        if last_poll_in <= 0:
            raise OutOfTime(f"At the end of the time budget it is {one_line(status, 40)}.")
        self.heartbeat.sleep(min(interval, last_poll_in))

    def _failed(self, started: Started, scan: Scan) -> ScanFailed:
        return ScanFailed(
            f"SecuProbe ended scan {started.scan_id} as failed; there is no result to judge.",
            f"See {_report_url(scan, started)} for the cause, check that the site answers from the internet, and run again. "
            f"The input scan_id: {started.scan_id} looks at this scan again without starting a new one.",
        )

    def _timed_out(self, started: Started, error: OutOfTime) -> ScanTimedOut:
        return ScanTimedOut(
            f"Scan {started.scan_id} was not finished within {duration(self.deadline.budget_s)}. {error.message}",
            f"It goes on at SecuProbe. Attach to it with the input scan_id: {started.scan_id}, which starts no new scan, "
            f"or raise the timeout input. Its report: {started.report_url}",
        )

    def _collect(self, scan: Scan, started: Started, url: str | None) -> ScanReport:
        listed = problem = None
        try:
            listed = self.client.vulnerabilities(started.scan_id)
        except ApiError as error:
            problem = one_line(error.message, 500)
        scanned = url or scan.url
        return ScanReport(
            scan_id=started.scan_id,
            url=None if scanned is None else shown_url(scanned),
            site=self.site or (site_of(scanned) if scanned else None),
            score=scan.score,
            counts=_counts(scan.counts),
            findings=None if listed is None else _findings(listed),
            list_problem=problem,
            total=_total(scan, listed),
            report_url=_report_url(scan, started),
            duration_s=self.deadline.elapsed_s,
            unknown_names=_unknown_names(scan.counts),
            unreadable=tuple(map(Severity.parse, scan.unreadable)),
            doubts=scan.doubts,
        )

    def baseline(self, scan_id: str, commit: str | None, age_s: float | None) -> Baseline:
        """Return an earlier scan, to compare with.

        Args:
            scan_id: the scan.
            commit: the commit it was made of, or None where that isn't known.
            age_s: how long ago that was, in seconds, or None.

        Raises:
            ApiError: it is gone, isn't completed, or its list can't be read.
        """
        scan = self.client.scan(scan_id, tries=OPTIONAL_TRIES)
        if scan.status.strip().lower() != "completed":
            raise ProtocolError(f"Scan {scan_id} is {one_line(scan.status, 40)}, not completed.")
        return Baseline(scan_id, _findings(self.client.vulnerabilities(scan_id)), scan.score, commit, age_s)


_LAST_POLL_S = 2.0
"""What the last poll and the list of vulnerabilities may take at the end of the time budget."""


# Without what a shell reads inside double quotes, let alone a log: workflows write `echo "${{ steps.scan.outputs.report_url }}"`.
_HARMLESS_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@&+,;=%-]{1,2000}\Z")


def _report_url(scan: Scan, started: Started) -> str:
    """Return the API's link to the report where it is a plain web link, else ours."""
    link = scan.report_url or ""
    return link if _HARMLESS_LINK.match(link) else started.report_url


def _counts(wire: WireCounts) -> Counts | None:
    if wire is None:
        return None
    counts: dict[Severity, int] = {}
    for name, count in wire.items():
        severity = Severity.parse(name)
        counts[severity] = counts.get(severity, 0) + count
    return counts


def _total(scan: Scan, listed: VulnerabilityList | None) -> int | None:
    """Return how many findings there are by whatever says more of them; None where nothing says it."""
    stated = (scan.total, listed.total if listed else None)
    return max((total for total in stated if total is not None), default=None)


def _unknown_names(wire: WireCounts) -> tuple[str, ...]:
    named = (name for name, count in (wire or {}).items() if count and Severity.parse(name) is Severity.UNKNOWN)
    return tuple(name for name in named if name.strip().lower() != Severity.UNKNOWN.label)


def _findings(listed: VulnerabilityList) -> tuple[Finding, ...]:
    return worst_first(tuple(_finding(vulnerability) for vulnerability in listed.vulnerabilities))


def _finding(vulnerability: Vulnerability) -> Finding:
    return Finding(
        title=vulnerability.title,
        severity=Severity.parse(vulnerability.severity),
        severity_text=vulnerability.severity,
        category=vulnerability.category,
        description=vulnerability.description,
        remediation=vulnerability.remediation_guide,
        id=vulnerability.id,
    )
