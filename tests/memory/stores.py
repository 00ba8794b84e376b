"""Where the runs of a world leave what they remember: checks as GitHub keeps them, a small GitLab, a small Bitbucket."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from secuprobe_action.platforms.base import Check, Comment, Forge, ForgeError, Kept, Lineage, Subject
from secuprobe_action.platforms.bitbucket import Bitbucket
from secuprobe_action.platforms.gitlab import GitLab
from secuprobe_action.platforms.issues import Issues
from secuprobe_action.platforms.terminal import Terminal
from tests.bitbucket_api import FakeBitbucket
from tests.fake_http import Fake, WithinThisProcess
from tests.git_history import History
from tests.gitlab_api import FakeGitLab


class Store(Protocol):
    """A forge, and what somebody who would like another verdict can see and do there."""

    history: History

    def platform(self, commit: str, run: int, attempt: int) -> Terminal:
        """Return the platform for an attempt of a run."""

    def break_down(self, *, down: bool) -> None:
        """Have the forge answer nothing of use, or mend it."""

    def left(self) -> Sequence[tuple[str, str]]:
        """Return the lines that runs left, each after its commit."""

    def plant(self, commit: str, line: str, at: float | None) -> None:
        """Leave a line at a commit, as of a run that ended at a given time, where the forge has somebody say that."""


@dataclass
class Stored:
    """A check run, at its commit."""

    commit: str
    name: str
    kept: Kept


@dataclass
class MemoryForge:
    """A forge that is only a list of checks and a history."""

    history: History
    checks: list[Stored] = field(default_factory=list)
    down: bool = False
    commit: str = ""
    repository: str = "org/app"
    run: str = ""
    attempt: int = 1
    keeps_text: bool = True

    @property
    def issues(self) -> Issues:
        raise NotImplementedError

    def subject(self) -> Subject:
        self._ask()
        return Subject(self.commit, ())

    def is_current(self, subject: Subject) -> bool:
        return True

    def lineage(self, commit: str) -> Lineage:
        self._ask()
        base = self.history.merge_base(self.history.branches[self.history.default], commit)
        parents: Iterator[str] = self.history.first_parents(base) if base else iter(())
        return Lineage(base == commit, parents)

    def room(self, scan_id: str, report_url: str) -> int:
        return 255

    def kept(self, commit: str, name: str, site: str) -> Sequence[Kept]:
        self._ask()
        return [each.kept for each in self.checks if (each.commit, each.name) == (commit, name)]

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        self._ask()
        number = len(self.checks) if check_id is None else check_id
        before = None if check_id is None else self.checks[number].kept
        line = check.line or (before.line if before else "")
        completed_at = None if check.conclusion is None else float(check.at)
        started_at = before.started_at if before else float(check.at)
        stored = Stored(commit, check.name, Kept(number, line, completed_at, started_at, text=check.text))
        self.checks[number : number + 1] = [stored]
        return number

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Nobody reads it."""

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Nobody reads it."""

    def upload_sarif(self, zipped: bytes) -> None:
        """Nobody reads it."""

    def _ask(self) -> None:
        if self.down:
            raise ForgeError("it is down")


class Place(Terminal):
    """A terminal with a forge, and with outputs."""

    def __init__(self, forge: MemoryForge) -> None:
        super().__init__({}, io.StringIO())
        self._own = forge
        self.attempt = forge.attempt
        self.outputs: dict[str, str] = {}

    def set_output(self, name: str, value: str) -> None:
        self.outputs[name] = value

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        return self._own


ESTATE = "SecuProbe estate"
"""What the check of many sites is called."""


class StoreOfChecks:
    """Checks of their own for each run, with the times that it gave them."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.forge = MemoryForge(history)

    def platform(self, commit: str, run: int, attempt: int) -> Terminal:
        self.forge.commit, self.forge.run, self.forge.attempt = commit, str(run), attempt
        return Place(self.forge)

    def break_down(self, *, down: bool) -> None:
        self.forge.down = down

    def left(self) -> Sequence[tuple[str, str]]:
        return [(check.commit, check.kept.line) for check in self.forge.checks if check.name != ESTATE]

    def left_by_estates(self) -> Sequence[tuple[str, str, str]]:
        """Return the lines that runs over many sites left, each after its commit and before its text."""
        return [(check.commit, check.kept.line, check.kept.text) for check in self.forge.checks if check.name == ESTATE]

    def plant_of_estate(self, commit: str, line: str, text: str) -> None:
        """Leave a line with its text at a commit, as of a run that ended later than all others."""
        checks = self.forge.checks
        checks.append(Stored(commit, ESTATE, Kept(len(checks), line, 4e9, 4e9, text=text)))

    def plant(self, commit: str, line: str, at: float | None) -> None:
        checks = self.forge.checks
        checks.append(Stored(commit, "SecuProbe", Kept(len(checks), line, at, 4e9)))


class _Served:
    """A store behind an API within this process."""

    fake: Fake

    def break_down(self, *, down: bool) -> None:
        self.fake.refuse = (lambda request: (503, "down")) if down else (lambda request: None)


class StoreOfStatuses(_Served):
    """GitLab's commit statuses."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.fake = self.gitlab = FakeGitLab(history=history)

    def platform(self, commit: str, run: int, attempt: int) -> Terminal:
        environment = self.gitlab.job(commit, run)
        return GitLab(environment, io.StringIO(), network=WithinThisProcess(self.fake))

    def left(self) -> Sequence[tuple[str, str]]:
        return [(each["sha"], each["target_url"]) for each in self.gitlab.statuses if "#" in (each["target_url"] or "")]

    def plant(self, commit: str, line: str, at: float | None) -> None:
        target = line if line.startswith("http") else f"https://secuprobe.io/scan/1#{line}"
        said = {"id": next(self.gitlab.ids), "sha": commit, "name": "SecuProbe", "target_url": target, "status": "success"}
        self.gitlab.statuses.append({**said, "pipeline_id": 1, "author": self.gitlab.user, "retried": False})


class StoreOfReports(_Served):
    """Bitbucket's reports."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.fake = self.bitbucket = FakeBitbucket(history=history)

    def platform(self, commit: str, run: int, attempt: int) -> Terminal:
        environment = self.bitbucket.step(commit, run, attempt)
        return Bitbucket(environment, io.StringIO(), network=WithinThisProcess(self.fake))

    def left(self) -> Sequence[tuple[str, str]]:
        return [(commit, line) for (commit, _), report in self.bitbucket.reports.items() for line in _kept(report)]

    def plant(self, commit: str, line: str, at: float | None) -> None:
        """Before what is there: to push that out is to hide it, which isn't prevented."""
        for own_id in {own_id for _, own_id in self.bitbucket.reports}:
            known = self.bitbucket.reports.get((commit, own_id), {"title": "", "data": [], "details": ""})
            lines = " ".join((line, *_kept(known)))
            self.bitbucket.reports[commit, own_id] = {**known, "details": f"Kept for later runs: {lines}"}


def _kept(report: dict[str, Any]) -> list[str]:
    _, _, kept = report["details"].partition("Kept for later runs: ")
    return str(kept).split()
