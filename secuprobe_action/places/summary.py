"""The summary beside the log: GitHub's job summary."""

from secuprobe_action.findings.endings import Done, Ending, Failed, Judged, Skipped, Stopped, Surveyed
from secuprobe_action.findings.model import Started
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Platform
from secuprobe_action.reports import markdown, overview


class Summary(Place):
    """The job summary.

    Args:
        platform: where it is shown.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def end(self, ending: Ending) -> None:
        text = rendered(ending)
        if text:
            self._platform.publish_summary(text)


def rendered(ending: Ending, max_bytes: int = markdown.MAX_BYTES) -> str:
    """Return an ending as the summary shows it, in GitHub's Markdown; nothing where the command shows its own."""
    match ending:
        case Judged(report=report, verdict=verdict):
            return markdown.summary(report, verdict, max_bytes)
        case Skipped(reason=reason, advice=advice):
            return markdown.skipped(reason, advice)
        case Failed(error=error, started=started):
            return markdown.failure(error, *_scan(started))
        case Stopped(started=started):
            return markdown.cancelled(ending.consequence, *_scan(started))
        case Surveyed(estate=estate, notes=notes):
            return overview.summary(estate, notes, max_bytes)
        case Done():
            return ""


def _scan(started: Started | None) -> tuple[str | None, str | None]:
    return (started.scan_id, started.report_url) if started else (None, None)
