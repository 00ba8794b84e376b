"""On runners where containers don't run: what Windows lacks is taken away, and every command of the action does without."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import FINDINGS, KEY, ROOT, URL, inherited_environment, secuprobe

# What others bring is imported first: it knows Windows by itself, and is not what is tried here.
AS_ON_WINDOWS = f"""
import asyncio, concurrent.futures, multiprocessing, os, shutil, signal, ssl, subprocess, sys, tempfile, uuid, zoneinfo
import actions_toolkit.command, actions_toolkit.file_command, github, httpcore, httpx, idna, jinja2, yaml
from pydantic import BaseModel, RootModel, SecretStr, TypeAdapter
for name in ("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGTSTP", "SIGUSR1", "SIGUSR2", "alarm",
             "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"):
    delattr(signal, name)
for name in ("chown", "fchmod", "fchown", "fork", "geteuid", "getpgid", "getuid", "killpg", "lchown", "mkfifo",
             "setsid", "setuid"):
    delattr(os, name)
sys.platform = "win32"
sys.path.insert(0, {str(ROOT)!r})
from secuprobe_action.__main__ import run
run()
"""


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [("scan", 1, "FAILED: 1 finding at or above critical"), ("domains", 0, "validated"), ("estate", 1, "1 site: 1 failed")],
)
def test_a_command_needs_nothing_that_windows_lacks(tmp_path: Path, command: str, code: int, says: str) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.touch()
    summary.touch()
    with secuprobe({"findings": FINDINGS}, domains={"shop.example": True}) as api:
        step = {
            **inherited_environment(),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(tmp_path),
            "SECUPROBE_API_KEY": KEY,
            "SECUPROBE_API_URL": api.url,
            **({"SECUPROBE_URL": URL, "SECUPROBE_REPORTS": "html=report.html"} if command == "scan" else {}),
        }
        done = subprocess.run(
            [sys.executable, "-c", AS_ON_WINDOWS, command], env=step, capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout
    assert output.read_text(encoding="utf-8")
    assert done.stderr == ""
