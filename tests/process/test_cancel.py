"""Cancellation: soon, with what is known kept, and with the exit code that a shell expects."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secuprobe_action.places.outputs import SCAN_OUTPUTS
from tests.reports.rendered import Page
from tests.support import KEY, ROOT, URL, Api, Runner, secuprobe, wait_until

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def start_and_wait_for_the_scan(runner: Runner, api: Api) -> "subprocess.Popen[str]":
    process = runner.start(api_key=KEY, url=URL, api_url=api.url)
    wait_until(lambda: "report_url" in runner.outputs())
    return process


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_ends_a_waiting_run_within_two_seconds_with_its_outputs(runner: Runner, number: int, code: int) -> None:
    with secuprobe({"duration_s": 600}) as api:
        process = start_and_wait_for_the_scan(runner, api)
        started = time.monotonic()
        process.send_signal(number)
        step = runner.finish(process)

    assert time.monotonic() - started < 2
    assert step.code == code
    assert step.outputs["result"] == "error"
    assert step.outputs["scan_id"] in Page(step.summary).text
    assert "goes on at SecuProbe" in step.summary
    assert "SecuProbe: cancelled" in step.annotations("warning")[0]
    assert "Traceback" not in step.log


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_ends_a_request_that_is_not_answered(runner: Runner, number: int, code: int) -> None:
    with secuprobe({"faults": [{"on": "POST /scans", "kind": "no_answer"}]}) as api:
        process = runner.start(api_key=KEY, url=URL, api_url=api.url)
        wait_until(lambda: api.launches == 1)
        started = time.monotonic()
        process.send_signal(number)
        step = runner.finish(process)

    assert time.monotonic() - started < 2
    assert step.code == code
    assert step.outputs == SCAN_OUTPUTS
    assert "a scan may be running" in Page(step.summary).text


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_before_anything_was_done_ends_it_too(runner: Runner, number: int, code: int) -> None:
    with secuprobe({"duration_s": 600}) as api:
        process = runner.start(api_key=KEY, url=URL, api_url=api.url)
        assert process.stdout is not None
        process.stdout.readline()  # the mask: the handlers are in place
        process.send_signal(number)
        step = runner.finish(process)

    assert step.code == code
    assert "Traceback" not in step.log


def handles(pid: int, number: int) -> bool:
    """Whether the process has a handler of its own for the signal."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def sleeps(pid: int) -> bool:
    """Whether the process waits for something, and for more than a moment."""
    for _ in range(15):
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        if state != "S":
            return False
        time.sleep(0.02)
    return True


def test_a_second_signal_ends_it_at_once(runner: Runner) -> None:
    with secuprobe({"duration_s": 600}) as api:
        pipe_read, pipe_write = os.pipe()
        os.set_blocking(pipe_write, False)
        while True:  # a log that blocks: the run hangs in writing what it has to say of its cancellation
            try:
                os.write(pipe_write, b"x" * 4096)
            except BlockingIOError:
                break
        os.set_blocking(pipe_write, True)
        environment = runner.prepare(api_key=KEY, url=URL, api_url=api.url)
        process = subprocess.Popen([sys.executable, str(ROOT / "entrypoint.py")], env=environment, stdout=pipe_write)
        wait_until(lambda: handles(process.pid, signal.SIGTERM))
        wait_until(lambda: sleeps(process.pid))
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)

        assert process.wait(2) == 143
        os.close(pipe_read)
        os.close(pipe_write)
