"""Many sites in one overview, the worst first: as a job summary, as a table for the log, and as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secuprobe_action.findings.model import WORST_FIRST, Counts, Severity
from secuprobe_action.findings.overview import Estate, Result, Site
from secuprobe_action.reports.escape import markdown
from secuprobe_action.reports.findings_table import ICONS, category, fitting, severity, severity_sign, size, title
from secuprobe_action.reports.markdown import MAX_BYTES, foot, link
from secuprobe_action.text import number, one_line, plural

SEVERITIES = tuple(severity for severity in WORST_FIRST if severity is not Severity.UNKNOWN)

MAX_REASON = 300

MAX_JSON_BYTES = 512 * 1024
"""Of the sites as JSON: a job's outputs may hold 1 MB (docs.github.com, "Workflow syntax", outputs)."""

_ICONS = {
    Result.FAILED: "❌",
    Result.ERROR: "⚠️",
    Result.NOT_REACHED: "⌛",
    Result.PASSED: "✅",
    Result.NOT_VALIDATED: "⏭️",
}
_NEW_SHARE = 0.4
MAX_NAMED = 10
"""Domains that aren't validated, in a line: an account may have thousands."""


def summary(estate: Estate, notes: Sequence[str] = (), max_bytes: int = MAX_BYTES) -> str:
    """Return the estate as a job summary.

    Args:
        estate: the sites.
        notes: what a reader must know besides.
        max_bytes: the most UTF-8 bytes to return. Whatever doesn't fit is left out from the end, and counted.
    """
    icon, word = _ICONS[estate.result], estate.result.label
    head = f"## {icon} SecuProbe estate: {word}\n\n**{markdown(estate.reason)}.**"
    head += "".join(f"\n\n⚠️ {markdown(note)}" for note in notes)
    room = max_bytes - size(head) - 2_000
    new = _new_findings(estate, int(room * _NEW_SHARE))
    asleep = _not_validated(estate)
    rows = [site for site in estate.sites if site.result is not Result.NOT_VALIDATED]
    sites = _sites(rows, room - size(new) - size(asleep))
    return "\n\n".join(part for part in (head, sites, asleep, new, foot()) if part)


def not_validated(estate: Estate) -> str:
    """Return in a sentence which domains were not scanned for want of validation; nothing where there are none."""
    asleep = estate.having(Result.NOT_VALIDATED)
    if not asleep:
        return ""
    named = ", ".join(one_line(site.shown, 100) for site in asleep[:MAX_NAMED])
    more = f" and {len(asleep) - MAX_NAMED:,} more" if len(asleep) > MAX_NAMED else ""
    verb = "is" if len(asleep) == 1 else "are"
    return f"{plural(len(asleep), 'domain')} {verb} not validated at SecuProbe, and so not scanned: {named}{more}"


def _not_validated(estate: Estate) -> str:
    text = not_validated(estate)
    return f"{_ICONS[Result.NOT_VALIDATED]} {markdown(text)}." if text else ""


def plain(estate: Estate) -> str:
    """Return the estate as a table for the log, the result last, where a log is read from."""
    rows = [f"{'SITE':<42}{'RESULT':<15}{'SCORE':<7}{'NEW':<5}REASON"]
    for site in estate.sites:
        score = "–" if site.score is None else number(site.score)
        new = "–" if site.new_count is None else f"{site.new_count}"
        reason = one_line(site.reason, 120)
        rows.append(f"{one_line(site.shown, 40):<42}{site.result.label:<15}{score:<7}{new:<5}{reason}")
    return "\n".join([*rows, "", f"{estate.result.label.upper()}: {estate.reason}"])


def as_json(estate: Estate, max_bytes: int = MAX_JSON_BYTES) -> tuple[str, int]:
    """Return the sites as JSON for programs, the worst first, and how many were left out.

    Args:
        estate: the sites.
        max_bytes: the most bytes to return.
    """
    parts = list(fitting((json.dumps(_entry(site)) + ", " for site in estate.sites), max_bytes - 2))
    return "[" + "".join(parts).removesuffix(", ") + "]", len(estate.sites) - len(parts)


def _entry(site: Site) -> Mapping[str, Any]:
    return {
        "site": one_line(site.name),
        "result": site.result.label.replace(" ", "_"),
        "reason": one_line(site.reason, MAX_REASON),
        "score": site.score,
        "counts": site.counts and {each.label: site.counts.get(each, 0) for each in WORST_FIRST},
        "new_count": site.new_count,
        "report_url": site.report_url,
        "files": site.files,
    }


def _sites(sites: Sequence[Site], max_bytes: int) -> str:
    if not sites:
        return ""
    compared = any(site.new_count is not None for site in sites)
    # Signs alone, so that the table is not wider than the page; their names stand below it.
    titles = ["Site", "Result", "Score", *(ICONS[each] for each in SEVERITIES), *(["🆕"] if compared else [])]
    head = f"| {' | '.join(titles)} |\n|{' :--- |' * 2}{' ---: |' * (len(titles) - 2)}\n"
    legend = " · ".join([severity_sign(each) for each in SEVERITIES] + (["🆕 New since the baseline"] if compared else []))
    rows = list(fitting((_site(site, compared) for site in sites), max_bytes - size(head) - 400))
    left_out = f"\n\n**{plural(len(sites) - len(rows), 'site')} left out**: the summary would be too large for GitHub."
    return f"{head}{''.join(rows)}\n<sub>{legend}</sub>{left_out if len(rows) < len(sites) else ''}"


def _site(site: Site, compared: bool) -> str:
    name = markdown(site.shown, 300)
    cells = [
        (link(site.report_url, name) if site.report_url else name) + _why(site),
        f"{_ICONS[site.result]}&nbsp;{site.result.label.replace(' ', '&nbsp;')}",
        "–" if site.score is None else f"<strong>{number(site.score)}</strong>",
        *_counts(site.counts),
        *([] if not compared else ["–" if site.new_count is None else f"{site.new_count:,}"]),
    ]
    return f"| {' | '.join(cells)} |\n"


def _why(site: Site) -> str:
    """Return the reason on a line of its own, where there is something to explain."""
    return "" if site.result is Result.PASSED else f"<br><sub>{markdown(site.reason, MAX_REASON)}</sub>"


def _counts(counts: Counts | None) -> list[str]:
    if counts is None:
        return ["–"] * len(SEVERITIES)
    cells = {each: counts.get(each, 0) for each in SEVERITIES}
    # Where a severity isn't known, the finding counts as critical: the gate does so, too.
    cells[Severity.CRITICAL] += counts.get(Severity.UNKNOWN, 0)
    return [f"{count:,}" for count in cells.values()]


def _new_findings(estate: Estate, max_bytes: int) -> str:
    new, count = estate.new, estate.new_count
    if count is None:
        return ""
    if not count:
        return "### 🆕 New findings\n\nNone."
    head = f"### 🆕 {plural(count, 'new finding')}\n\n| Severity | Site | Title | Category |\n|{' :--- |' * 4}\n"
    rows = list(
        fitting((f"| {severity(f)} | {markdown(site.shown, 300)} | {title(f)} | {category(f)} |\n" for site, f in new), max_bytes)
    )
    left_out = f"\n\n**{plural(count - len(rows), 'new finding')} left out.**" if len(rows) < count else ""
    return head + "".join(rows).rstrip("\n") + left_out
