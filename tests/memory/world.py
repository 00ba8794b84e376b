"""A forge and a SecuProbe within this process: the real program, its decisions and all, in simulated time."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from secuprobe_action.app import Run
from secuprobe_action.errors import ExitCode
from secuprobe_action.platforms.base import Check, Comment, Forge, ForgeError, Kept, Lineage, Subject
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.signals import Signals
from tests.git_history import History
from tests.support import SimulatedClock

SEVERITIES = {"tls": "high", "sql": "critical", "csp": "medium"}
"""What a site may have, and how bad it is."""


@dataclass
class Service:
    """SecuProbe: scans that find what their site has when they are launched; with `padding`, by long identifiers."""

    scans: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    hangs: bool = False
    score: float | None = 50
    padding: str = ""

    def answer(self, found: frozenset[str], request: httpx.Request) -> httpx.Response:
        *_, before, last = request.url.path.split("/")
        if request.method == "POST":
            scan_id = f"scan-{len(self.scans)}{self.padding}"
            self.scans[scan_id] = (json.loads(request.content)["url"], found)
            return httpx.Response(201, json={"scanId": scan_id, "status": "queued", "estimatedDuration": 20})
        if last == "vulnerabilities":
            listed = [{"title": title, "severity": SEVERITIES[title]} for title in sorted(self.scans[before][1])]
            return httpx.Response(200, json={"total": len(listed), "vulnerabilities": listed})
        url, _ = self.scans[last]
        status = "running" if self.hangs else "completed"
        return httpx.Response(200, json={"scanId": last, "status": status, "url": url, "secuScore": self.score})


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

    def kept(self, commit: str, name: str) -> Sequence[Kept]:
        self._ask()
        return [each.kept for each in self.checks if (each.commit, each.name) == (commit, name)]

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        self._ask()
        number = len(self.checks) if check_id is None else check_id
        before = None if check_id is None else self.checks[number].kept
        line = check.line or (before.line if before else "")
        completed_at = None if check.conclusion is None else float(check.at)
        started_at = before.started_at if before else float(check.at)
        stored = Stored(commit, check.name, Kept(number, line, completed_at, started_at, check.more))
        self.checks[number : number + 1] = [stored]
        return number

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Nobody reads it."""

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Nobody reads it."""

    def _ask(self) -> None:
        if self.down:
            raise ForgeError("it is down")


class Place(Terminal):
    """A terminal with a forge."""

    def __init__(self, forge: MemoryForge, folder: Path) -> None:
        super().__init__({}, io.StringIO())
        self._own = forge
        self.workspace = folder
        self.attempt = forge.attempt

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        return self._own


@dataclass
class World:
    """A repository with a site or two, and runs of the action on them."""

    folder: Path
    history: History = field(default_factory=History)
    service: Service = field(default_factory=Service)
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    key: str = "sp_live_first"
    runs: int = 0

    def __post_init__(self) -> None:
        self.forge = MemoryForge(self.history)

    def scan(
        self, commit: str, url: str, found: frozenset[str], rules: frozenset[str] = frozenset(), attempt: int = 1, **more: str
    ) -> ExitCode:
        """Run the action at a commit; a second attempt is of the same workflow run as the last. `more` are other inputs."""
        self.runs += attempt == 1
        self.forge.commit, self.forge.run, self.forge.attempt = commit, str(self.runs), attempt
        self._accept(rules)
        environment = {
            "SECUPROBE_API_KEY": self.key,
            "SECUPROBE_URL": url,
            "SECUPROBE_FAIL_ON": "new",
            "SECUPROBE_FAIL_ON_SEVERITY": "high",
            "SECUPROBE_BASELINE": "auto",
            "SECUPROBE_CHECK_RUN": "true",
            "SECUPROBE_TIMEOUT": "60",
            **more,
        }
        http = httpx.Client(transport=httpx.MockTransport(lambda request: self.service.answer(found, request)))
        run = Run(Place(self.forge, self.folder), self.clock, Signals(), lambda wanted: http)
        self.clock.sleep(1)
        return run.main(environment, {})

    def _accept(self, rules: frozenset[str]) -> None:
        file = self.folder / ".secuprobe-ignore.yml"
        if rules:
            file.write_text("".join(f"- title: {title}\n  reason: known\n" for title in sorted(rules)), encoding="utf-8")
        else:
            file.unlink(missing_ok=True)
