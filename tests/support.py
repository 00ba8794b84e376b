"""What tests share: the action as a step, and the embedded SecuProbe behind it."""

import asyncio
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpcore
import httpx

from secuprobe_action.clock import Task
from secuprobe_action.findings.model import Finding, ScanReport, Severity
from secuprobe_action.local.accounts import SCOPES, Account, Limiter
from secuprobe_action.local.background import running
from secuprobe_action.local.demo.runner import read_outputs
from secuprobe_action.local.engine import LocalFinding, Outcome
from secuprobe_action.local.scripted import Scenario, ScriptedEngine
from secuprobe_action.local.serve import application
from secuprobe_action.local.server import BASE_PATH, SecuProbe

Result = TypeVar("Result")
ROOT = Path(__file__).parents[1]
KEY = "sp_live_0123456789abcdefTESTONLY"
URL = "https://shop.example"

FINDINGS: list[dict[str, Any]] = [
    {"title": "Old TLS", "severity": "low", "category": "Transport", "description": "TLS 1.0", "remediationGuide": "Turn it off"},
    {
        "title": "SQL injection",
        "severity": "critical",
        "category": "Injection",
        "description": "In id",
        "remediationGuide": "Bind",
    },
    {
        "title": "No CSP",
        "severity": "high",
        "category": "Security Headers",
        "description": "None",
        "remediationGuide": "1. Add\n2. Test",
    },
    {"title": "Banner", "severity": "info", "category": "Disclosure", "description": "nginx", "remediationGuide": "Hide it"},
    {"title": "No SRI", "severity": "medium", "category": "Integrity", "description": "cdn", "remediationGuide": "Add hashes"},
]


def findings(*severities: str) -> list[dict[str, Any]]:
    """Return a finding of each severity named."""
    return [{**FINDINGS[0], "title": f"Finding {n}", "severity": severity} for n, severity in enumerate(severities)]


class ByHost(ScriptedEngine):
    """Scans each host in its own way.

    Args:
        found: the findings by host; none elsewhere.
        refused: a URL that the service refuses to scan, or None.
        scenario: how long scans take, and what goes wrong; where it changes, so it does for those that run.
    """

    def __init__(
        self, found: Mapping[str, Sequence[Mapping[str, Any]]], refused: str | None = None, scenario: Scenario | None = None
    ) -> None:
        super().__init__(scenario or Scenario())
        self.found, self.refused = found, refused

    def refusal(self, url: str) -> str | None:
        return "Your plan does not include API scans of this site" if url == self.refused else None

    async def scan(self, url: str) -> Outcome:
        began = time.monotonic()
        while time.monotonic() - began < self.scenario.duration_s:
            await asyncio.sleep(0.05)
        listed = self.found.get(url.removeprefix("https://"), [])
        return Outcome([LocalFinding.model_validate(each) for each in listed], 95 - 10 * len(listed))


@dataclass
class Api:
    """A running embedded SecuProbe."""

    url: str
    service: SecuProbe

    @property
    def launches(self) -> int:
        return self.service.launches()

    def requests_for(self, suffix: str) -> int:
        return sum(request.endswith(suffix) for request in self.service.requests)

    def play(self, *found: Mapping[str, Any], **fields: Any) -> None:
        """Change what the scans from now on will find, and other fields of their scenario."""
        assert isinstance(self.service.engine, ScriptedEngine)
        listed = [LocalFinding.model_validate(each) for each in found]
        self.service.engine.scenario = self.service.engine.scenario.model_copy(update={"findings": listed, **fields})


@contextmanager
def secuprobe(
    scenario: Mapping[str, Any] | None = None,
    *,
    limit: int = 1000,
    scopes: frozenset[str] = SCOPES,
    domains: Mapping[str, bool] | None = None,
    window_s: float = 60.0,
) -> Iterator[Api]:
    """Run the embedded SecuProbe with the scripted engine."""
    played = Scenario.model_validate(scenario or {})
    account = Account(KEY, Limiter(limit, time.time, window_s=window_s), scopes, dict(domains or {}))
    service = SecuProbe(ScriptedEngine(played), [account], played.shape)
    with running(application(service)) as url:
        yield Api(url + BASE_PATH, service)


