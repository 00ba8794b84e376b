"""What the program asks of the place it runs in."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport


class Level(Enum):
    """How loud an annotation is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class FoundBaseline:
    """A scan of the code that this run's is compared with.

    Args:
        scan_id: the scan.
        commit: the commit it was made of, or None where that isn't known.
        age_s: how long ago, in seconds, or None.
    """

    scan_id: str
    commit: str | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Check:
    """A result to be shown at the commit.

    Args:
        name: whose result it is.
        passed: whether it passed, or None where nothing was asked to fail.
        title: the result in a few words.
        summary: the result in Markdown.
        scan_id: the scan it is about, or None where there is none to compare with later.
        scanned_url: what was scanned, or None.
        report_url: where a person reads on, or None.
    """

    name: str
    passed: bool | None
    title: str
    summary: str
    scan_id: str | None = None
    scanned_url: str | None = None
    report_url: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """What is to be said on the pull request.

    Args:
        name: whose comment it is: there is one a name, kept up to date.
        body: what it says, in Markdown.
        scanned_url: what was scanned, or None.
        may_create: whether one is made where there is none yet.
    """

    name: str
    body: str
    scanned_url: str | None
    may_create: bool


class ForgeError(Exception):
    """The forge did not do what it was asked; the message says why and, where that helps, which permission to add."""


class Forge(Protocol):
    """Where the code lives and is reviewed. It never decides the exit code: whoever calls it turns its errors into warnings."""

    def find_baseline(self, name: str, scanned_url: str | None) -> FoundBaseline | None:
        """Return the newest scan of the code that this run's is based on, as its check of that name tells.

        Raises:
            ForgeError: the forge can't be asked.
        """

    def publish_check(self, check: Check) -> None:
        """Show a result at the commit.

        Raises:
            ForgeError: it can't be shown.
        """

    def publish_comment(self, comment: Comment) -> None:
        """Comment on the pull request, in place of an earlier comment of the same name.

        Raises:
            ForgeError: there is no pull request, or it can't be commented on.
        """


class Platform(Protocol):
    """A CI system or a terminal. Every text handed to it may be hostile; it escapes for its own log and files.

    Attributes:
        input_prefix: what the environment variables of the inputs begin with.
        max_annotations: how many annotations of a level are shown; 0 where the log is all there is.
        workspace: the folder of the checked-out repository.
        definition_file: the file of the repository that defines this run, relative to its root.
        forge_needs: what `forge` returns None for the lack of.
    """

    input_prefix: str
    max_annotations: int
    workspace: Path
    definition_file: str
    forge_needs: str

    def mask(self, secret: str) -> None:
        """Have the platform hide `secret` in all that follows."""

    def info(self, line: str) -> None:
        """Show a line, or several, in the log."""

    def debug(self, line: str) -> None:
        """Show a line where the user asked for debug logging."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Return a context whose lines fold under `title`."""

    def annotate(self, level: Level, title: str, message: str) -> None:
        """Show a message where people look first."""

    def set_output(self, name: str, value: str) -> None:
        """Hand a value to later steps. Does not raise: it warns where the platform doesn't take it."""

    def publish_summary(self, markdown: str) -> None:
        """Show the summary beside the log, where the platform has such a place. Does not raise: it warns."""

    def publish_result(self, name: str, report: ScanReport, verdict: Verdict) -> None:
        """Show the verdict in the platform's own report of results, where it has one that isn't a file.

        Args:
            name: whose result it is: one of the same name is replaced.
            report: the scan.
            verdict: what the gate decided.

        Raises:
            ForgeError: it can't be shown.
        """

    def publish_no_result(self, name: str, site: str | None, title: str, message: str, report_url: str | None) -> None:
        """Show in the same place that there is no verdict, so that an earlier one doesn't stand for this run.

        Args:
            name: whose result it is.
            site: what it was to be of, or None where that isn't known.
            title: what kind of trouble there was.
            message: what happened, and what to do about it.
            report_url: where a person reads on, or None.

        Raises:
            ForgeError: it can't be shown.
        """

    def forge(self, token: str | None) -> Forge | None:
        """Return the forge that the run belongs to, or None where there is none or nothing to authenticate with.

        Args:
            token: the input github_token; a platform that isn't GitHub has a variable of its own.
        """

    def secrets_withheld(self) -> str | None:
        """Return why the platform keeps secrets from this run, or None where it doesn't."""
