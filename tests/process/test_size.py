"""20,000 findings with 2,000 characters each, from the list's arrival to the exit."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.process.canned import serving
from tests.support import KEY, URL, Runner

TEXT = ("Lorem | ipsum <b>dolor</b> @sit " * 32)[:1000]
COUNTS = {"critical": 0, "high": 0, "medium": 0, "low": 20_000, "info": 0}


def vulnerabilities() -> bytes:
    listed = [
        {"title": f"Finding {n}", "severity": "low", "category": "Size", "description": TEXT, "remediationGuide": TEXT}
        for n in range(20_000)
    ]
    return json.dumps({"total": len(listed), "vulnerabilities": listed}).encode()


@pytest.mark.timeout(120)
def test_20000_findings_take_at_most_3_s_and_300_mb(runner: Runner, tmp_path: Path) -> None:
    scan = json.dumps({"scanId": "scan-1", "status": "completed", "secuScore": 5, "vulnerabilitiesCount": COUNTS}).encode()
    with serving({"scan-1": scan, "vulnerabilities": vulnerabilities()}) as server:
        process = runner.start(api_key=KEY, url=URL, api_url=server.url, scan_id="scan-1")
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - server.sent_at[-1]
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout is not None
    process.stdout.close()

    print(f"{took:.2f} s, {usage.ru_maxrss / 1000:.0f} MB")
    assert process.returncode == 0
    assert took <= 3.0
    assert usage.ru_maxrss * 1024 <= 300_000_000
    assert 900_000 < len((tmp_path / "summary").read_bytes()) <= 1_048_576
