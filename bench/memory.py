"""What an estate holds in memory: the real command, its reports on a disk, in simulated time, each size in a fresh process."""

import io
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from bench.fleet import Server
from bench.simulation import ConcurrentClock, Simulation
from secuprobe_action.errors import ExitCode
from secuprobe_action.estate_command import Run
from secuprobe_action.places.outputs import ESTATE_OUTPUTS
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.shell import Shell
from secuprobe_action.signals import Signals

LIMIT = 200
FINDINGS = 30
GOALS_MB = {1_000: 120, 5_000: 200}
"""Peak by sites."""

TEXT = "The response lacks a header that keeps browsers from being talked into it, as described in the guide. " * 4


class WithFindings(Server):
    """The API as a fleet meets it, where each site has some findings."""

    def _answer(self, request: httpx.Request) -> tuple[int, dict[str, Any]]:
        if not request.url.path.endswith("/vulnerabilities"):
            return super()._answer(request)
        listed = [
            {"title": f"Finding {n}", "severity": "medium", "category": "Headers", "description": TEXT, "remediationGuide": TEXT}
            for n in range(FINDINGS)
        ]
        return 200, {"total": len(listed), "vulnerabilities": listed}


def run(sites: int, folder: Path) -> ExitCode:
    """Run an estate of so many sites, and return its exit code.

    Args:
        sites: how many.
        folder: the workspace.
    """
    simulation = Simulation()
    server = WithFindings(simulation, LIMIT, random.Random(1))
    platform = Terminal({}, io.StringIO())
    platform.workspace = folder
    codes: list[ExitCode] = []
    environment = {
        "SECUPROBE_API_KEY": "sp_live_bench",
        "SECUPROBE_URLS": "\n".join(f"https://site-{n}.shop.example" for n in range(sites)),
        "SECUPROBE_FAIL_ON_SEVERITY": "high",
        "SECUPROBE_TIMEOUT": "6h",
    }
    shell = Shell(platform, ConcurrentClock(simulation), Signals(), ESTATE_OUTPUTS)
    estate = Run(shell, lambda wanted: httpx.Client(transport=server))
    simulation.add(lambda: codes.append(estate.main(environment, {})), 0.0)
    simulation.run()
    return codes[0]


def peak_mb(sites: int) -> float:
    """Return the most that a process which runs an estate had in memory, with the model of the API, in megabytes."""
    said = subprocess.run([sys.executable, "-m", "bench.memory", str(sites)], check=True, capture_output=True, text=True).stdout
    return float(said)


def _measure(sites: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        code = run(sites, Path(folder))
        written = sum(1 for _ in Path(folder, "secuprobe").glob("*.html"))
    if code is not ExitCode.PASSED or written != sites + 1:
        raise SystemExit(f"exit code {code}, {written:,} pages")
    # Unlike getrusage's, this mark begins anew with each program.
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(peak[1]) * 1024 / 1e6 if peak else float("nan")


def main() -> None:
    """Print the peak by number of sites, or that of this process for one that is named."""
    if sys.argv[1:]:
        print(_measure(int(sys.argv[1])))
        return
    print("| sites | peak memory | goal |\n| ---: | ---: | ---: |")
    for sites in (1, 100, 300, *GOALS_MB):
        goal = f"{GOALS_MB[sites]} MB" if sites in GOALS_MB else ""
        print(f"| {sites:,} | {peak_mb(sites):.0f} MB | {goal} |")


if __name__ == "__main__":
    main()
