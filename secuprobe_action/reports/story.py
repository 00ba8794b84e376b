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
