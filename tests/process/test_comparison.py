"""What docs/comparison.md says of the scripts in SecuProbe's documentation, and of this program in the same place."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.process.test_platforms import DOCUMENTED
from tests.support import FINDINGS, KEY, URL, Runner, inherited_environment, secuprobe

# As the platforms run a script: GitLab's runner sets errexit and pipefail, Bitbucket errexit.
SHELLS = {"gitlab": ["bash", "-eo", "pipefail", "-c"], "bitbucket": ["bash", "-e", "-c"]}

ONE_FAILED_POLL: dict[str, Any] = {
    "duration_s": 0.7,
    "faults": [{"on": "GET /scans/{id}", "status": 503, "body": {"error": "x"}}],
}
RATE_LIMIT: dict[str, Any] = {
    "faults": [{"on": "POST /scans", "status": 429, "headers": {"Retry-After": "1"}, "body": {"error": "Rate limit exceeded"}}]
}
FAILED_SCAN: dict[str, Any] = {"ends": "failed"}
ENDLESS_SCAN: dict[str, Any] = {"duration_s": 600}
UNKNOWN_SEVERITY: dict[str, Any] = {"findings": [{**FINDINGS[0], "severity": "catastrophic"}]}


def run_script(name: str, scenario: dict[str, Any], folder: Path) -> int:
    with secuprobe(scenario) as api:
        text = DOCUMENTED[name].replace("https://secuprobe.io/api/v1", api.url).replace("sleep 10", "sleep 0.05")
        environment = {**inherited_environment(), "SECUPROBE_API_KEY": KEY, "DEPLOY_URL": URL, "NO_PROXY": "127.0.0.1"}
        command = [*SHELLS[name], text]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False).returncode


def run_ours(scenario: dict[str, Any], runner: Runner) -> int:
    with secuprobe(scenario) as api:
        return runner.run(api, fail_on_severity="high", timeout="10").code


@pytest.mark.curl
@pytest.mark.parametrize(
    ("scenario", "gitlab_fails", "bitbucket_fails", "ours"),
    [
        (ONE_FAILED_POLL, True, False, 0),
        (RATE_LIMIT, True, True, 0),
        (FAILED_SCAN, True, False, 3),
        (ENDLESS_SCAN, True, False, 3),
        (UNKNOWN_SEVERITY, False, False, 1),
    ],
    ids=["one failed poll", "a 429 at the launch", "a failed scan", "a scan that does not end", "an unknown severity"],
)
def test_the_scripts_and_this_program_in_the_same_place(
    scenario: dict[str, Any], gitlab_fails: bool, bitbucket_fails: bool, ours: int, runner: Runner, tmp_path: Path
) -> None:
    assert (run_script("gitlab", scenario, tmp_path) != 0) is gitlab_fails
    assert (run_script("bitbucket", scenario, tmp_path) != 0) is bitbucket_fails
    assert run_ours(scenario, runner) == ours
