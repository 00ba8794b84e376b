"""Pure: which of the account's domains are meant."""

import fnmatch
from collections.abc import Iterable, Sequence

from secuprobe_action.api.wire import Domain
from secuprobe_action.findings.sites import ascii_host, spoken_host


def chosen(domains: Iterable[Domain], include: Sequence[str], exclude: Sequence[str]) -> list[Domain]:
    """Return the domains that are meant, by name.

    Args:
        domains: what the account has.
        include: globs of host names; empty: all.
        exclude: globs of host names to leave out.
    """
    meant = (
        domain
        for domain in domains
        if (not include or _covers(include, domain.hostname)) and not _covers(exclude, domain.hostname)
    )
    return sorted(meant, key=lambda domain: domain.hostname.lower())


def _covers(patterns: Sequence[str], hostname: str) -> bool:
    spellings = {hostname.lower(), hostname.lower().rstrip("."), ascii_host(hostname), spoken_host(hostname)}
    return any(fnmatch.fnmatchcase(spelling, pattern) for spelling in spellings for pattern in patterns)
