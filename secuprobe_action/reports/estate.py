"""Many sites in one overview, the worst first: as a job summary, as a table for the log, and as JSON for programs."""

from collections.abc import Sequence
from typing import Any

from secuprobe_action.findings.estate import Estate, Result, Site
from secuprobe_action.findings.model import WORST_FIRST, Counts, Severity
from secuprobe_action.reports.escape import markdown
from secuprobe_action.reports.markdown import (
    ICONS,
    MAX_BYTES,
    category,
    fitting,
    foot,
    link,
    severity,
    severity_sign,
    size,
    title,
)
from secuprobe_action.text import number, one_line, plural

SEVERITIES = tuple(severity for severity in WORST_FIRST if severity is not Severity.UNKNOWN)

MAX_REASON = 300

_ICONS = {Result.FAILED: "❌", Result.ERROR: "⚠️", Result.PASSED: "✅", Result.NOT_VALIDATED: "⏭️"}
_NEW_SHARE = 0.4


def summary(estate: Estate, max_bytes: int = MAX_BYTES) -> str:
    """Return the estate as a job summary.

    Args:
        estate: the sites.
        max_bytes: the most UTF-8 bytes to return. Whatever doesn't fit is left out from the end, and counted.
    """
    icon, word = _ICONS[estate.result], estate.result.label
    head = f"## {icon} SecuProbe estate: {word}\n\n**{markdown(estate.reason)}.**"
    room = max_bytes - size(head) - 2_000
    new = _new_findings(estate, int(room * _NEW_SHARE))
    sites = _sites(estate.sites, room - size(new))
    return "\n\n".join(part for part in (head, sites, new, foot()) if part)


def plain(estate: Estate) -> str:
    """Return the estate as a table for the log, the result last, where a log is read from."""
    rows = [f"{'SITE':<42}{'RESULT':<15}{'SCORE':<7}{'NEW':<5}REASON"]
    for site in estate.sites:
        score = "–" if site.score is None else number(site.score)
        new = "–" if site.new is None else f"{len(site.new)}"
        reason = one_line(site.reason, 120)
        rows.append(f"{one_line(site.name, 40):<42}{site.result.label:<15}{score:<7}{new:<5}{reason}")
    return "\n".join([*rows, "", f"{estate.result.label.upper()}: {estate.reason}"])


def as_json(estate: Estate) -> list[dict[str, Any]]:
    """Return the sites for programs, the worst first."""
    return [
        {
            "site": one_line(site.name),
            "result": site.result.label.replace(" ", "_"),
            "reason": one_line(site.reason, MAX_REASON),
            "score": site.score,
            "counts": site.counts and {each.label: site.counts.get(each, 0) for each in WORST_FIRST},
            "new_count": None if site.new is None else len(site.new),
            "report_url": site.report_url,
        }
        for site in estate.sites
    ]


def _sites(sites: Sequence[Site], max_bytes: int) -> str:
    if not sites:
        return ""
    compared = any(site.new is not None for site in sites)
    # Signs alone, so that the table is not wider than the page; their names stand below it.
    titles = ["Site", "Result", "Score", *(ICONS[each] for each in SEVERITIES), *(["🆕"] if compared else [])]
    head = f"| {' | '.join(titles)} |\n|{' :--- |' * 2}{' ---: |' * (len(titles) - 2)}\n"
    legend = " · ".join([severity_sign(each) for each in SEVERITIES] + (["🆕 New since the baseline"] if compared else []))
    rows = list(fitting((_site(site, compared) for site in sites), max_bytes - size(head) - 400))
    left_out = f"\n\n**{plural(len(sites) - len(rows), 'site')} left out**: the summary would be too large for GitHub."
    return f"{head}{''.join(rows)}\n<sub>{legend}</sub>{left_out if len(rows) < len(sites) else ''}"


def _site(site: Site, compared: bool) -> str:
    name = markdown(site.name, 300)
    cells = [
        (link(site.report_url, name) if site.report_url else name) + _why(site),
        f"{_ICONS[site.result]}&nbsp;{site.result.label.replace(' ', '&nbsp;')}",
        "–" if site.score is None else f"<strong>{number(site.score)}</strong>",
        *_counts(site.counts),
        *([] if not compared else ["–" if site.new is None else f"{len(site.new):,}"]),
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
    new = estate.new
    if new is None:
        return ""
    if not new:
        return "### 🆕 New findings\n\nNone."
    head = f"### 🆕 {plural(len(new), 'new finding')}\n\n| Severity | Site | Title | Category |\n|{' :--- |' * 4}\n"
    rows = list(
        fitting((f"| {severity(f)} | {markdown(site.name, 300)} | {title(f)} | {category(f)} |\n" for site, f in new), max_bytes)
    )
    left_out = f"\n\n**{plural(len(new) - len(rows), 'new finding')} left out.**" if len(rows) < len(new) else ""
    return head + "".join(rows).rstrip("\n") + left_out
