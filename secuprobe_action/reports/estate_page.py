"""Many sites as one page for people: the worst first, each with a link to its own. No script, no external resource."""

import datetime as dt
from collections.abc import Sequence

from secuprobe_action import __version__
from secuprobe_action.findings.model import WORST_FIRST, Severity
from secuprobe_action.findings.overview import Estate, Result
from secuprobe_action.reports.estate_template import RUNNING_TEMPLATE, TEMPLATE
from secuprobe_action.reports.html_report import shown_time, template

MARK = "<!-- SecuProbe estate -->"
"""At the beginning of a page: what tells a folder of an earlier run from any other."""

SEVERITIES = tuple(severity for severity in WORST_FIRST if severity is not Severity.UNKNOWN)


def render(estate: Estate, notes: Sequence[str], finished_at: dt.datetime) -> str:
    """Return the page.

    Args:
        estate: the sites.
        notes: what a reader must know besides.
        finished_at: when the run ended (UTC).
    """
    return template(TEMPLATE).render(
        mark=MARK,
        version=__version__,
        estate=estate,
        notes=notes,
        finished_at=shown_time(finished_at),
        results=[(result, len(estate.having(result))) for result in Result if estate.having(result)],
        severities=SEVERITIES,
        unknown=Severity.UNKNOWN,
        critical=Severity.CRITICAL,
        compared=estate.new_count is not None,
    )


def running() -> str:
    """Return the page while there is nothing to show yet."""
    return template(RUNNING_TEMPLATE).render(mark=MARK, version=__version__)
