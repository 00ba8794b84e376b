"""The Wapiti engine: a real scan, by Wapiti as a program of its own, whose findings become SecuProbe's."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from secuprobe_action.local.depth import DEPTHS, Depth
from secuprobe_action.local.engine import EngineError, LocalFinding, Outcome
from secuprobe_action.local.guard import Guard, Resolve, resolve
from secuprobe_action.local.reach import Reach

ROOT = Path(__file__).parents[2]

INSTALL_WAPITI = "In a checkout, `make setup` installs it; elsewhere `pipx install wapiti3` or `uv tool install wapiti3` does."

AT_ONCE = 2
"""Scans that run side by side; the rest are queued."""

TIME_USED_UP = (
    "The scan's time was used up before all was looked at: this is what had been found by then. "
    "--time-limit or a deeper SECUPROBE_SCAN gives it more."
)

_SEVERITIES = ("info", "low", "medium", "high", "critical")  # wapitiCore/definitions: levels 0 to 4
_WEIGHTS: Mapping[str, float] = {"critical": 0.75, "high": 0.85, "medium": 0.93, "low": 0.98, "info": 1.0}


def default_program(environment: Mapping[str, str] | None = None) -> Path:
    """Return the wapiti command: what SECUPROBE_WAPITI names, where `make setup` installs it, or what is on the PATH."""
    given = (environment or {}).get("SECUPROBE_WAPITI")
    if given:
        return Path(given)
    of_checkout = ROOT / ".venv-wapiti" / ("Scripts/wapiti.exe" if sys.platform == "win32" else "bin/wapiti")
    installed = None if of_checkout.exists() else shutil.which("wapiti")
    return Path(installed) if installed else of_checkout


def score(findings: list[LocalFinding]) -> int:
    """Return a SecuScore: 100, times 0.75 for each critical finding, 0.85 for each high, 0.93 medium, 0.98 low one.

    The real formula isn't published. A product falls with every finding, the more the worse it is, and stays above 0, so
    that two bad sites can still be told apart.
    """
    result = 100.0
    for finding in findings:
        result *= _WEIGHTS.get(finding.severity or "", 1.0)
    return round(result)


@dataclass(frozen=True)
class Login:
    """What Wapiti is to be told beyond the URL.

    Args:
        headers: sent with every request, each `Name: value`: a cookie or a token for what lies behind a login.
        swagger: the path or URL of an OpenAPI file, whose operations are scanned, too; or empty.
    """

    headers: tuple[str, ...] = ()
    swagger: str = ""


@dataclass
class WapitiEngine:
    """Scans with Wapiti.

    Args:
        program: the wapiti command.
        reach: what may be scanned.
        level: how thoroughly.
        login: what else Wapiti is told.
        work: where a scan's own files lie while it runs; None: where the system keeps temporary files.
        look_up: returns the addresses of a name.
        own: the address and port of the server that scans with it, which is never reached; None: not known.
    """

    program: Path
    reach: Reach = field(default_factory=Reach)
    level: Depth = DEPTHS["quick"]
    login: Login = field(default_factory=Login)
    work: Path | None = None
    look_up: Resolve = resolve
    own: tuple[str, int] | None = None
    learns: bool = True
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @property
    def depth(self) -> str:
        return self.level.name

    def refusal(self, url: str) -> str | None:
        host = urlsplit(url).hostname or ""
        return self.reach.refusal(host, asyncio.run(self.look_up(host)))

    def estimate_s(self, url: str) -> float:
        return self.level.estimate_s

    async def wait_in_queue(self, url: str) -> None:
        await self._places.acquire()

    async def scan(self, url: str) -> Outcome:
        try:
            with tempfile.TemporaryDirectory(prefix="secuprobe-wapiti-", dir=self.work) as folder:
                findings = _findings(await self._guarded(url, Path(folder)))
                note = TIME_USED_UP if _used_up(Path(folder) / "log") else ""
        finally:
            self._places.release()
        return Outcome(findings, score(findings), note=note)

    async def _guarded(self, url: str, folder: Path) -> Any:
        """Run Wapiti with no way out but the guard's; what that refused is why there is no report, where there is none."""
        async with Guard(self.reach, self.look_up, self.own) as guard:
            try:
                report = await self._run(url, folder, guard.url)
                _require_a_page(url, report["infos"]["crawled_pages"])
            except EngineError as error:
                if guard.refused:
                    raise EngineError(guard.refused[-1]) from error
                raise
            except (KeyError, TypeError, ValueError) as error:
                raise EngineError("Wapiti's report isn't of the form that is known") from error
            return report

    async def _run(self, url: str, folder: Path, proxy: str) -> Any:
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                str(self.program),
                *arguments(url, folder, proxy, self.level, self.login),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(folder),
                start_new_session=True,  # a group of its own, to be ended with all that it started
            )
        try:
            await asyncio.wait_for(process.wait(), self.level.time_limit_s)
            return json.loads((folder / "report.json").read_text(encoding="utf-8"))
        except (TimeoutError, OSError, ValueError) as error:
            how = "was not finished in time" if isinstance(error, TimeoutError) else f"ended with exit code {process.returncode}"
            said = _last_words(folder / "log", self.login)
            raise EngineError(f"Wapiti {how}, without a report{said}") from error
        finally:
            if process.returncode is None:
                _end(process)
                await process.wait()


