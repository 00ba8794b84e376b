"""`secuprobe demo`: the action as a runner would run it, against the embedded SecuProbe, which really scans."""

import argparse
import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from secuprobe_action.errors import ExitCode
from secuprobe_action.local.accounts import Account, Limiter
from secuprobe_action.local.background import LOOPBACK, running
from secuprobe_action.local.database import StoreError
from secuprobe_action.local.demo import showcase, step
from secuprobe_action.local.demo.forge import Forge, create_forge
from secuprobe_action.local.demo.site import create_site
from secuprobe_action.local.depth import DEPTHS
from secuprobe_action.local.serve import PORT, application
from secuprobe_action.local.server import BASE_PATH, SecuProbe
from secuprobe_action.local.store import Store
from secuprobe_action.local.wapiti import INSTALL_WAPITI, WapitiEngine, default_program
from secuprobe_action.reports import FORMATS

SHOP = "The Teapot Shop"
"""What the demo site is, whatever port it is on: so that runs can be compared."""

REPORTS: Mapping[str, str] = {"html": "report.html", "sarif": "report.sarif", "json": "report.json", "badge": "badge.json"}

_ENDINGS: Mapping[int, str] = {
    ExitCode.PASSED: "the check would pass",
    ExitCode.GATE_FAILED: "the check would fail",
}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the demo; return 0 where it came to a verdict, whichever."""
    options = _options(arguments)
    program = default_program(environment)
    if not program.exists():
        print(f"demo: Wapiti is not installed at {program}. {INSTALL_WAPITI}", file=sys.stderr)
        return ExitCode.INPUT_ERROR
    try:
        store = Store.in_folder(options.folder / "data")
    except StoreError as error:
        print(f"demo: {error}", file=sys.stderr)
        return ExitCode.INPUT_ERROR
    with contextlib.closing(store):
        return _Demo(options, environment, program, store).run()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("secuprobe demo", description="Scan a deliberately insecure site, or your own.")
    parser.add_argument("--url", default="", help="a site on this machine or network to scan instead of the demo site")
    parser.add_argument("--fix", action="store_true", help="mend the demo site's SQL injection first")
    parser.add_argument("--fail-on-severity", default="high", help="default: %(default)s")
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="where its files go (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.fix and options.url:
        parser.error("--fix mends the demo site, so it can't go with --url")
    return options


@dataclass(frozen=True)
class _Demo:
    """A run of the demo.

    Args:
        options: of the command line.
        environment: the process's.
        program: the wapiti command.
        store: where scans are kept.
    """

    options: argparse.Namespace
    environment: Mapping[str, str]
    program: Path
    store: Store

    def run(self) -> int:
        """Scan, show what came of it, and return the exit code."""
        console, folder = Console(highlight=False), self.options.folder
        for file in REPORTS.values():
            (folder / file).unlink(missing_ok=True)
        left, forge = self._scan(console)
        for name, value in left.outputs.items():
            console.print(f"  output {name} = {value}", markup=False, soft_wrap=True, style="dim")
        self._remember(left)
        files = {name: folder / file for name, file in REPORTS.items() if (folder / file).exists()}
        facts = self._facts()
        index = showcase.write(folder, left, forge, files, facts)
        ending = _ENDINGS.get(left.code, "there is no verdict")
        console.print(f"\nExit code {left.code}: {ending}.", markup=False)
        if problem := self._problem(left):
            console.print(problem, markup=False, soft_wrap=True)
        console.print(f"What your team would see: {index.absolute().as_uri()}", markup=False, soft_wrap=True)
        for fact in facts:
            console.print(fact, markup=False, soft_wrap=True)
        return 0 if left.code in _ENDINGS else left.code

    def _scan(self, console: Console) -> tuple[step.Left, Forge]:
        account = Account(f"sp_live_{secrets.token_urlsafe(24)}", Limiter(60, time.time), name="local")
        service, forge = SecuProbe(WapitiEngine(self.program), [account], scans=self.store), Forge()
        with contextlib.ExitStack() as stack:
            url = self.options.url or stack.enter_context(running(create_site(mended=self.options.fix)))
            api = stack.enter_context(running(application(service), PORT))
            github = stack.enter_context(running(create_forge(forge)))
            given = {**self._inputs(url, api + BASE_PATH, account.key), **self._runner(forge, github)}
            left = step.run({**self._machine(), **given}, self.options.folder, console, DEPTHS["quick"].estimate_s)
        return left, forge

    def _problem(self, left: step.Left) -> str:
        """Return what the embedded SecuProbe knows of the scan beyond its result, such as why it failed; or empty."""
        scan = self.store.get(left.outputs.get("scan_id", ""))
        said = "".join(each for each in scan.problem if each.isprintable()) if scan else ""
        return f"The embedded SecuProbe says: {said}" if said else ""

    def _machine(self) -> Mapping[str, str]:
        """Return the environment without what would change the step: inputs, and what a runner sets."""
        ours = ("INPUT_", "SECUPROBE_", "GITHUB_")
        kept = {name: value for name, value in self.environment.items() if not name.startswith(ours)}
        exempt = kept.get("no_proxy") or kept.get("NO_PROXY", "")
        direct = ",".join(filter(None, (exempt, LOOPBACK, "localhost")))  # all that the step asks is in this process
        return {**kept, "no_proxy": direct, "NO_PROXY": direct}

    def _inputs(self, url: str, api_url: str, key: str) -> Mapping[str, str]:
        return {
            "INPUT_API_KEY": key,
            "INPUT_API_URL": api_url,
            "INPUT_URL": url,
            "INPUT_SITE": "" if self.options.url else SHOP,
            "INPUT_FAIL_ON_SEVERITY": self.options.fail_on_severity,
            "INPUT_BASELINE": self._earlier() or "",
            "INPUT_REPORTS": ",".join(f"{name}={file}" for name, file in REPORTS.items() if name in FORMATS),
            "INPUT_CHECK_RUN": "true",
            "INPUT_PR_COMMENT": "always",
            "INPUT_GITHUB_TOKEN": "for-this-run-only",
        }

    def _runner(self, forge: Forge, url: str) -> Mapping[str, str]:
        """Return what the runner would set."""
        event = self.options.folder / "event.json"
        event.write_text(json.dumps(forge.event()), encoding="utf-8")
        paths = {"GITHUB_EVENT_PATH": str(event.absolute()), "GITHUB_WORKSPACE": str(self.options.folder.absolute())}
        return {"GITHUB_ACTIONS": "true", **paths, **forge.environment(url)}

    @property
    def _last(self) -> Path:
        return Path(self.options.folder / "last.json")

    def _earlier(self) -> str | None:
        """Return the last scan of the same site, or None; it has to be there still."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            scan_id = str(json.loads(self._last.read_bytes())[self.options.url])
            return scan_id if self.store[scan_id].status == "completed" else None
        return None

    def _remember(self, left: step.Left) -> None:
        """Have the next run of the same site be compared with this one."""
        if left.code not in _ENDINGS:
            return
        last: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            last = json.loads(self._last.read_bytes())
        self._last.write_text(json.dumps({**last, self.options.url: left.outputs["scan_id"]}), encoding="utf-8")

    def _facts(self) -> Sequence[str]:
        """Return what else there is to know, a sentence each."""
        data = os.path.relpath(self.options.folder / "data")
        in_checkout = (step.PACKAGES / "Makefile").exists()
        serve = f"make serve DATA={data}" if in_checkout else f"secuprobe serve --open --data {data}"
        facts = [f"Links to the report work while the embedded SecuProbe runs: {serve}"]
        if not self.options.url:
            fix = "make demo FIX=1" if in_checkout else "secuprobe demo --fix"
            facts.append(f"Run it again to compare with this run; with the SQL injection mended: {fix}")
        return facts
