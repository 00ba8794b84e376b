"""A terminal, or any CI system that is nothing but one: a plain log and an exit code. Other plain logs build on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.findings.progress import Progress
from secuprobe_action.platforms.bar import Bar
from secuprobe_action.platforms.base import BEAT_S, Forge, Level
from secuprobe_action.platforms.stream import LogStream
from secuprobe_action.text import one_line, printable

_BAR_S = 0.5
"""Between two drawings of the bar."""


class Terminal:
    """Writes plain lines, without colours: they are for a log as often as for a screen. Only how it stands is a bar on a screen.

    Has no outputs, no summary and no annotations but the log's own lines.

    Args:
        environment: the process's environment.
        out: where the log goes.
        bar: what shows how it stands, or None where lines do.
    """

    input_prefixes: tuple[str, ...] = ("SECUPROBE_",)
    max_annotations = 0
    attempt: int | None = 1
    has_results = False
    comments_progress = False
    definition_file = "README.md"
    forge_needs = "GitHub or GitLab"

    def __init__(self, environment: Mapping[str, str], out: TextIO, bar: Bar | None = None) -> None:
        self._environment = environment
        self._log = LogStream(out)
        self._bar = bar
        self.beat_s = _BAR_S if bar else BEAT_S
        self.workspace = Path.cwd()
        self._debugs = environment.get("SECUPROBE_DEBUG") == "1"

    def mask(self, secret: str) -> None:
        """Do nothing: the program prints no secret, and there is nobody to tell."""

    def info(self, line: str) -> None:
        if self._bar:
            self._bar.clear()
        self._log.write(printable(line))

    def warn(self, text: str) -> None:
        self.annotate(Level.WARNING, "SecuProbe", text)

    def debug(self, line: str) -> None:
        if self._debugs:
            self.info(f"debug: {line}")

    def show_progress(self, progress: Progress) -> None:
        if self._bar:
            self._bar.draw(progress)
        else:
            self.info(progress.line)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self.info(title)
        yield

    def annotate(self, level: Level, title: str, message: str) -> None:
        self.info(f"{level.value}: {one_line(title)}: {message}")

    def set_output(self, name: str, value: str) -> None:
        self.debug(f"output {name}={value}")

    def publish_summary(self, markdown: str) -> None:
        """Do nothing: the log holds the same as a table."""

    def publish_result(self, name: str, report: ScanReport, verdict: Verdict) -> None:
        """Do nothing: the exit code is the result."""

    def publish_progress(self, name: str, site: str | None, progress: Progress, report_url: str | None) -> None:
        """Do nothing: the log shows it."""

    def publish_no_result(self, name: str, site: str | None, title: str, message: str, report_url: str | None) -> None:
        """Do nothing: the exit code is the result."""

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        return None

    def secrets_withheld(self) -> str | None:
        return None
