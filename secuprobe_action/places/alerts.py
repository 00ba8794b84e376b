"""The alerts of many sites: each one's SARIF goes to code scanning as soon as the site is judged.

github/codeql-action/upload-sarif makes one upload of all files of a folder (src/upload-lib.ts), and code scanning takes no more
than 20 runs in one (docs.github.com, "SARIF support for code scanning"): with a run a site, an upload a site has no such end.
"""

import datetime as dt
import gzip
from collections import deque
from collections.abc import Callable

from secuprobe_action.clock import Task
from secuprobe_action.findings.endings import Ending, Judged
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.desk import ASK_S, Desk, Errand
from secuprobe_action.reports import sarif
from secuprobe_action.reports.story import Story
from secuprobe_action.text import plural

MAX_IN_A_ROW = 3
"""Uploads that may fail one after another: the others would, too, and a forge that isn't well is left alone."""

UPLOAD_S = 2.0
"""What each upload that is left at the end may take beside `ASK_S`."""


class Alerts(Place):
    """Code scanning. A site whose findings aren't all known uploads nothing, so that its alerts stay as they are.

    Args:
        desk: where the forge is asked.
        location: the file that the alerts name, relative to the repository's root.
        name: whose results they are: the check's name.
        now: seconds since the epoch.
    """

    def __init__(self, desk: Desk, location: str, name: str, now: Callable[[], float]) -> None:
        self._desk = desk
        self._location = location
        self._name = name
        self._now = now
        self._waiting: deque[bytes] = deque()
        self._uploading: Task[None] | None = None
        self._due = 0
        self._taken = 0
        self._in_a_row = 0
        self._problem: str | None = None

    def judged(self, judged: Judged) -> None:
        """Take note of a site's findings. Does not wait for anything."""
        at = dt.datetime.fromtimestamp(self._now(), dt.UTC)
        try:
            text = sarif.render(Story(judged.report, judged.verdict, self._location, at, self._name), uploaded=True)
        except Exception as error:  # noqa: BLE001  # told at the end: an alert decides nothing
            self._due += 1
            self._failed(error)
            return
        if text is not None:
            self._due += 1
            self._waiting.append(gzip.compress(text.encode()))

    def keep(self) -> None:
        """Begin the next upload where the last one has ended; to be called now and then, and waits for nothing.

        So there is at most one before whatever else the forge is asked, the check run's conclusion above all.
        """
        if self._waiting and (self._uploading is None or self._uploading.finished.is_set()):
            self._uploading = self._desk.begin(self._upload)

    def end(self, ending: Ending) -> Errand | None:
        if not self._due:
            return None

        def work() -> str:
            while self._waiting:
                self._upload()
            if self._problem is not None:
                raise ForgeError(self._problem)
            return f"uploaded the findings of {plural(self._taken, 'site')} to code scanning"

        limit_s = ASK_S + UPLOAD_S * len(self._waiting)
        return Errand("Findings did not become alerts", work, detail=self._lost, limit_s=limit_s)

    def _lost(self) -> str:
        return f" for {self._due - self._taken:,} of {plural(self._due, 'site')}"

    def _upload(self) -> None:
        """Upload what has waited longest; at the desk."""
        zipped = self._waiting.popleft()
        if self._in_a_row >= MAX_IN_A_ROW:
            return
        try:
            self._desk.forge.upload_sarif(zipped)
        except Exception as error:  # noqa: BLE001  # whatever a forge's library comes up with, as at the desk
            self._in_a_row += 1
            self._failed(error)
        else:
            self._in_a_row = 0
            self._taken += 1

    def _failed(self, error: Exception) -> None:
        self._problem = self._problem or (str(error) if isinstance(error, ForgeError) else type(error).__name__)
