"""The report files that the user asked for."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from secuprobe_action.findings.endings import Ending, Failed, Judged, Stopped
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport, Started
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import FAILURE_FORMATS, FORMATS, remarks
from secuprobe_action.reports.story import Story, Trouble
from secuprobe_action.settings import Settings
from secuprobe_action.values import ReportFile
from secuprobe_action.workspace import Workspace

_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files, and what they are about.

    Args:
        files: the files.
        name: whose result they hold: the check's name.
        url: what is scanned, or None where that isn't known.
        site: what the findings belong to, likewise.
        sarif_category: the category of the SARIF file, as `Story` takes it.
    """

    files: Sequence[ReportFile]
    name: str
    url: str | None = None
    site: str | None = None
    sarif_category: str | None = None

    @classmethod
    def by(cls, settings: Settings) -> "Wanted":
        """Return what a user wants whose inputs are in order."""
        return cls(settings.reports, settings.check_name, settings.url, settings.site, settings.sarif_category)


class ReportFiles(Place):
    """Files in the workspace.

    Args:
        platform: whose workspace it is.
        wanted: which files, and what they are about.
        now: seconds since the epoch.
    """

    def __init__(self, platform: Platform, wanted: Wanted, now: Callable[[], float]) -> None:
        self._platform = platform
        self._wanted = wanted
        self._now = now
        self._workspace = Workspace(platform.workspace)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each file that can't be written, as far as can be told before, and why."""
        for file in self._wanted.files:
            problem = self._workspace.problem(file.path)
            if problem:
                yield file.path, problem

    def clear(self) -> None:
        """Remove what an earlier run left: it must not be taken for this one's, should this one write less.

        Raises:
            OSError: a file can't be removed.
        """
        for file in self._wanted.files:
            self._workspace.remove(file.path)

    def remarks(self, report: ScanReport, verdict: Verdict) -> tuple[str, ...]:
        """Return what a reader must know of the files, wherever the verdict is shown."""
        return tuple(remarks([file.format for file in self._wanted.files], self._story(report, verdict)))

    def end(self, ending: Ending) -> None:
        match ending:
            case Judged(report=report, verdict=verdict):
                self._write(FORMATS, self._story(report, verdict))
            case Failed(error=error, started=started):
                self._write(FAILURE_FORMATS, self._trouble(error.title, str(error), started))
            case Stopped(started=started):
                self._write(FAILURE_FORMATS, self._trouble("SecuProbe: cancelled", ending.consequence, started))

    def _story(self, report: ScanReport, verdict: Verdict) -> Story:
        wanted = self._wanted
        location = self._platform.definition_file
        return Story(report, verdict, location, self._time(), wanted.name, wanted.sarif_category)

    def _trouble(self, title: str, message: str, started: Started | None) -> Trouble:
        wanted = self._wanted
        scan_id, report_url, site = (started.scan_id, started.report_url, started.site) if started else (None, None, wanted.site)
        return Trouble(title, message, wanted.url, scan_id, report_url, self._time(), site, wanted.name)

    def _time(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._now(), dt.UTC)

    def _write(self, formats: Mapping[str, Callable[[_Told], str | None]], told: _Told) -> None:
        for file in self._wanted.files:
            text = formats[file.format](told) if file.format in formats else None
            if text is None:
                continue
            try:
                self._workspace.write(file.path, text)
            except OSError as error:
                problem = f"The {file.format} report {file.path} could not be written: {error.strerror or error}."
                self._platform.annotate(Level.ERROR, "SecuProbe: report not written", problem)
                continue
            self._platform.info(f"wrote {file.format} report {file.path}")
            if file.format == "sarif":
                self._platform.set_output("sarif_file", file.path)
