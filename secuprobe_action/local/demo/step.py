"""The action as a step: a process with a runner's environment and files, whose log is shown as GitHub shows it."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from secuprobe_action.local.demo.runner import Kind, Line, LogReader, read_outputs

PACKAGES = Path(__file__).parents[3]
"""Where this package lies, installed or in a checkout."""

COMMAND = (sys.executable, "-P", "-m", "secuprobe_action")

_STYLES: Mapping[Kind, str] = {Kind.ERROR: "bold red", Kind.WARNING: "yellow", Kind.NOTICE: "cyan", Kind.GROUP: "bold"}


@dataclass(frozen=True)
class Left:
    """What a step left.

    Args:
        code: its exit code.
        log: the lines of its log.
        outputs: its outputs.
        summary: its job summary, in Markdown.
    """

    code: int
    log: Sequence[Line]
    outputs: Mapping[str, str]
    summary: str


def run(environment: Mapping[str, str], folder: Path, console: Console, estimate_s: float) -> Left:
    """Run the action as a step, and return what it left.

    Args:
        environment: the step's, without the runner's files.
        folder: where these go.
        console: where its log is shown as it comes.
        estimate_s: how long it is expected to take, in seconds.
    """
    output, summary = folder / "output.txt", folder / "summary.md"
    for file in (output, summary):
        file.write_text("", encoding="utf-8")
    files = {"GITHUB_OUTPUT": str(output.absolute()), "GITHUB_STEP_SUMMARY": str(summary.absolute())}
    code, log = _watch({**environment, "PYTHONPATH": str(PACKAGES), **files}, console, estimate_s)
    return Left(code, log, read_outputs(output.read_text(encoding="utf-8")), summary.read_text(encoding="utf-8"))


def _watch(environment: Mapping[str, str], console: Console, estimate_s: float) -> tuple[int, list[Line]]:
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()
    with (
        subprocess.Popen(
            COMMAND, env=dict(environment), stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
        ) as process,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        assert process.stdout is not None
        screen = Screen(console, progress)
        reading = threading.Thread(target=screen.show, args=(process.stdout,))
        reading.start()
        while reading.is_alive():
            screen.move(estimate_s)
            reading.join(0.1)
    return process.returncode, screen.lines


class Screen:
    """A log on a terminal: a group is its title, and what it holds shows above the progress only while it comes.

    Args:
        console: the terminal, or whatever else the log goes to.
        progress: what is shown below.

    Attributes:
        lines: what was shown.
    """

    def __init__(self, console: Console, progress: Progress) -> None:
        self.lines: list[Line] = []
        self._console, self._progress = console, progress
        self._task = progress.add_task("scanning", total=1.0)
        self._folded = False

    def show(self, log: IO[str]) -> None:
        """Show a log's lines as they come, until it ends."""
        for line in LogReader().read(log):
            self.lines.append(line)
            self._show(line)

    def move(self, estimate_s: float) -> None:
        """Move the progress on; it never ends before the step does."""
        elapsed_s = self._progress.tasks[self._task].elapsed or 0.0
        self._progress.update(self._task, completed=min(elapsed_s / estimate_s, 0.97))

    def _show(self, line: Line) -> None:
        if line.kind in (Kind.GROUP, Kind.END_OF_GROUP):
            self._folded = line.kind is Kind.GROUP
        if line.kind is Kind.END_OF_GROUP:
            return
        if self._folded and line.kind is Kind.TEXT:
            self._progress.update(self._task, description=line.text[:60])
            return
        self._console.print(Text(on_screen(line), style=_STYLES.get(line.kind, "")), soft_wrap=True)


def on_screen(line: Line) -> str:
    """Return a line as a log has it."""
    match line.kind:
        case Kind.GROUP:
            return f"▸ {line.text}"
        case Kind.ERROR | Kind.WARNING | Kind.NOTICE:
            return f"{line.kind.value.capitalize()}: {': '.join(filter(None, (line.title, line.text)))}"
    return line.text
