"""How a scan stands, in GitHub's Markdown: what a check, or a note, says until there is a verdict."""

from secuprobe_action.findings.progress import Progress
from secuprobe_action.reports import markdown
from secuprobe_action.reports.escape import markdown as escape

_CELLS = 30


def render(progress: Progress, report_url: str | None) -> str:
    """Return the stage as a heading, a bar where it is known how much is done, and what is said of it.

    Args:
        progress: how it stands.
        report_url: where the report will be, or None.
    """
    link = f" · {markdown.link(report_url, 'Open the report')}" if report_url else ""
    parts = [
        f"## ⏳ SecuProbe: {escape(progress.stage)}",
        _bar(progress.fraction),
        escape(progress.text) + link,
        markdown.foot(),
    ]
    return "\n\n".join(part for part in parts if part)


def _bar(fraction: float | None) -> str:
    if fraction is None:
        return ""
    done = round(fraction * _CELLS)
    return f"<code>{'█' * done}{'░' * (_CELLS - done)}</code> {fraction:.0%}"
