"""A forge and a SecuProbe within this process: the real program, its decisions and all, in simulated time."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from secuprobe_action.app import Run
from secuprobe_action.errors import ExitCode
from secuprobe_action.signals import Signals
from tests.git_history import History
from tests.memory.stores import Store, StoreOfChecks
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
        platform = self.store.platform(commit, self.runs, attempt)
        platform.workspace = self.folder
        run = Run(platform, self.clock, Signals(), lambda wanted: http)
        self.clock.sleep(1)
        return run.main(environment, {})

    def _accept(self, rules: frozenset[str]) -> None:
        file = self.folder / ".secuprobe-ignore.yml"
        if rules:
            file.write_text("".join(f"- title: {title}\n  reason: known\n" for title in sorted(rules)), encoding="utf-8")
        else:
            file.unlink(missing_ok=True)
