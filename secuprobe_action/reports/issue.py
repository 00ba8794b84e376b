"""The issue of a site whose gate fails: its text, what is remembered in it, and what is said when something changes. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from secuprobe_action.errors import ActionError
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.identity import identify
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.reports import markdown
from secuprobe_action.reports.escape import markdown as escape
from secuprobe_action.reports.findings_table import severity
from secuprobe_action.reports.findings_table import title as finding_title
from secuprobe_action.text import capitalised, one_line, plural

MAX_BYTES = 45_000
"""An issue holds 65,536 characters; what is remembered, and what people add, need some."""

MAX_TITLE = 250
MAX_REMEMBERED, MAX_NAMED = 1_000, 20
_KEY_CHARS = 12
_END = re.compile(r"<!-- secuprobe-scan-action end (?P<stand>[a-z]+) (?P<keys>[0-9a-f,]*|-) -->")


class Stand(Enum):
    """How the last run ended."""

    FAILED = "failed"
    PASSED = "passed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Told:
    """What the issue says by now.

    Args:
        stand: how the last run ended, or None where that can't be read any more.
        keys: the open findings that it tells of, or None where they weren't known.
    """

    stand: Stand | None
    keys: frozenset[str] | None


def title(name: str, site: str) -> str:
    """Return the title of a new issue; people may change it."""
    return one_line(f"{name}: findings at {site}", MAX_TITLE)


def told(body: str) -> Told:
    """Return what an issue's text says by now. Whoever may edit the issue may change that; nothing else hangs on it."""
    match = _END.search(body)
    if match is None or match["stand"] not in {each.value for each in Stand}:
        return Told(None, None)
    return Told(Stand(match["stand"]), None if match["keys"] == "-" else frozenset(filter(None, match["keys"].split(","))))


def keys_of(report: ScanReport, verdict: Verdict) -> dict[str, Assessed] | None:
    """Return the open findings by what tells them apart, worst first, or None where they aren't known."""
    if report.findings is None:
        return None
    identities = identify(report.site, [each.finding for each in verdict.findings])
    listed = zip(identities, verdict.findings, strict=True)
    found = {identity.key[:_KEY_CHARS]: each for identity, each in listed if each.accepted is None}
    return dict(list(found.items())[:MAX_REMEMBERED])


def text(report: ScanReport, verdict: Verdict) -> str:
    """Return the issue's own text: what the job summary says, as far as there is room."""
    return markdown.summary(report, verdict, MAX_BYTES)


def body(marker: str, own: str, stand: Stand, keys: Sequence[str] | None, before: str | None = None) -> str:
    """Return the whole text of an issue: ours between two marks, and what people wrote above and below as it was.

    Args:
        marker: the mark at its beginning.
        own: our text.
        stand: how this run ended.
        keys: the open findings, or None where they aren't known.
        before: the whole text by now, or None for a new issue.
    """
    remembered = "-" if keys is None else ",".join(keys)
    ours = f"{marker}\n{own.rstrip()}\n\n<!-- secuprobe-scan-action end {stand.value} {remembered} -->"
    if before is None:
        return ours + "\n"
    above, _, rest = before.partition(marker)
    end = _END.search(rest)
    return above + ours + (rest[end.end() :] if end else "\n")


def with_stand(before: str, stand: Stand) -> str:
    """Return the text with another stand, and nothing else changed."""
    return _END.sub(lambda match: f"<!-- secuprobe-scan-action end {stand.value} {match['keys']} -->", before, count=1)


def changes(came: Sequence[Assessed], went: int, report_url: str) -> str:
    """Return what is said when findings came or went."""
    parts = [f"**{plural(len(came), 'finding')} came**:\n\n{_list(came)}"] if came else []
    parts += [f"**{plural(went, 'finding')} went.**"] if went else []
    return "\n\n".join([*parts, markdown.link(report_url, "Open the report")])


def passed(verdict: Verdict, report_url: str) -> str:
    """Return what is said when the gate passes, and the issue is closed."""
    return f"✅ **Passed**: {escape(verdict.reason)}. {markdown.link(report_url, 'Open the report')}"


def failed_again(verdict: Verdict, came: Sequence[Assessed], report_url: str) -> str:
    """Return what is said when the gate fails again, and the issue is reopened."""
    head = f"❌ **Failed again**: {escape(verdict.reason)}. {markdown.link(report_url, 'Open the report')}"
    return f"{head}\n\n{_list(came)}" if came else head


def error(problem: ActionError) -> str:
    """Return what is said when there is no verdict."""
    return f"⚠️ **No verdict**: {escape(problem.title)}. {capitalised(escape(problem.message, 1_000))}"


def _list(findings: Sequence[Assessed]) -> str:
    rows = [f"- {severity(each.finding)} {finding_title(each.finding)}" for each in findings[:MAX_NAMED]]
    rows += [f"- and {len(findings) - MAX_NAMED:,} more"] if len(findings) > MAX_NAMED else []
    return "\n".join(rows)
