"""What a run has to tell an issue: of a scan, of many sites, or that there is no verdict. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from secuprobe_action.errors import ActionError
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.identity import digest, identify
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.findings.overview import JUDGED, Estate, Result, Site
from secuprobe_action.reports import markdown, overview
from secuprobe_action.reports.escape import markdown as escape
from secuprobe_action.reports.findings_table import severity, title
from secuprobe_action.text import capitalised

MAX_BYTES = 45_000
"""Of the text, where people's leaves room for it."""

_KEY_CHARS = 12


class Stand(Enum):
    """How a run ended."""

    FAILED = "failed"
    PASSED = "passed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Words:
    """What an issue's entries are called.

    Args:
        noun: one of them.
        came: what those did that it didn't tell of before.
        went: what those did that it doesn't tell of any more.
        mended: the same of those that are still looked at; never said where that can't be known.
    """

    noun: str
    came: str
    went: str
    mended: str = ""


_FINDINGS = Words("finding", "came", "went")
_SITES = Words("site", "began to fail", "left the estate", "stopped failing")


@dataclass(frozen=True, slots=True)
class News:
    """What a run has to tell. Texts are Markdown.

    Args:
        stand: how the run ended.
        reason: why it ended so, in a sentence without its full stop.
        fails: whether the gate is known to fail; where there is no verdict, some sites may be known to.
        about: what a new issue is about, as plain text.
        text: returns the issue's own text within so many bytes; None where nothing new is known.
        link: where to read on; empty where there is no one place.
        entries: what the issue is to tell of, worst first, each in a line by what tells it apart; None where that isn't known.
        mended: what is known to be none of them, likewise.
        unsure: what may still be one of them, where it was one before.
        words: what the entries are called.
    """

    stand: Stand
    reason: str
    fails: bool = False
    about: str = ""
    text: Callable[[int], str] | None = None
    link: str = ""
    entries: Mapping[str, str] | None = None
    mended: Mapping[str, str] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    words: Words = _FINDINGS


def of_scan(report: ScanReport, verdict: Verdict) -> News:
    """Return what a judged scan has to tell: its verdict, and which findings are open."""
    return News(
        Stand.PASSED if verdict.passed else Stand.FAILED,
        escape(verdict.reason),
        fails=not verdict.passed,
        about=f"findings at {report.site}",
        text=lambda max_bytes: markdown.summary(report, verdict, max_bytes),
        link=markdown.link(report.report_url, "Open the report"),
        entries=_findings(report, verdict),
    )


def of_estate(estate: Estate, notes: tuple[str, ...]) -> News:
    """Return what many sites have to tell: which of them fail.

    A site that could not be judged, or was not reached, is neither one that fails nor one that was mended; nor is one whose
    domain is not validated any more, unless the estate passes without it.
    """
    passed, failing = estate.result is Result.PASSED, estate.having(Result.FAILED)
    stands = {Result.PASSED: Stand.PASSED, Result.FAILED: Stand.FAILED, Result.ERROR: Stand.ERROR}
    return News(
        stands[estate.result],
        escape(estate.reason),
        fails=bool(failing),
        about="sites that fail",
        text=lambda max_bytes: overview.summary(estate, notes, max_bytes),
        entries={_key(site): f"{_shown(site)}: {escape(site.reason, 200)}" for site in failing},
        mended={_key(site): _shown(site) for site in estate.having(Result.PASSED)},
        unsure=frozenset() if passed else frozenset(_key(site) for site in estate.sites if site.result not in JUDGED),
        words=_SITES,
    )


def of_error(problem: ActionError) -> News:
    """Return what a run has to tell that came to no verdict."""
    message = capitalised(escape(problem.message, 1_000).rstrip("."))
    return News(Stand.ERROR, f"{escape(problem.title)}. {message}")


def named(assessed: Assessed) -> str:
    """Return a finding in a line."""
    return f"{severity(assessed.finding)} {title(assessed.finding)}"


def _findings(report: ScanReport, verdict: Verdict) -> Mapping[str, str] | None:
    if report.findings is None:
        return None
    identities = identify(report.site, [each.finding for each in verdict.findings])
    listed = zip(identities, verdict.findings, strict=True)
    return {identity.key[:_KEY_CHARS]: named(each) for identity, each in listed if each.accepted is None}


def _key(site: Site) -> str:
    return digest(site.shown, length=_KEY_CHARS)


def _shown(site: Site) -> str:
    name = escape(site.shown, 200)
    return markdown.link(site.report_url, name) if site.report_url else name
