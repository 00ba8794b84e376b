"""Exit codes where the process itself is in trouble: streams that are closed or full, and faults outside of any command."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import FINDINGS, KEY, ROOT, URL, Api, Runner, secuprobe, wait_until

ENTRYPOINT = [sys.executable, str(ROOT / "entrypoint.py")]
REDIRECTIONS = [
    *(">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1"),
    *("2>&1 | true", "1</dev/null", ">/dev/null 2>&1"),
]
IN_TROUBLE = pytest.mark.parametrize("redirection", REDIRECTIONS)


def under(redirection: str, environment: dict[str, str], *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program with its streams redirected by a shell."""
    script = f'set -o pipefail; "$@" {redirection}'
    command = ["bash", "-c", script, "bash", *ENTRYPOINT, *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def step(runner: Runner, api: Api, **inputs: str) -> dict[str, str]:
    return runner.prepare(**{"api_key": KEY, "url": URL, "api_url": api.url, **inputs})


@IN_TROUBLE
@pytest.mark.parametrize(("threshold", "code", "result"), [("none", 0, "passed"), ("high", 1, "failed")])
def test_the_verdict_is_the_same_whatever_became_of_the_log(
    runner: Runner, redirection: str, threshold: str, code: int, result: str
) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        done = under(redirection, step(runner, api, fail_on_severity=threshold), folder=runner.folder)

    assert done.returncode == code, done.stderr
    assert runner.outputs()["result"] == result
    assert "Traceback" not in done.stderr
    assert api.launches == 1


@IN_TROUBLE
def test_an_error_stays_one(runner: Runner, redirection: str) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        wrong_input = under(redirection, step(runner, api, timeout="soon"), folder=runner.folder)
        wrong_key = under(redirection, step(runner, api, api_key="sp_live_unknown"), folder=runner.folder)
        wrong_flag = under(redirection, step(runner, api), "--no-such-flag", folder=runner.folder)

    assert (wrong_input.returncode, wrong_key.returncode, wrong_flag.returncode) == (2, 3, 2)


@IN_TROUBLE
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["domains", "--help"], ["estate", "--help"]])
def test_questions_that_need_no_scan_end_well(runner: Runner, redirection: str, arguments: list[str]) -> None:
    done = under(redirection, runner.prepare(), *arguments, folder=runner.folder)

    assert done.returncode == 0, done.stderr


def test_a_connection_does_not_get_the_number_of_a_closed_stream(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        done = under("0<&- 1>&- 2>&-", step(runner, api, fail_on_severity="none"), folder=runner.folder)

    assert done.returncode == 0
    assert not any("::" in request for request in api.service.requests)


def test_a_log_that_was_lost_is_told_of_where_that_can_be_read(runner: Runner) -> None:
    with secuprobe() as api:
        done = under(">/dev/full", step(runner, api), folder=runner.folder)

    assert done.stderr == "secuprobe: the log could not be written: No space left on device.\n"


def test_a_pipe_that_does_not_block_gets_the_whole_log(runner: Runner) -> None:
    """Node.js hands such pipes to its children; a full one says that it would block."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    with secuprobe({"findings": FINDINGS * 40}) as api:
        process = subprocess.Popen(ENTRYPOINT, env=step(runner, api), cwd=runner.folder, stdout=writing, stderr=subprocess.STDOUT)
        os.close(writing)
        wait_until(lambda: "result" in runner.outputs())
        time.sleep(1.0)
        with os.fdopen(reading, "rb") as log:
            content = log.read().decode()

    assert process.wait(60) == 1
    assert len(content) > 4096
    assert content.endswith("FAILED: 40 findings at or above critical (40 critical)\n")


@pytest.mark.parametrize("broken", ["pathlib", "argparse", "gc", "select", "pydantic", "httpx", "certifi"])
@pytest.mark.parametrize("fault", ["raise MemoryError", "raise ImportError('::error::x')", "1 / 0"])
def test_a_broken_installation_is_an_error_and_never_the_gates_1(runner: Runner, broken: str, fault: str) -> None:
    """Some of these are imported before the program's first line, some by the process, some within a command."""
    (runner.folder / "modules").mkdir()
    (runner.folder / "modules" / f"{broken}.py").write_text(f"{fault}\n", encoding="utf-8")
    runner.environment = {"PYTHONPATH": str(runner.folder / "modules")}

    step = runner.run(api_key=KEY, url=URL, api_url="http://127.0.0.1:9/api/v1", timeout="10")

    assert step.code == 3, step.log
    assert KEY not in step.shown


def test_a_folder_that_is_gone_is_an_error(runner: Runner) -> None:
    gone = runner.folder / "gone"
    gone.mkdir()
    environment = {**runner.prepare(), "GITHUB_ACTIONS": "", "SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL}
    command = ["bash", "-c", 'rmdir "$PWD" && exec "$@"', "bash", *ENTRYPOINT]

    done = subprocess.run(command, env=environment, cwd=gone, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 3
    assert "SecuProbe: internal error: The action itself failed with FileNotFoundError." in done.stderr


def test_a_fault_outside_of_any_command_shows_no_secret_and_commands_no_runner(runner: Runner) -> None:
    secret = "http://user:p4ssword@proxy.example:3128"
    said = f"{KEY} {secret}\\n::set-output name=x::y\\n ##[error]z"
    code = (
        "import os, sys; from secuprobe_action.process import end_with\n"
        f"def broken():\n    raise RuntimeError('{said}')\n"
        "end_with(broken, os.environ)"
    )
    environment = {**runner.prepare(api_key=KEY), "HTTPS_PROXY": secret, "PYTHONPATH": str(ROOT)}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 3
    assert KEY not in done.stderr
    assert "p4ssword" not in done.stderr
    assert "RuntimeError" in done.stderr
    commands = [line for line in done.stderr.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert commands == [
        line for line in commands if line.startswith("::error::SecuProbe: internal error: The action itself failed")
    ]
    assert len(commands) == 1


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_signal_after_the_verdict_does_not_change_it(runner: Runner, code: int) -> None:
    program = (
        "import os, threading, time; from secuprobe_action.process import end_with\n"
        f"def command():\n    threading.Thread(target=time.sleep, args=(50,)).start()\n    print('done')\n    return {code}\n"
        "end_with(command, os.environ)"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env={**runner.prepare(), "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.5)
        process.terminate()

    assert process.wait(10) == code


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        ("SystemExit", 3),
        ("SystemExit(1)", 3),
        ("SystemExit('x')", 3),
        ("SystemExit(2)", 2),
        ("KeyboardInterrupt", 130),
        ("MemoryError", 3),
        ("GeneratorExit", 3),
    ],
)
def test_only_a_verdict_that_is_returned_ends_in_1(runner: Runner, raised: str, code: int) -> None:
    program = (
        f"import os; from secuprobe_action.process import end_with\n"
        f"def broken():\n    raise {raised}\n"
        "end_with(broken, os.environ)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**runner.prepare(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == code
