"""The report files that the user asked for."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from secuprobe_action.findings.endings import Ending, Failed, Judged, Stopped
from secuprobe_action.findings.model import Started
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import FAILURE_FORMATS, FORMATS
from secuprobe_action.reports.story import Story, Trouble
from secuprobe_action.settings import ReportFile
from secuprobe_action.workspace import Workspace

_Told = TypeVar("_Told")


class ReportFiles(Place):
    """Files in the workspace.

    Args:
        platform: whose workspace it is.
        files: what to write.
        url: what is scanned, or None where that isn't known.
        now: the time (UTC).
    """

    def __init__(self, platform: Platform, files: Sequence[ReportFile], url: str | None, now: Callable[[], dt.datetime]) -> None:
        self._platform = platform
        self._files = files
        self._url = url
        self._now = now

    def end(self, ending: Ending) -> None:
        match ending:
            case Judged(report=report, verdict=verdict):
                self._write(FORMATS, Story(report, verdict, self._platform.definition_file, self._now()))
            case Failed(error=error, started=started):
                self._write(FAILURE_FORMATS, self._trouble(error.title, str(error), started))
            case Stopped(started=started):
                self._write(FAILURE_FORMATS, self._trouble("SecuProbe: cancelled", ending.consequence, started))

    def _trouble(self, title: str, message: str, started: Started | None) -> Trouble:
        scan_id, report_url = (started.scan_id, started.report_url) if started else (None, None)
        return Trouble(title, message, self._url, scan_id, report_url, self._now())

    def _write(self, formats: Mapping[str, Callable[[_Told], str]], told: _Told) -> None:
        workspace = Workspace(self._platform.workspace)
        for file in self._files:
            if file.format not in formats:
                continue
            try:
                workspace.write(file.path, formats[file.format](told))
            except OSError as error:
                text = f"The {file.format} report {file.path} could not be written: {error.strerror or error}."
                self._platform.annotate(Level.ERROR, "SecuProbe: report not written", text)
                continue
            self._platform.info(f"wrote {file.format} report {file.path}")
            if file.format == "sarif":
                self._platform.set_output("sarif_file", file.path)