def _require_a_page(url: str, crawled: list[Mapping[str, Any]]) -> None:
    """See that a page of the site itself was read: Wapiti reports on error pages and redirects alone, too, as on a good site.

    Raises:
        EngineError: there was none.
    """
    requests = [page["request"] for page in crawled]
    statuses = {each["status_code"] for each in requests if origin(each["url"]) == origin(url)} - {None}
    if any(200 <= status < 300 for status in statuses):
        return
    said = ", ".join(str(status) for status in sorted(statuses))
    why = f": it answered only with status {said}" if said else ""
    if any(300 <= status < 400 for status in statuses):
        why += ". A redirect to another address isn't followed: name the address that it leads to"
    raise EngineError(f"No page could be read at {_shown(url)}, so nothing was scanned{why}")


def origin(url: str) -> tuple[str, str, int | None]:
    """Return a URL's scheme, host and port.

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _shown(url: str) -> str:
    """Return a URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _used_up(log: Path) -> bool:
    """Whether time cut short the search for pages or a module, by Wapiti's own words."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return any(re.match(r"Max (scan|attack) time was reached", line) for line in lines)


def _last_words(log: Path, login: Login) -> str:
    """Return what Wapiti said last, to be appended to what happened; without what a login is, and without colours."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode("utf-8", "replace").splitlines()
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    for header in login.headers:
        said = said.replace(header.partition(":")[2].strip() or header, "***")
    said = re.sub(r"\?\S+", "?***", said)  # a query may hold a secret of the site's
    shown = "".join(character for character in re.sub("\x1b\\[[0-9;]*m", "", said) if character.isprintable())[:300]
    return f": {shown}" if shown else ""


def arguments(url: str, folder: Path, proxy: str, depth: Depth, login: Login) -> list[str]:
    """Return Wapiti's arguments. What comes from outside is part of an argument that begins with ours, so never an option.

    Args:
        url: what to scan.
        folder: where Wapiti may write.
        proxy: the URL of the one way out.
        depth: how thoroughly to scan.
        login: what else Wapiti is told.
    """
    return [
        f"--url={url}",
        f"--module={','.join(depth.modules)}",
        *("--format=json", f"--output={folder / 'report.json'}"),
        *(f"--store-session={folder / 'session'}", f"--store-config={folder / 'config'}", "--flush-session"),
        # The first bounds only the search for pages; attacks are bounded a module.
        *(f"--max-scan-time={depth.crawl_s:.2f}", f"--max-attack-time={depth.attack_s:.2f}"),
        f"--max-files-per-dir={depth.pages_per_folder}",
        *(f"--max-links-per-page={depth.links_per_page}", f"--depth={depth.levels}"),
        # Else it would ask for servers of its own on the internet: it makes all modules, those too that aren't used.
        *(f"--proxy={proxy}", "--endpoint=http://127.0.0.1:9/", "--dns-endpoint=127.0.0.1", "--no-bugreport"),
        *("--verbose=1", "--detailed-report=1"),  # what time cut short, and what each page answered
        *(f"--header={header}" for header in login.headers),
        *((f"--swagger={login.swagger}",) if login.swagger else ()),
    ]


def _environment(folder: Path) -> dict[str, str]:
    """Return Wapiti's environment: nothing of ours, so no key, and no home but its own folder."""
    kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(folder), "TMPDIR": str(folder)}


def _end(process: asyncio.subprocess.Process) -> None:
    """End a process with all that it started; where there are no groups of processes, itself."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


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
