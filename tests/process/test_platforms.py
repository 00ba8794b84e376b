"""One scan on every platform, and the documentation's own scripts: the same verdict for the same scan."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import FINDINGS, KEY, ROOT, URL, Runner, inherited_environment, secuprobe

PLATFORMS = {
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITHUB_ACTIONS": "", "GITLAB_CI": "true"},
    "bitbucket": {"GITHUB_ACTIONS": "", "BITBUCKET_BUILD_NUMBER": "1"},
    "any other": {"GITHUB_ACTIONS": "", "CI": "true", "NO_COLOR": "1"},
}
VERDICT = re.compile(r"^(SecuScore .*|Findings .*|(critical|high|medium|low|info) .*|(PASSED|FAILED): .*)$", re.MULTILINE)


@pytest.mark.parametrize("threshold", ["high", "none"])
def test_every_platform_shows_the_same_verdict(runner: Runner, threshold: str) -> None:
    shown: dict[str, tuple[int, list[str]]] = {}
    with secuprobe({"findings": FINDINGS}) as api:
        for name, environment in PLATFORMS.items():
            prefix = "INPUT_" if name == "github" else "SECUPROBE_"
            inputs = {"API_KEY": KEY, "URL": URL, "API_URL": api.url, "FAIL_ON_SEVERITY": threshold}
            runner.environment = {**environment, **{prefix + key: value for key, value in inputs.items()}}
            step = runner.finish(runner.start())
            shown[name] = step.code, [match[0] for match in VERDICT.finditer(step.log)]

    assert len({str(each) for each in shown.values()}) == 1, shown
    assert len(shown["github"][1]) == 2 + 5 + 1


def test_a_script_in_a_container_job_on_github_takes_variables_and_is_a_step_all_the_same(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        inputs = {"API_KEY": KEY, "URL": URL, "API_URL": api.url, "FAIL_ON_SEVERITY": "high"}
        runner.environment = {f"SECUPROBE_{name}": value for name, value in inputs.items()}
        step = runner.finish(runner.start())
        overruled = runner.run(fail_on_severity="none")

    assert (step.code, step.outputs["result"]) == (1, "failed")
    assert step.log.startswith(f"::add-mask::{KEY}\n")
    assert KEY not in step.shown
    assert "SQL injection" in step.summary
    assert overruled.code == 0, "what the step is given comes first"


def test_a_plain_log_has_no_escape_codes(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        inputs = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL, "SECUPROBE_API_URL": api.url}
        runner.environment = {"GITHUB_ACTIONS": "", **inputs}
        step = runner.finish(runner.start())

    assert "\x1b" not in step.log


def script(path: str, *keys: Any) -> str:
    """Return a script of a pipeline file as one shell script."""
    node = yaml.safe_load((ROOT / "tests" / "data" / path).read_text(encoding="utf-8"))
    for key in keys:
        node = node[key]
    return "\n".join(node)


DOCUMENTED = {
    "gitlab": script("documentation-gitlab-ci.yml", "secuprobe-scan", "script"),
    "bitbucket": script("documentation-bitbucket-pipelines.yml", "pipelines", "branches", "main", 1, "step", "script"),
}


@pytest.mark.curl
@pytest.mark.parametrize("name", DOCUMENTED)
@pytest.mark.parametrize(("severities", "code"), [((), 0), (("low", "info"), 0), (("critical",), 1)])
def test_the_documentations_own_scripts_work_with_the_embedded_server(
    name: str, severities: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    listed = [each for each in FINDINGS if each["severity"] in severities]
    with secuprobe({"findings": listed, "queued_s": 0.2, "duration_s": 0.5}) as api:
        text = DOCUMENTED[name].replace("https://secuprobe.io/api/v1", api.url).replace("sleep 10", "sleep 0.3")
        environment = {**inherited_environment(), "SECUPROBE_API_KEY": KEY, "DEPLOY_URL": URL, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            ["sh", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == code, done.stdout + done.stderr
    assert "SecuScore: 78/100" in done.stdout
    assert api.launches == 1
