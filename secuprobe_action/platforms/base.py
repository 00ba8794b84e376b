"""What the program asks of the place it runs in."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.findings.progress import Progress
from secuprobe_action.platforms.issues import Issues

BEAT_S = 30.0
"""Between two looks at how it stands, in a log and on a forge."""


class Level(Enum):
    """How loud an annotation is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run is about.

    Args:
        commit: the commit under test: the pull request's own, not the merge that the forge made of it.
        pulls: the pull requests that the event names, or None where they are those whose head the commit is.
        moves: whether the pull requests' head may have moved on since; not where the commit never was their head.
    """

    commit: str
    pulls: tuple[int, ...] | None = None
    moves: bool = True


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a commit stands.

    Args:
        on_default: whether the default branch holds it.
        commits: the default branch's commits to look at, newest first: the commit itself or the merge base, then its first
            parents. Each may ask the forge.
    """

    on_default: bool
    commits: Iterator[str]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier run left at a commit.

    Args:
        id: by which it can be changed.
        line: the memory, as `memory.record` or `memory.ledger` wrote it.
        completed_at: when that run was concluded, in seconds since the epoch, or None where it wasn't.
        started_at: when it began, likewise.
        own_time: whether the run itself wrote these times, so that they must be those that it signed. A forge's own clock, or one
            time for several lines, proves nothing.
        text: what `memory.ages` or `memory.ledger` wrote beside the line; empty where there is none, or no room for one.
    """

    id: int
    line: str
    completed_at: float | None = None
    started_at: float | None = None
    own_time: bool = True
    text: str = ""


class Conclusion(Enum):
    """How a check ended; GitHub's words (docs.github.com, "Check runs", conclusion)."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Check:
    """A check to be shown at the commit.

    Args:
        name: whose result it is.
        conclusion: how it ended, or None while it runs.
        title: how it stands, in a few words.
        summary: the same in Markdown.
        at: when this was so, in seconds since the epoch.
        line: what is kept with it for later runs, or None to leave what is there.
        report_url: where a person reads on, or None.
        site: what was scanned, where that is known.
        lasting: whether later runs may go by the line for long; where a forge has room for few lines, the others give way first.
        text: what is kept beside the line, where the forge has room for 60,000 characters; empty where there is none.
    """

    name: str
    conclusion: Conclusion | None
    title: str
    summary: str
    at: int
    line: str | None = None
    report_url: str | None = None
    site: str | None = None
    lasting: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """What is to be said on the pull request.

    Args:
        name: whose comment it is: there is one a name and site, kept up to date.
        site: what it is about, or None where that isn't known.
        body: what it says, in Markdown.
        may_create: whether one is made where there is none yet.
        in_passing: whether it only says how a scan stands: then it may take a few seconds, and isn't worth more.
    """

    name: str
    site: str | None
    body: str
    may_create: bool
    in_passing: bool = False


class ForgeError(Exception):
    """The forge did not do what it was asked; the message says why, in the forge's own words where it gave any."""


NO_ROOM = "what is kept of many sites needs a check run's text, which GitHub alone has"
"""Why a forge refuses a check that needs its text."""

NO_ALERTS = "alerts are code scanning's, which GitHub alone has"
"""Why a forge takes no SARIF."""


class Forge(Protocol):
    """Where the code lives and is reviewed. It never decides the exit code: whoever asks it turns its errors into warnings.

    Each method may raise ForgeError: the forge can't be asked, or refuses.

    Attributes:
        repository: the repository, by what stays the same of it.
        run: the workflow run or pipeline, by its number; empty where that isn't known.
        keeps_text: whether a check has room for a text beside the line.
    """

    repository: str
    run: str
    keeps_text: bool

    @property
    def attempt(self) -> int:
        """Which try of the run this is, from 1; it may ask the forge."""

    @property
    def issues(self) -> Issues:
        """The project's issues; raises ForgeError where the program has no way to them."""

    def subject(self) -> Subject:
        """Return what the run is about; raises ForgeError where that isn't known for sure."""

    def is_current(self, subject: Subject) -> bool:
        """Whether no newer commit has come to the subject's pull requests."""

    def lineage(self, commit: str) -> Lineage:
        """Return where the commit stands to the default branch."""

    def room(self, scan_id: str, report_url: str) -> int:
        """Return how many characters the line of a scan may have where it is kept beside the address of the scan's report."""

    def kept(self, commit: str, name: str, site: str) -> Sequence[Kept]:
        """Return what checks of that name left at a commit, as far as they are of the same author as this run's own.

        Those of other sites may be among them.
        """

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        """Show a check at the commit, in place of the one that `check_id` names, and return its identifier."""

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Change what a check says that runs, and neither its status nor what it keeps: should this come late, it has to leave a
        conclusion as it is."""

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Comment on the subject's pull requests, in place of an earlier comment of the same name and site."""

    def upload_sarif(self, zipped: bytes) -> None:
        """Have a SARIF report, compressed by gzip, become alerts in place of those of its category."""


class Platform(Protocol):
    """A CI system or a terminal. Every text handed to it may be hostile; it escapes for its own log and files.

    Attributes:
        input_prefixes: what the environment variables of the inputs begin with, the first that gives one first.
        max_annotations: how many annotations of a level are shown; 0 where the log is all there is.
        workspace: the folder of the checked-out repository.
        definition_file: the file of the repository that defines this run, relative to its root.
        forge_needs: what `forge` returns None for the lack of.
        attempt: which try of the same run this is, from 1, or None where only the forge knows.
        has_results: whether the platform has a report of results that isn't a file.
        beat_s: seconds between two looks at how it stands.
        comments_progress: whether a comment says how it stands: no check does it there.
    """

    attempt: int | None
    beat_s: float
    comments_progress: bool
    has_results: bool
    input_prefixes: tuple[str, ...]
    max_annotations: int
    workspace: Path
    definition_file: str
    forge_needs: str

    def mask(self, secret: str) -> None:
        """Have the platform hide `secret` in all that follows."""

    def info(self, line: str) -> None:
        """Show a line, or several, in the log."""

    def warn(self, text: str) -> None:
        """Show a warning where people look first."""

    def debug(self, line: str) -> None:
        """Show a line where the user asked for debug logging."""

    def show_progress(self, progress: Progress) -> None:
        """Show in the log how it stands."""

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

    def publish_progress(self, name: str, site: str | None, progress: Progress, report_url: str | None) -> None:
        """Show in the same place that there is no verdict yet, and how it stands; raises as `publish_result`.

        Args:
            name: whose result it will be.
            site: what it will be of, or None where that isn't known.
            progress: how it stands.
            report_url: where a person will read on, or None.
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

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        """Return the forge that the run belongs to, or None where there is none or nothing to authenticate with.

        Args:
            token: the input github_token; a platform that isn't GitHub has a variable of its own.
            commit: the input commit, or None for what the platform says.
        """

    def secrets_withheld(self) -> str | None:
        """Return why the platform keeps secrets from this run, or None where it doesn't."""
