"""What a report tells: everything that a format may need, and nothing that it would have to look up."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secuprobe_action.findings.baseline import normalised
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.identity import Identity, identify
from secuprobe_action.findings.model import Finding, ScanReport
from secuprobe_action.findings.sites import site_of
from secuprobe_action.text import REPLACEMENT, one_line, plural, printable

MAX_CATEGORY = 200
"""Characters of a category to show."""

NO_TITLE, NO_CATEGORY = "No title", "no category"


@dataclass(frozen=True, slots=True)
class Named:
    """A finding under a name that no other one of the report has.

    Args:
        assessed: the finding, and what became of it.
        identity: which one it is.
        site: what it belongs to, or None.
    """

    assessed: Assessed
    identity: Identity
    site: str | None

    @property
    def number(self) -> str:
        """What a reader tells it by from those of the same category and title: ` (2)`; nothing for the first."""
        return f" ({self.identity.ordinal})" if self.identity.ordinal > 1 else ""

    @property
    def at_site(self) -> str:
        """Where it is: ` at https://shop.example`, or nothing."""
        return f" at {one_line(self.site, 300)}" if self.site else ""

    def title(self, limit: int, *, otherwise: str = NO_TITLE) -> str:
        """Return its title and number on one line: `No CSP (2)`.

        Args:
            limit: the most characters to return, at least 100. What is cut, or reads like another one's title and number, is
                told from it by the identity's first digits.
            otherwise: what to call it where it has no title.
        """
        finding = self.assessed.finding
        line = one_line(finding.title or "") or otherwise
        if len(line) + len(self.number) <= limit and not _reads_like_another(finding):
            return line + self.number
        mark = f" [{self.identity.key[:8]}]{self.number}"
        return one_line(line, limit - len(mark)) + mark

    @property
    def category(self) -> str:
        """Its category on one line."""
        return one_line(self.assessed.finding.category or "", MAX_CATEGORY) or NO_CATEGORY

    def label(self, limit: int) -> str:
        """Return title, number, category and site on one line: `No CSP (2) (Headers) at https://shop.example`.

        Args:
            limit: the most characters to return, at least 1,000.
        """
        tail = f" ({self.category}){self.at_site}"
        return self.title(limit - len(tail)) + tail


def _reads_like_another(finding: Finding) -> bool:
    """Whether another finding may be shown by the same words: what is written here may be what we write of others."""
    title, category = finding.title or "", finding.category or ""
    return (
        re.search(r"(\([0-9]+\)|\[[0-9a-f]{8}\])$", one_line(title)) is not None
        or REPLACEMENT in printable(title + category)
        or len(category) > MAX_CATEGORY
        or normalised(title) == normalised(NO_TITLE)
        or normalised(category) == normalised(NO_CATEGORY)
    )


@dataclass(frozen=True, slots=True)
class Story:
    """A judged scan.

    Args:
        report: the scan.
        verdict: what the gate decided.
        location: the repository's file that findings are shown at, relative to its root: a web finding has none of its own.
        finished_at: when the scan was judged (UTC).
        name: whose result it is: the check's name.
        sarif_category: the SARIF file's category as the user named it, `none` for no category, or None for the usual one.
    """

    report: ScanReport
    verdict: Verdict
    location: str
    finished_at: dt.datetime
    name: str = "SecuProbe"
    sarif_category: str | None = None

    @property
    def site(self) -> str | None:
        """What the findings belong to, or None."""
        return self.report.site

    @property
    def gap(self) -> str | None:
        """Why the listed findings aren't all that there are, in a sentence without its full stop; None where they are."""
        known = sum(self.verdict.counts.values())
        if self.report.findings is None:
            return "the list of findings could not be read"
        if known > len(self.verdict.findings):
            return f"the list holds {len(self.verdict.findings):,} of {plural(known, 'finding')}"
        return None

    def named(self) -> Iterator[Named]:
        """Yield every listed finding, worst first, under a name of its own."""
        assessed = self.verdict.findings
        identities = identify(self.site, [each.finding for each in assessed])
        for each, identity in zip(assessed, identities, strict=True):
            yield Named(each, identity, self.site)


def name_of_its_own(report: ScanReport) -> str:
    """Return the name that the user gave the site, where it isn't what the scanned URL says anyway; else nothing."""
    return report.site if report.url and report.site and report.site != site_of(report.url) else ""


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
        site: what the findings would have belonged to, or None.
        name: whose result it would have been: the check's name.
    """

    title: str
    message: str
    url: str | None
    scan_id: str | None
    report_url: str | None
    finished_at: dt.datetime
    site: str | None = None
    name: str = "SecuProbe"


@dataclass(frozen=True, slots=True)
class Format:
    """How a report is written in a format.

    Args:
        render: returns a judged scan as text; None where not all findings are known, and the readers would take for fixed what
            the file doesn't hold.
        failure: returns why there is no verdict as text, or None where readers would take such a file for one without findings.
        whole_or_not: whether `render` may return None.
    """

    render: Callable[[Story], str | None]
    failure: Callable[[Trouble], str] | None = None
    whole_or_not: bool = False
