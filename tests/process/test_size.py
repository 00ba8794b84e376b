"""20,000 findings with 2,000 characters each, from the list's arrival to the exit."""

import json
import sys
from pathlib import Path

import pytest

from tests.process.canned import serving
from tests.support import KEY, ROOT, URL, Runner, command_output

TEXT = ("Lorem | ipsum <b>dolor</b> @sit " * 32)[:1000]
COUNTS = {"critical": 0, "high": 0, "medium": 0, "low": 20_000, "info": 0}


def vulnerabilities() -> bytes:
    listed = [
        {"title": f"Finding {n}", "severity": "low", "category": "Size", "description": TEXT, "remediationGuide": TEXT}
        for n in range(20_000)
    ]
    return json.dumps({"total": len(listed), "vulnerabilities": listed}).encode()


# In a small process of its own: a child's peak begins with what its parent had in memory (execve keeps the mark).
MEASURE = """
import resource, subprocess, sys, time
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


@pytest.mark.timeout(120)
def test_20000_findings_take_at_most_3_s_and_300_mb(runner: Runner, tmp_path: Path) -> None:
    scan = json.dumps({"scanId": "scan-1", "status": "completed", "secuScore": 5, "vulnerabilitiesCount": COUNTS}).encode()
    with serving({"scan-1": scan, "vulnerabilities": vulnerabilities()}) as server:
        environment = runner.prepare(api_key=KEY, url=URL, api_url=server.url, scan_id="scan-1")
        command = [sys.executable, "-c", MEASURE, sys.executable, str(ROOT / "entrypoint.py")]
        code, ended_at, peak = command_output(command, env=environment).split()
        took = float(ended_at) - server.sent_at[-1]

    print(f"{took:.2f} s, {int(peak) / 1e6:.0f} MB")
    assert code == "0"
    assert took <= 3.0
    assert int(peak) <= 300_000_000
    assert 900_000 < len((tmp_path / "summary").read_bytes()) <= 1_048_576