@dataclass
class Step:
    """What a step left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str

    @property
    def shown(self) -> str:
        """The log as the runner shows it: commands that register masks are not shown."""
        return "\n".join(line for line in self.log.splitlines() if not line.startswith("::add-mask::"))

    def annotations(self, level: str) -> list[str]:
        """The annotations of a level, title and message unescaped."""
        found = re.findall(rf"^::{level} title=(.*?)::(.*)$", self.log, re.MULTILINE)
        return [_unescape(f"{title}: {message}") for title, message in found]


def _unescape(text: str) -> str:
    for escaped, plain in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


@dataclass
class Runner:
    """Runs the action as GitHub runs a step, as a process of this machine."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def prepare(self, **inputs: str) -> dict[str, str]:
        """Make the step's files and return its environment."""
        output, summary = self.folder / "output", self.folder / "summary"
        for file in (output, summary):
            file.write_text("", encoding="utf-8")
        return {
            **inherited_environment(),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
            **self.environment,
        }

    def start(self, *arguments: str, **inputs: str) -> "subprocess.Popen[str]":
        """Start the step."""
        command = [sys.executable, str(ROOT / "entrypoint.py"), *arguments]
        environment = self.prepare(**inputs)
        return subprocess.Popen(
            command,
            env=environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def finish(self, process: "subprocess.Popen[str]", seconds: float = 60.0) -> Step:
        """Wait for the step's end."""
        log, _ = process.communicate(timeout=seconds)
        return Step(process.returncode, log, self.outputs(), (self.folder / "summary").read_text(encoding="utf-8"))

    def outputs(self) -> dict[str, str]:
        return read_outputs((self.folder / "output").read_text(encoding="utf-8"))

    def run(self, api: Api | None = None, *arguments: str, **inputs: str) -> Step:
        """Run the step to its end; with `api`, its key and address and a URL are given where not named."""
        if api is not None:
            inputs = {"api_key": KEY, "url": URL, "api_url": api.url, **inputs}
        return self.finish(self.start(*arguments, **inputs))


def inherited_environment() -> dict[str, str]:
    """What a process of ours needs of this one's environment: nothing that a CI system or a user put there."""
    wanted = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
    return {name: os.environ[name] for name in wanted if name in os.environ}


@dataclass
class SimulatedClock:
    """Time that passes only where the program waits."""

    now: float = 0.0
    epoch: float = 1_790_000_000.0
    waits: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.epoch + self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.waits.append(seconds)
        self.now += seconds

    def start(self, work: Callable[[], Result]) -> Task[Result]:
        task: Task[Result] = Task()
        task.run(work)
        return task

    def wait(self, task: Task[Result], seconds: float) -> bool:
        if not task.finished.is_set():  # work that was begun here has been done; this is a bell that nobody rings meanwhile
            self.now += seconds
        return task.finished.is_set()


def tell_the_way(request: httpx.Request, *, sent: bool) -> None:
    """Tell the client what a real connection would: how far the request came."""
    trace = request.extensions["trace"]
    trace("connection.connect_tcp.started", {})
    if sent:
        trace("http11.send_request_headers.started", {"request": httpcore.Request(request.method, str(request.url))})


@dataclass
class RecordedLog:
    """A log that remembers."""

    lines: list[str] = field(default_factory=list)
    debug_lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def info(self, line: str) -> None:
        self.lines.append(line)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def debug(self, line: str) -> None:
        self.debug_lines.append(line)


def finding(severity: Severity = Severity.HIGH, **fields: Any) -> Finding:
    """Return a finding, complete where not said otherwise."""
    defaults = {"title": "No CSP", "category": "Headers", "description": "None found", "remediation": "Add one"}
    return Finding(severity=severity, **{"severity_text": severity.label, **defaults, **fields})


def report(*listed: Finding, **fields: Any) -> ScanReport:
    """Return a completed scan's report, with the list's own counts where not said otherwise."""
    counts: dict[Severity, int] = {severity: 0 for severity in Severity if severity is not Severity.UNKNOWN}
    for item in listed:
        counts[item.severity] = counts.get(item.severity, 0) + 1
    defaults: dict[str, Any] = {
        "scan_id": "scan-1",
        "url": URL,
        "site": URL,
        "score": 78,
        "counts": counts,
        "findings": tuple(sorted(listed, key=lambda item: item.severity, reverse=True)),
        "list_problem": None,
        "list_refused": False,
        "total": len(listed),
        "report_url": "https://secuprobe.io/scan/scan-1",
        "duration_s": 61.0,
    }
    return ScanReport(**{**defaults, **fields})


def program_on_path(folder: Path) -> Path:
    """Make what the image brings, the program by its name, and return the folder to put on the PATH."""
    folder.mkdir()
    program = folder / "secuprobe-scan"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "entrypoint.py"} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return folder


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return once `condition` holds.

    Raises:
        AssertionError: it didn't within `seconds`.
    """
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not happen in time"
        time.sleep(0.02)


def event_file(folder: Path, event: Any) -> str:
    """Write a GitHub event and return its path."""
    path = folder / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    return str(path)


def command_output(command: Sequence[str], **options: Any) -> str:
    """Run a command that must succeed and return what it printed."""
    return str(subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout)


def builder() -> str:
    """Return DOCKER_BUILDKIT as this machine's client can do with it: the newer builder needs buildx."""
    has_buildx = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode == 0
    return "1" if has_buildx else "0"


def copy_of_this(folder: Path) -> Path:
    """Copy what git knows of this repository."""
    for name in command_output(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT).splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def build_image(tag: str, checkout: Path, *options: str) -> None:
    """Build the image of a checkout, on the base image that this machine has."""
    base = os.environ.get("SECUPROBE_TEST_BASE_IMAGE")
    arguments = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
    environment = {**os.environ, "DOCKER_BUILDKIT": builder()}
    command = ["docker", "build", "--network", "host", *arguments, *options, "-t", tag, "."]
    with (Path(tempfile.gettempdir()) / "secuprobe-build.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time, so that the second finds what the first has made
        command_output(command, cwd=checkout, env=environment)
