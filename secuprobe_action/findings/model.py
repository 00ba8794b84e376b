"""The nouns of the domain: severity, finding, scan report."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

SCAN_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,128}\Z")
"""A scan's id goes into paths and outputs, so it is made of characters that RFC 3986 calls unreserved."""


class Severity(IntEnum):
    """How bad a finding is. The order is the only place where severities are compared.

    UNKNOWN stands above CRITICAL: a severity that isn't known counts as the worst (the gate fails closed).
    """

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5
    UNKNOWN = 6

    @classmethod
    def parse(cls, text: str | None) -> "Severity":
        """Return the severity that `text` names, whatever its case; UNKNOWN where it names none of the five."""
        return _BY_NAME.get((text or "").strip().lower(), cls.UNKNOWN)

    @property
    def label(self) -> str:
        """The name as the API spells it."""
        return self.name.lower()


_BY_NAME = {severity.label: severity for severity in Severity}

WORST_FIRST: tuple[Severity, ...] = tuple(sorted(Severity, reverse=True))
"""All severities in the order of a reader's interest."""

Counts = Mapping[Severity, int]
"""Findings by severity; a severity that isn't stated has no entry."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability. Every text may be hostile: it comes from the API, and part of it from the scanned site.

    Args:
        title: its name, or None where the API gave none.
        severity: how bad it is.
        severity_text: the severity as the API spelled it, to show where it is unknown.
        category: the kind of weakness, or None.
        description: what was seen, or None.
        remediation: how to mend it, or None.
        id: the API's identifier of this finding in this scan, or None.
    """

    title: str | None
    severity: Severity
    severity_text: str | None = None
    category: str | None = None
    description: str | None = None
    remediation: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A scan that is under way.

    Args:
        scan_id: its identifier.
        report_url: where its report is, or will be.
        status: how it stood when it was launched, or when this run attached to it.
        site: what its findings belong to (`sites`), or None where neither the user nor the API says.
        estimate_s: how many seconds the API expects it to take, or None.
        launched: whether this run launched it.
    """

    scan_id: str
    report_url: str
    status: str
    site: str | None
    estimate_s: float | None = None
    launched: bool = False


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What is known of a completed scan.

    Args:
        scan_id: the scan's identifier.
        url: the scanned URL as it may be shown (`urls.shown_url`), or None where neither the input nor the API names it.
        site: what the findings belong to (`sites`), or None where no URL is known and no site was named.
        score: the SecuScore, 0 (worst) to 100, or None where the API gave none.
        counts: findings by severity as the API counted them, or None where it gave no counts.
        findings: the listed findings, worst first, or None where the list could not be had.
        list_problem: why the list could not be had, or None.
        list_refused: whether that is for good: the key may not read it.
        total: how many findings the list or the counts say there are, the larger of the two, or None.
        report_url: where a person reads the report.
        duration_s: seconds from the launch, or from attaching, to when the scan's end was seen.
        length_s: about how many seconds the scan took, or None where this run didn't launch it.
        unknown_names: what the counts call severities that aren't known.
        unreadable: severities whose count can't be read, so that there may be more of them than is known.
        doubts: what else can't be read of what the API said, in whole sentences.
    """

    scan_id: str
    url: str | None
    site: str | None
    score: float | None
    counts: Counts | None
    findings: tuple[Finding, ...] | None
    list_problem: str | None
    list_refused: bool
    total: int | None
    report_url: str
    duration_s: float
    length_s: float | None = None
    unknown_names: tuple[str, ...] = ()
    unreadable: tuple[Severity, ...] = ()
    doubts: tuple[str, ...] = ()


def count(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Return the findings by severity, an entry for each."""
    counts = dict.fromkeys(WORST_FIRST, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def worst_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings by falling severity, in the API's order within one."""
    return tuple(sorted(findings, key=lambda finding: finding.severity, reverse=True))
