"""What the pages show, as plain data: pure. Times, progress and parts of long lists are worked out here, not in templates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from secuprobe_action.local.store import SEVERITIES, StoredScan

A_PAGE = 50
FINDINGS_A_PAGE = 100
SHOWN_AT_MOST = 20_000
"""Characters of a description or a remediation; what a scanned site says has no length of its own."""

NEARLY = 0.95
"""How far a scan that isn't finished is shown to be at most."""


@dataclass(frozen=True)
class Progress:
    """How far a scan is.

    Args:
        done: 0 to 1.
        text: the same for people.
    """

    done: float
    text: str


def progress(scan: StoredScan, estimate_s: float | None, now: float) -> Progress:
    """Return how far an unfinished scan is, by what scans like it took."""
    if scan.started_at is None:
        return Progress(0.0, "Waiting for its turn")
    elapsed_s = max(0.0, now - scan.started_at)
    if estimate_s is None or estimate_s <= 0:
        return Progress(0.0, f"Running for {seconds(elapsed_s)}")
    text = f"Running for {seconds(elapsed_s)}" + (
        f" of about {seconds(estimate_s)}" if elapsed_s <= estimate_s else f", longer than the {seconds(estimate_s)} expected"
    )
    return Progress(min(elapsed_s / estimate_s, 1.0) * NEARLY, text)


def seconds(value: float) -> str:
    """Return a duration for people: `8 s`, `3 min 20 s`."""
    whole = max(0, round(value))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def duration(scan: StoredScan) -> str:
    """Return how long a scan took, or empty where that isn't known."""
    if scan.started_at is None or scan.completed_at is None:
        return ""
    return seconds(scan.completed_at - scan.started_at)


def moment(epoch_s: float) -> str:
    """Return a time for people, in UTC."""
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine_moment(epoch_s: float) -> str:
    """Return a time for programs."""
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def counts(scan: StoredScan) -> Sequence[tuple[str, int]]:
    """Return how many findings there are of each severity, the worst first."""
    return [(severity, scan.counts.get(severity) or 0) for severity in SEVERITIES]


def severity(text: str | None) -> str:
    """Return a finding's severity as a word that a style knows."""
    return (text or "").lower() if (text or "").lower() in SEVERITIES else "unknown"


def fit(text: str | None, limit: int = SHOWN_AT_MOST) -> str:
    """Return text that can be encoded, and no longer than a page should be."""
    shown = (text or "").encode("utf-8", "replace").decode("utf-8")
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


@dataclass(frozen=True)
class Part:
    """A part of a long list.

    Args:
        number: which, from 1.
        parts: how many there are, at least 1.
    """

    number: int
    parts: int

    @classmethod
    def of(cls, wanted: str | None, total: int, size: int) -> "Part":
        """Return the part that a query names, or the nearest that there is."""
        parts = max(1, math.ceil(total / size))
        number = int(wanted) if wanted and wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 1
        return cls(min(max(number, 1), parts), parts)

    def offset(self, size: int) -> int:
        return (self.number - 1) * size
