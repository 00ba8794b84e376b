"""The Wapiti engine: a real scan, by Wapiti as a program of its own, whose findings become SecuProbe's."""

import asyncio
import ipaddress
import json
import os
import signal
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from secuprobe_action.local.engine import EngineError, LocalFinding, Outcome

MODULES = "cookieflags,csp,csrf,http_headers,permanentxss,redirect,sql,xss"
"""Named one by one: quick, and without those that ask a server of Wapiti's on the internet (ssrf, xxe, log4shell)."""

TIME_LIMIT_S = 240.0
ESTIMATE_S = 6.0
"""What a small site on the same machine takes."""

AT_ONCE = 2
"""Scans that run side by side; the rest are queued."""

_SEVERITIES = ("info", "low", "medium", "high", "critical")  # wapitiCore/definitions: levels 0 to 4
_WEIGHTS: Mapping[str, float] = {"critical": 0.75, "high": 0.85, "medium": 0.93, "low": 0.98, "info": 1.0}


def default_program() -> Path:
    """Return where `make setup` installs Wapiti."""
    return Path(__file__).parents[2] / ".venv-wapiti" / "bin" / "wapiti"


def score(findings: list[LocalFinding]) -> int:
    """Return a SecuScore: 100, times 0.75 for each critical finding, 0.85 for each high, 0.93 medium, 0.98 low one.

    The real formula isn't published. A product falls with every finding, the more the worse it is, and stays above 0, so
    that two bad sites can still be told apart.
    """
    result = 100.0
    for finding in findings:
        result *= _WEIGHTS.get(finding.severity or "", 1.0)
    return round(result)


@dataclass
class WapitiEngine:
    """Scans with Wapiti.

    Args:
        program: the wapiti command.
        allow_public: whether hosts beyond loopback and private networks may be scanned.
        time_limit_s: when a scan is ended, in seconds; what was found by then is its result, or it is failed.
    """

    program: Path
    allow_public: bool = False
    time_limit_s: float = TIME_LIMIT_S
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def refusal(self, url: str) -> str | None:
        if self.allow_public or _is_private(urlsplit(url).hostname or ""):
            return None
        return (
            "This embedded SecuProbe scans only loopback and private addresses; "
            "start it with --allow-public for others that you may scan"
        )

    def estimate_s(self, url: str) -> float:
        return ESTIMATE_S

    async def wait_in_queue(self, url: str) -> None:
        await self._places.acquire()

    async def scan(self, url: str) -> Outcome:
        try:
            with tempfile.TemporaryDirectory(prefix="secuprobe-wapiti-") as folder:
                findings = _findings(await self._run(url, Path(folder)))
        finally:
            self._places.release()
        return Outcome(findings, score(findings))

    async def _run(self, url: str, folder: Path) -> Any:
        process = await asyncio.create_subprocess_exec(
            str(self.program),
            *("--url", url, "--module", MODULES, "--format", "json", "--output", str(folder / "report.json")),
            *("--store-session", str(folder / "session"), "--store-config", str(folder / "config"), "--flush-session"),
            *(
                "--max-scan-time",
                f"{self.time_limit_s * 0.8:.0f}",
                "--endpoint",
                "http://127.0.0.1:9/",
                "--no-bugreport",
                "-v",
                "0",
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a group of its own, to be ended with all that it started
        )
        try:
            await asyncio.wait_for(process.wait(), self.time_limit_s)
            return json.loads((folder / "report.json").read_text(encoding="utf-8"))
        except (TimeoutError, OSError, ValueError) as error:
            raise EngineError(
                f"Wapiti ended without a report ({type(error).__name__}, exit code {process.returncode})"
            ) from error
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


def _is_private(host: str) -> bool:
    """Whether every address of the host is loopback or private."""
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_private for address in addresses)


def _findings(report: Any) -> list[LocalFinding]:
    """Return what Wapiti reported, once each."""
    found = {}
    for category, entries in report["vulnerabilities"].items():
        classification = report["classifications"].get(category, {})
        for entry in entries:
            key = (category, entry["info"], entry["method"], entry["path"], entry["parameter"])
            found[key] = _finding(category, classification, entry)
    return list(found.values())


def _finding(category: str, classification: Mapping[str, Any], entry: Mapping[str, Any]) -> LocalFinding:
    where = f"{entry['method']} {entry['path']}" + (f", parameter {entry['parameter']}" if entry["parameter"] else "")
    references = "\n".join(f"- {name}: {link}" for name, link in classification.get("ref", {}).items())
    return LocalFinding(
        title=entry["info"],
        severity=_SEVERITIES[entry["level"]],
        category=category,
        description=f"{classification.get('desc', '')}\n\nFound at: {where}".strip(),
        remediationGuide=f"{classification.get('sol', '')}\n\nReferences:\n{references}".strip(),
    )
