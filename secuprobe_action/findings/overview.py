"""Many sites at once: what became of each, and what that makes of them all. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from secuprobe_action.findings.model import WORST_FIRST, Counts, Finding
from secuprobe_action.text import plural


class Result(IntEnum):
    """What became of a site, from what a reader should look at first."""

    FAILED = 1
    ERROR = 2
    NOT_REACHED = 3
    """The run ended before its scan was launched."""

    PASSED = 4
    NOT_VALIDATED = 5

    @property
    def label(self) -> str:
        """The words for it."""
        return self.name.lower().replace("_", " ")


JUDGED = frozenset({Result.FAILED, Result.PASSED})
UNKNOWN = frozenset({Result.ERROR, Result.NOT_REACHED})
"""Those of which nothing is known that could pass."""

MAX_NEW = 20
"""Of a site's new findings, the worst are kept to be shown; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Site:
    """What became of one site.

    Args:
        name: the site, as `sites.site_of` spells it, or the host of a domain that wasn't scanned.
        result: what the gate decided; ERROR or NOT_REACHED where it could not.
        reason: why, in a sentence without its full stop.
        score: the SecuScore, 0 to 100, or None.
        counts: findings by severity, or None where they aren't known.
        new_count: how many findings the site's baseline did not have; None where nothing was compared.
        new: the worst of them, at most MAX_NEW.
        report_url: where a person reads on, or None.
        files: what its report files are called, without their endings; None where it has none.
    """

    name: str
    result: Result
    reason: str
    score: float | None = None
    counts: Counts | None = None
    new_count: int | None = None
    new: tuple[Finding, ...] = ()
    report_url: str | None = None
    files: str | None = None

    @property
    def shown(self) -> str:
        """The site as people call it: without the scheme that nearly all have, or a name as it is."""
        return self.name.removeprefix("https://")


@dataclass(frozen=True, slots=True)
class Estate:
    """All sites, the worst first.

    Args:
        sites: in the order to show them.
    """

    sites: tuple[Site, ...]

    @classmethod
    def of(cls, sites: Iterable[Site]) -> "Estate":
        """Put the worst site first: by result, then by its worst findings, then by its score, then by its name."""
        return cls(tuple(sorted(sites, key=_badness)))

    def having(self, *results: Result) -> Sequence[Site]:
        """Return the sites of these results."""
        return [site for site in self.sites if site.result in results]

    @property
    def result(self) -> Result:
        """FAILED or ERROR where any site is. Where no site was judged there is nothing that could have passed: ERROR."""
        results = {site.result for site in self.sites}
        judged = results & JUDGED
        # An error outweighs a failure, as with a single scan's exit codes: it says that something is not known.
        if results & UNKNOWN or not judged:
            return Result.ERROR
        return min(judged)

    @property
    def reason(self) -> str:
        """The result in one line."""
        if not self.sites:
            return "There is no site"
        parts = [
            f"{len(self.having(result)):,} {verb}"
            for result, verb in (
                (Result.FAILED, "failed"),
                (Result.ERROR, "could not be judged"),
                (Result.NOT_REACHED, "not reached"),
                (Result.PASSED, "passed"),
                (Result.NOT_VALIDATED, "not validated"),
            )
            if self.having(result)
        ]
        return f"{plural(len(self.sites), 'site')}: {', '.join(parts)}"

    @property
    def new_count(self) -> int | None:
        """How many new findings there are; None where no site was compared with anything."""
        counts = [site.new_count for site in self.sites if site.new_count is not None]
        return sum(counts) if counts else None

    @property
    def new(self) -> tuple[tuple[Site, Finding], ...]:
        """The new findings that are known by name, each with its site, worst first."""
        found = [(site, finding) for site in self.sites for finding in site.new]
        return tuple(sorted(found, key=lambda pair: pair[1].severity, reverse=True))


def _badness(site: Site) -> tuple[Result, list[int], float, str]:
    counts = site.counts or {}
    return site.result, [-counts.get(severity, 0) for severity in WORST_FIRST], _score(site), site.name


def _score(site: Site) -> float:
    return 101.0 if site.score is None else site.score
