"""The reports of many sites: a folder with files of each, written as soon as it is judged, and a page that leads to them."""

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from secuprobe_action.clock import Clock, Lane, Task
from secuprobe_action.errors import ActionError, InputError, Mistake
from secuprobe_action.findings.endings import Ending, Judged, Surveyed
from secuprobe_action.findings.overview import Estate, Site
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import FAILURE_FORMATS, FORMATS, estate_page
from secuprobe_action.reports.story import Story, Trouble
from secuprobe_action.text import plural
from secuprobe_action.workspace import Workspace

SITE_FORMATS: Sequence[str] = ("json", "sarif", "html")
"""The reports of a site; a file's ending is its format's name."""

INDEX = "index.html"

PATIENCE_S, LAST_S = 30.0, 0.3
"""At the end, for the reports that are still being written; the latter after a signal."""

MAX_STEM = 100
"""Characters of a file's name without its ending: with the folder's, far below what any file system takes."""

_RESERVED = re.compile(r"(con|prn|aux|nul|index|com[0-9]|lpt[0-9])(\..*)?")
"""Names that Windows takes for devices (learn.microsoft.com, "Naming Files, Paths, and Namespaces"), and the page's own."""

_WITH_DIGEST = re.compile(r"-[0-9a-f]{12}$")
"""What ends a name that isn't plain: no plain one may look like it."""

_Told = TypeVar("_Told")


class SiteReports(Place):
    """A folder of reports.

    Args:
        platform: where it runs.
        workspace: where the folder is.
        folder: relative to the workspace.
        name: whose results they are: the check's name.
        clock: what the time is, and what writes beside the main thread: a report of 100 MB takes long, and signals don't wait.
    """

    def __init__(self, platform: Platform, workspace: Workspace, folder: str, name: str, clock: Clock) -> None:
        self._platform = platform
        self._workspace = workspace
        self._folder = folder
        self._name = name
        self._clock = clock
        self._lane = Lane(clock)
        self._last: Task[None] | None = None
        self._stems: set[str] = set()
        self._written: dict[str, Sequence[str]] = {}
        self._problems: list[str] = []

    def prepare(self) -> None:
        """Empty the folder of what an earlier run left: nothing that lies there may be taken for a site's report.

        Raises:
            InputError: it holds something else, or can't be written.
        """
        try:
            entries = self._workspace.entries(self._folder)
            foreign = entries if entries and not self._is_ours() else [each for each in entries if not _is_report(each)]
            if foreign:
                problem = f"must be a folder of its own: it holds {foreign[0]}, which is not from an earlier run of this"
                raise InputError([Mistake("reports", self._folder, problem)])
            for entry in entries:
                self._workspace.remove(f"{self._folder}/{entry}")
            # At once, so that an earlier run is known for one, however it ended.
            self._write(INDEX, estate_page.running())
        except OSError as error:
            raise InputError([Mistake("reports", self._folder, f"can't be written ({error.strerror or error})")]) from error

    def judged(self, site: str, judged: Judged) -> str:
        """Begin to write the reports of a site, and return what its files are called, without their endings."""
        story = Story(judged.report, judged.verdict, self._platform.definition_file, self._time(), self._name)
        return self._write_all(site, FORMATS, story)

    def failed(self, site: str, error: ActionError, scan: tuple[str, str] | None) -> str:
        """Begin to write what is to be said of a site without a verdict, likewise.

        Args:
            site: the site.
            error: why there is none.
            scan: the identifier of its scan and where its report is, or None where none was launched.
        """
        scan_id, report_url = scan or (None, None)
        url = site if "://" in site else None
        trouble = Trouble(error.title, str(error), url, scan_id, report_url, self._time(), site, self._name)
        return self._write_all(site, FAILURE_FORMATS, trouble)

    def end(self, ending: Ending) -> None:
        if not isinstance(ending, Surveyed):
            return
        self._wait(LAST_S if ending.cancelled else PATIENCE_S)
        estate = Estate(tuple(self._linked(site) for site in ending.estate.sites))
        self._try(INDEX, lambda: estate_page.render(estate, ending.notes, self._time()))
        if any("sarif" in names for names in self._written.values()):
            self._platform.set_output("sarif_folder", self._folder)
        if self._problems:
            number = plural(len(self._problems), "report")
            self._platform.annotate(
                Level.ERROR, "SecuProbe: reports not written", f"{number} could not be written. The first: {self._problems[0]}"
            )
        self._platform.info(f"wrote the reports of {plural(len(self._written), 'site')} to {self._folder}, {INDEX} leads to them")

    def _write_all(self, site: str, formats: Mapping[str, Callable[[_Told], str | None]], told: _Told) -> str:
        stem = file_stem(site, self._stems)
        self._stems.add(stem)

        def work() -> None:
            names = [name for name in SITE_FORMATS if name in formats]
            written = [name for name in names if self._try(f"{stem}.{name}", partial(formats[name], told))]
            if written:
                self._written[stem] = written

        self._last = self._lane.start(work)
        return stem

    def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):  # there is no more time for what isn't written yet
            if self._last is None or self._clock.wait(self._last, seconds):
                return
        self._problems.append("there was no time left for the last ones")

    def _linked(self, site: Site) -> Site:
        """Return a site without a link to a page that isn't there."""
        return site if "html" in self._written.get(site.files or "", ()) else replace(site, files=None)

    def _try(self, name: str, text: Callable[[], str | None]) -> bool:
        try:
            found = text()
            if found is not None:
                self._write(name, found)
        except Exception as error:  # noqa: BLE001  # told at the end: a report decides nothing
            why = (error.strerror or error) if isinstance(error, OSError) else type(error).__name__
            self._problems.append(f"{self._folder}/{name}: {why}")
            return False
        return found is not None

    def _write(self, name: str, text: str) -> None:
        self._workspace.write(f"{self._folder}/{name}", text)

    def _is_ours(self) -> bool:
        try:
            return estate_page.MARK in (self._workspace.read(f"{self._folder}/{INDEX}") or "")[:500]
        except UnicodeDecodeError:
            return False

    def _time(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.time(), dt.UTC)


def file_stem(site: str, taken: set[str]) -> str:
    """Return what a site's files are called: a name that every file system and upload-artifact take, and no other site has.

    Args:
        site: the site.
        taken: the names that others have.
    """
    plain = site.removeprefix("https://")
    stem = re.sub(r"[^a-z0-9._-]+", "-", plain.lower()).strip("-. ")[:MAX_STEM].rstrip("-. ")
    if stem and stem == plain and stem not in taken and not _RESERVED.fullmatch(stem) and not _WITH_DIGEST.search(stem):
        return stem
    digest = hashlib.sha256(site.encode("utf-8", "replace")).hexdigest()
    return f"{stem[: MAX_STEM - 13] or 'site'}-{digest[:12]}"


def _is_report(entry: str) -> bool:
    return entry.endswith(tuple(f".{name}" for name in SITE_FORMATS))
