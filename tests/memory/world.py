"""A forge and a SecuProbe within this process: the real program, its decisions and all, in simulated time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from secuprobe_action import estate_command
from secuprobe_action.app import Run
from secuprobe_action.errors import ExitCode
from secuprobe_action.places.outputs import ESTATE_OUTPUTS, SCAN_OUTPUTS
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.shell import Shell
from secuprobe_action.signals import Signals
from tests.git_history import History
from tests.memory.stores import Place, Store, StoreOfChecks
from tests.support import SimulatedClock

SEVERITIES = {"tls": "high", "sql": "critical", "csp": "medium"}
"""What a site may have, and how bad it is."""


@dataclass
class Service:
    """SecuProbe: scans that find what their site has when they are launched; with `padding`, by long identifiers.

    Attributes:
        hangs: whether no scan comes to its end; `hanging` are the URLs whose scans don't.
    """

    scans: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    hangs: bool = False
    hanging: frozenset[str] = frozenset()
    score: float | None = 50
    padding: str = ""

    def answer(self, found: Callable[[str], frozenset[str]], request: httpx.Request) -> httpx.Response:
        *_, before, last = request.url.path.split("/")
        if request.method == "POST":
            scan_id = f"scan-{len(self.scans)}{self.padding}"
            url = json.loads(request.content)["url"]
            self.scans[scan_id] = (url, found(url))
            return httpx.Response(201, json={"scanId": scan_id, "status": "queued", "estimatedDuration": 20})
        if last == "vulnerabilities":
            listed = [{"title": title, "severity": SEVERITIES[title]} for title in sorted(self.scans[before][1])]
            return httpx.Response(200, json={"total": len(listed), "vulnerabilities": listed})
        url, _ = self.scans[last]
        status = "running" if self.hangs or url in self.hanging else "completed"
        return httpx.Response(200, json={"scanId": last, "status": status, "url": url, "secuScore": self.score})


@dataclass
class World:
    """A repository with a site or two, and runs of the action on them."""

    folder: Path
    store: Store = field(default_factory=lambda: StoreOfChecks(History()))
    service: Service = field(default_factory=Service)
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    key: str = "sp_live_first"
    runs: int = 0

    @property
    def history(self) -> History:
        return self.store.history

    def scan(
        self, commit: str, url: str, found: frozenset[str], rules: frozenset[str] = frozenset(), attempt: int = 1, **more: str
    ) -> ExitCode:
        """Run the action at a commit; a second attempt is of the same workflow run as the last. `more` are other inputs."""
        self.runs += attempt == 1
        self._accept(rules)
        shell = Shell(self._platform(commit, attempt), self.clock, Signals(), SCAN_OUTPUTS)
        run = Run(shell, lambda wanted: self._http(lambda url: found))
        return run.main({**self._environment(), "SECUPROBE_URL": url, **more}, {})

    def estate(
        self, commit: str, found: Mapping[str, frozenset[str]], rules: frozenset[str] = frozenset(), attempt: int = 1
    ) -> tuple[ExitCode, Mapping[str, str]]:
        """Run the action over many sites, likewise; return its exit code and each site's result."""
        self.runs += attempt == 1
        self._accept(rules)
        platform = self._platform(commit, attempt)
        assert isinstance(platform, Place)
        shell = Shell(platform, self.clock, Signals(), ESTATE_OUTPUTS)
        run = estate_command.Run(shell, lambda wanted: self._http(found.__getitem__))
        code = run.main({**self._environment(), "SECUPROBE_URLS": "\n".join(found), "SECUPROBE_REPORTS": "none"}, {})
        return code, {site["site"]: site["result"] for site in json.loads(platform.outputs["sites"])}

    def _environment(self) -> dict[str, str]:
        return {
            "SECUPROBE_API_KEY": self.key,
            "SECUPROBE_FAIL_ON": "new",
            "SECUPROBE_FAIL_ON_SEVERITY": "high",
            "SECUPROBE_BASELINE": "auto",
            "SECUPROBE_CHECK_RUN": "true",
            "SECUPROBE_TIMEOUT": "60",
        }

    def _http(self, found: Callable[[str], frozenset[str]]) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(lambda request: self.service.answer(found, request)))

    def _platform(self, commit: str, attempt: int) -> Terminal:
        platform = self.store.platform(commit, self.runs, attempt)
        platform.workspace = self.folder
        self.clock.sleep(1)
        return platform

    def _accept(self, rules: frozenset[str]) -> None:
        file = self.folder / ".secuprobe-ignore.yml"
        if rules:
            file.write_text("".join(f"- title: {title}\n  reason: known\n" for title in sorted(rules)), encoding="utf-8")
        else:
            file.unlink(missing_ok=True)
