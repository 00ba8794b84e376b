"""One self-contained page for people: no script, no external resource. Jinja2 escapes every text."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from math import pi
from typing import TYPE_CHECKING

from secuprobe_action import __version__
from secuprobe_action.findings.gate import Assessed
from secuprobe_action.findings.model import WORST_FIRST, Finding, Severity
from secuprobe_action.reports.html_template import TEMPLATE, TROUBLE_TEMPLATE
from secuprobe_action.reports.story import Format, Story, Trouble, name_of_its_own
from secuprobe_action.reports.trend import HEIGHT, WIDTH, trend
from secuprobe_action.text import age, capitalised, duration, number, one_line, plural, printable

if TYPE_CHECKING:
    import jinja2

GAUGE_RADIUS = 54.0
_ARC = pi * GAUGE_RADIUS
"""The gauge is half a circle."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the severity chart.

    Args:
        severity: what it counts.
        count: how many.
        percent: its length, in per cent of the longest.
    """

    severity: Severity
    count: int
    percent: float


def render(story: Story) -> str:
    """Return the page. It holds every finding, worst first."""
    report, verdict = story.report, story.verdict
    shown = [s for s in WORST_FIRST if s is not Severity.UNKNOWN or verdict.counts[s]]
    longest = max([1, *(verdict.counts[s] for s in shown)])
    return template(TEMPLATE).render(
        version=__version__,
        report=report,
        site=name_of_its_own(report),
        verdict=verdict,
        link=report.report_url,
        duration=duration(report.duration_s),
        finished_at=shown_time(story.finished_at),
        score=None if report.score is None else number(report.score),
        gauge_radius=GAUGE_RADIUS,
        gauge_arc=_ARC,
        gauge_filled=_ARC * min(max(report.score or 0, 0), 100) / 100,
        bars=[Bar(s, verdict.counts[s], 100 * verdict.counts[s] / longest) for s in shown],
        listed=[s for s in shown if any(assessed.finding.severity is s for assessed in verdict.findings)],
        trend=trend(verdict),
        chart_width=WIDTH,
        chart_height=HEIGHT,
        baseline_age=age(verdict.baseline.age_s) if verdict.baseline else "",
    )


def failure(trouble: Trouble) -> str:
    """Return a page that says why there is no verdict."""
    return template(TROUBLE_TEMPLATE).render(
        version=__version__,
        title=trouble.title,
        message=trouble.message,
        url=trouble.url,
        scan_id=trouble.scan_id,
        link=trouble.report_url,
        finished_at=shown_time(trouble.finished_at),
    )


def shown_time(moment: dt.datetime) -> str:
    """Return a moment as pages show it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@cache
def template(text: str) -> "jinja2.Template":
    """Return a template, by its text, that escapes every text it is given."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(
        line=one_line, lines=printable, plural=plural, label=_label, number=number, capitalize_first=capitalised
    )
    return environment.from_string(text)


def _label(shown: Assessed | Finding) -> str:
    finding = shown.finding if isinstance(shown, Assessed) else shown
    if finding.severity is Severity.UNKNOWN and finding.severity_text:
        return f"unknown ({one_line(finding.severity_text, 40)})"
    return finding.severity.label


FORMAT = Format(render, failure)
