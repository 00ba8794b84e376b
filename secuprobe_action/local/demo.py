"""`secuprobe demo`: the action as a runner would run it, against the embedded SecuProbe, which really scans."""

import argparse
import contextlib
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from secuprobe_action.errors import ExitCode
from secuprobe_action.local.accounts import Account, Limiter
from secuprobe_action.local.background import running
from secuprobe_action.local.demo_site import create_site
from secuprobe_action.local.depth import DEPTHS
from secuprobe_action.local.preview import page
from secuprobe_action.local.serve import application
from secuprobe_action.local.server import BASE_PATH, SecuProbe
from secuprobe_action.local.wapiti import INSTALL_WAPITI, WapitiEngine, default_program

PACKAGES = Path(__file__).parents[2]
"""Where this package lies, installed or in a checkout."""

ESTIMATE_S = DEPTHS["quick"].estimate_s

_ENDINGS: Mapping[int, str] = {
    ExitCode.PASSED: "the check would pass",
    ExitCode.GATE_FAILED: "the check would fail",
}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the demo; return 0 where it came to a verdict, whichever."""
    parser = argparse.ArgumentParser("secuprobe demo", description="Scan a deliberately insecure site, or your own.")
    parser.add_argument("--url", default="", help="a site on this machine or network to scan instead of the demo site")
    parser.add_argument("--fail-on-severity", default="high", help="default: %(default)s")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/demo"), help="where the step's files go (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    program = default_program(environment)
    if not program.exists():
        print(f"demo: Wapiti is not installed at {program}. {INSTALL_WAPITI}", file=sys.stderr)
        return ExitCode.INPUT_ERROR
    account = Account(f"sp_live_{secrets.token_urlsafe(24)}", Limiter(60, time.time))
    with contextlib.ExitStack() as stack:
        url = options.url or stack.enter_context(running(create_site()))
        api = stack.enter_context(running(application(SecuProbe(WapitiEngine(program), [account]))))
        inputs = {
            "INPUT_API_KEY": account.key,
            "INPUT_API_URL": api + BASE_PATH,
            "INPUT_URL": url,
            "INPUT_FAIL_ON_SEVERITY": options.fail_on_severity,
            "INPUT_TIMEOUT": "600",
        }
        return _run_step(inputs, environment, options.folder)


def _run_step(inputs: Mapping[str, str], environment: Mapping[str, str], folder: Path) -> int:
    """Run the action as a step: its inputs, its files, its log, its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    output, summary = folder / "output.txt", folder / "summary.md"
    for file in (output, summary):
        file.write_text("", encoding="utf-8")
    step = {
        **environment,
        **inputs,
        "PYTHONPATH": str(PACKAGES),
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output.absolute()),
        "GITHUB_STEP_SUMMARY": str(summary.absolute()),
    }
    console = Console(highlight=False)
    code = _watch([sys.executable, "-P", "-m", "secuprobe_action"], step, console)
    console.print(f"\nOutputs (GITHUB_OUTPUT, {os.path.relpath(output)}):", markup=False)
    for name, value in read_outputs(output.read_text(encoding="utf-8")).items():
        console.print(f"  {name} = {value}", markup=False, soft_wrap=True)
    rendered = summary.with_suffix(".html")
    rendered.write_text(page(summary.read_text(encoding="utf-8"), "Job summary"), encoding="utf-8")
    console.print(f"Job summary: {os.path.relpath(summary)}, rendered: {os.path.relpath(rendered)}", markup=False)
    console.print(f"Exit code {code}: {_ENDINGS.get(code, 'there is no verdict')}", markup=False)
    return 0 if code in _ENDINGS else code


def _watch(command: Sequence[str], environment: Mapping[str, str], console: Console) -> int:
    """Run the step and show its log as it comes, above a progress bar where there is a terminal."""
    columns = TextColumn("scanning"), BarColumn(), TimeElapsedColumn()
    with (
        subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE, text=True, encoding="utf-8") as process,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("scan", total=ESTIMATE_S)
        log = threading.Thread(target=_show, args=(process.stdout, console))
        log.start()
        while log.is_alive():
            progress.update(task, completed=min(progress.tasks[task].elapsed or 0, ESTIMATE_S * 0.97))
            log.join(0.1)
    return process.returncode


def _show(log: IO[str], console: Console) -> None:
    """Show log lines as the runner would: its commands are obeyed, not shown, and so never the mask line with the key."""
    for line in log:
        if not line.startswith("::add-mask::"):
            console.print(line.rstrip("\n"), markup=False, soft_wrap=True)


def read_outputs(text: str) -> dict[str, str]:
    """Read a GITHUB_OUTPUT file by the runner's rules: `name=value`, or `name<<delimiter`, lines, `delimiter`.

    Raises:
        ValueError: a line is neither, or a delimiter is missing (actions/runner, FileCommandManager.cs).
    """
    outputs: dict[str, str] = {}
    lines = iter(text.removesuffix("\n").split("\n"))  # on Linux the runner knows no other line end
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            outputs[line[:equals]] = line[equals + 1 :]
        elif heredoc > 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            value = []
            for part in lines:
                if part == delimiter:
                    break
                value.append(part)
            else:
                raise ValueError(f"the delimiter of {name} is missing")
            outputs[name] = "\n".join(value)
        else:
            raise ValueError(f"not an output: {line}")
    return outputs
