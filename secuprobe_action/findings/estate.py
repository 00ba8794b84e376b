"""Many sites at once: what became of each, and which is the worst. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from secuprobe_action.findings.model import WORST_FIRST, Counts, Finding
from secuprobe_action.text import plural


class Result(IntEnum):
    """What became of a site, from what a reader should look at first."""

    FAILED = 1
    ERROR = 2
    PASSED = 3
    NOT_VALIDATED = 4

    @property
    def label(self) -> str:
        """The word for it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Site:
    """What became of one site.

    Args:
        name: its host name, or the URL where only a part of the host was scanned.
        result: what the gate decided; ERROR where it could not.
        reason: why, in a sentence without its full stop.
        score: the SecuScore, 0 to 100, or None.
        counts: findings by severity, or None where they aren't known.
        new: the findings that the site's baseline did not have, worst first; None where nothing was compared.
        report_url: where a person reads on, or None.
    """

    name: str
    result: Result
    reason: str
    score: float | None = None
    counts: Counts | None = None
    new: tuple[Finding, ...] | None = None
    report_url: str | None = None


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

    def having(self, result: Result) -> Sequence[Site]:
        """Return the sites of one result."""
        return [site for site in self.sites if site.result is result]

    @property
    def result(self) -> Result:
        """FAILED or ERROR where any site is. Where no site was judged there is nothing that could have passed: ERROR."""
        results = {site.result for site in self.sites}
        judged = results & {Result.FAILED, Result.PASSED}
        # An error outweighs a failure, as with a single scan's exit codes: it says that something is not known.
        if Result.ERROR in results or not judged:
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
                (Result.PASSED, "passed"),
                (Result.NOT_VALIDATED, "not validated"),
            )
            if self.having(result)
        ]
        return f"{plural(len(self.sites), 'site')}: {', '.join(parts)}"

    @property
    def new(self) -> tuple[tuple[Site, Finding], ...] | None:
        """Every new finding with its site, worst first; None where no site was compared with anything."""
        compared = [site for site in self.sites if site.new is not None]
        if not compared:
            return None
        found = [(site, finding) for site in compared for finding in site.new or ()]
        return tuple(sorted(found, key=lambda pair: pair[1].severity, reverse=True))


def _badness(site: Site) -> tuple[Result, list[int], float, str]:
    counts = site.counts or {}
    return site.result, [-counts.get(severity, 0) for severity in WORST_FIRST], _score(site), site.name


def _score(site: Site) -> float:
    return 101.0 if site.score is None else site.score
