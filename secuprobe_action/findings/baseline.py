"""What is new since another scan: pure comparison of two lists of findings."""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from secuprobe_action.findings.model import Finding, Severity, count

FINGERPRINT_VERSION = 1
"""Part of what is stored between runs: a scan whose fingerprints were made differently is not compared with."""


class Change(Enum):
    """How a finding stands to the baseline."""

    NEW = "new"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The scan that is compared with.

    Args:
        scan_id: its identifier.
        findings: what it listed.
        score: its SecuScore, or None.
        commit: the commit it was made of, or None where that isn't known.
        age_s: how long ago it was made, in seconds, or None.
    """

    scan_id: str
    findings: tuple[Finding, ...]
    score: float | None = None
    commit: str | None = None
    age_s: float | None = None

    @property
    def counts(self) -> dict[Severity, int]:
        """Its listed findings by severity, an entry for each."""
        return count(self.findings)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since the baseline.

    Args:
        baseline: the scan that is compared with.
        changes: how each of the current findings stands, in their order.
        fixed: the baseline's findings that are gone, worst first.
    """

    baseline: Baseline
    changes: tuple[Change, ...]
    fixed: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing a scan with a baseline.

    Args:
        comparison: what changed, or None where every finding counts.
        doubts: why every finding counts, and what else a reader must know, in whole sentences.
        problem: why it is not known what is new although there may be something to compare with, or nothing.
    """

    comparison: Comparison | None = None
    doubts: tuple[str, ...] = ()
    problem: str = ""


def normalised(text: str | None) -> str:
    """Return `text` as it is compared: without regard to case, spacing and ways of writing the same character."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def fingerprint(finding: Finding) -> str:
    """Return what stays the same of a finding from scan to scan, as 32 hexadecimal digits: its category and its title.

    Not the API's id, which isn't known to be stable, and not the severity, which may be assessed anew. Two findings of one
    scan may have the same fingerprint.
    """
    text = f"{FINGERPRINT_VERSION}\0{normalised(finding.category)}\0{normalised(finding.title)}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def compare(findings: Sequence[Finding], baseline: Baseline) -> Comparison:
    """Compare as multisets, by fingerprint, the worst with the worst.

    A finding without a counterpart is new, and so is one whose counterpart was less severe: the risk is.
    """
    known: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(baseline.findings, key=lambda finding: finding.severity):
        known[fingerprint(finding)].append(finding)
    changes = [Change.UNCHANGED] * len(findings)
    for index in sorted(range(len(findings)), key=lambda index: findings[index].severity, reverse=True):
        counterparts = known[fingerprint(findings[index])]
        if not counterparts or counterparts.pop().severity < findings[index].severity:
            changes[index] = Change.NEW
    left = [finding for counterparts in known.values() for finding in counterparts]
    fixed = sorted(left, key=lambda finding: finding.severity, reverse=True)
    return Comparison(baseline, tuple(changes), tuple(fixed))
