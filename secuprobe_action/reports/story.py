"""What a report tells: everything that a format may need, and nothing that it would have to look up."""

import datetime as dt
from dataclasses import dataclass

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport


@dataclass(frozen=True, slots=True)
class Story:
    """A judged scan.

    Args:
        report: the scan.
        verdict: what the gate decided.
        location: the repository's file that findings are shown at, relative to its root: a web finding has none of its own.
        finished_at: when the scan was judged (UTC).
    """

    report: ScanReport
    verdict: Verdict
    location: str
    finished_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """A run that came to no verdict.

    Args:
        title: what kind of trouble.
        message: what happened, and what to do about it.
        url: what was to be scanned, or None.
        scan_id: the scan that was started, or None.
        report_url: where a person reads that scan's report, or None.
        finished_at: when the run ended (UTC).
    """

    title: str
    message: str
    url: str | None
    scan_id: str | None
    report_url: str | None
    finished_at: dt.datetime
