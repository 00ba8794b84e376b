"""Which of a report's findings one is: the identity that every report format shows where its reader keys on. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from secuprobe_action.findings.baseline import fingerprint, normalised
from secuprobe_action.findings.model import Finding, Severity

IDENTITY_VERSION = 2
"""Raised when identities are made differently: readers then take every finding for a new one. 1 did not know of sites."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a finding from every other one: of its scan, and of other sites' scans.

    Args:
        key: 32 hexadecimal digits, made of the site, the category, the title and the ordinal.
        ordinal: which one it is among those of the same category and title, from 1, the worst first.
    """

    key: str
    ordinal: int


def identify(site: str | None, findings: Sequence[Finding]) -> tuple[Identity, ...]:
    """Return the identity of each of a scan's findings, in their order.

    It is the same from scan to scan, in whatever order the API lists them: findings of one category and title are counted by
    falling severity, and within one by their description and remediation.

    Args:
        site: what the findings belong to (`sites`), or None where that isn't known.
        findings: all that the scan listed, accepted ones too, so that an acceptance renumbers nothing.
    """
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        alike[fingerprint(finding)].append(index)
    identities: dict[int, Identity] = {}
    for kind, indexes in alike.items():
        for ordinal, index in enumerate(sorted(indexes, key=lambda index: _order(findings[index])), start=1):
            identities[index] = Identity(_key(site, kind, ordinal), ordinal)
    return tuple(identities[index] for index in range(len(findings)))


def digest(*parts: str | None, length: int = 32) -> str:
    """Return a short name for any texts that differs where they do.

    Args:
        parts: the texts; None is the same as no text.
        length: hexadecimal digits, 1 to 64.
    """
    return hashlib.sha256("\0".join(part or "" for part in parts).encode("utf-8", "replace")).hexdigest()[:length]


def _key(site: str | None, kind: str, ordinal: int) -> str:
    return digest(str(IDENTITY_VERSION), site, kind, str(ordinal))


def _order(finding: Finding) -> tuple[int, str, str]:
    return Severity.UNKNOWN - finding.severity, normalised(finding.description), normalised(finding.remediation)
