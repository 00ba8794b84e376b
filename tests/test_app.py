"""The straight line in one process: faults of our own, and files that can't be read."""

import io
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from secuprobe_action import domains_command, estate_command
from secuprobe_action.app import Run
from secuprobe_action.errors import ExitCode
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.local.demo.runner import read_outputs
from secuprobe_action.places.outputs import ESTATE_OUTPUTS, SCAN_OUTPUTS
from secuprobe_action.platforms import detect
from secuprobe_action.platforms.base import Check, Comment, Forge, Kept, Lineage, Subject
from secuprobe_action.platforms.github import GitHub
from secuprobe_action.platforms.issues import Issues
from secuprobe_action.settings import Access, Settings
from secuprobe_action.shell import Shell
from secuprobe_action.signals import Signals
from tests.support import KEY, URL, SimulatedClock


class Job:
    """A run within this process, with its log and outputs."""

    def __init__(self, folder: Path) -> None:
        self.out = io.StringIO()
        self.output, self.summary = folder / "output", folder / "summary"
        self.output.touch()
        self.summary.touch()
        self.environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(folder),
            "INPUT_API_KEY": KEY,
            "INPUT_URL": URL,
        }

    def run(self, client: httpx.Client | Exception) -> ExitCode:
        def connect(wanted: Settings) -> httpx.Client:
            if isinstance(client, Exception):
                raise client
            return client

        shell = Shell(detect(self.environment, self.out), SimulatedClock(), Signals(), SCAN_OUTPUTS)
        return Run(shell, connect).main(self.environment, {})

    def shown(self) -> str:
        return "\n".join(line for line in self.out.getvalue().splitlines() if not line.startswith("::add-mask::"))


@pytest.fixture(name="job")
def _job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_fault_of_our_own_is_an_error_with_a_traceback_and_without_the_key(job: Job) -> None:
    code = job.run(RuntimeError(f"something with {KEY} in it\n::error::not a command"))

    assert code is ExitCode.SCAN_ERROR
    assert read_outputs(job.output.read_text(encoding="utf-8")) == SCAN_OUTPUTS
    assert "Traceback" in job.shown()
    assert "::error title=SecuProbe%3A internal error::The action itself failed with RuntimeError." in job.shown()
    assert "\n::error::not a command" not in job.shown()
    assert KEY not in job.shown() + job.summary.read_text(encoding="utf-8")
    assert "SecuProbe: internal error" in job.summary.read_text(encoding="utf-8")


def test_a_fault_does_not_show_what_the_urls_query_hides(job: Job) -> None:
    job.environment["INPUT_URL"] = "https://shop.example/?bypass=s3cret%2Ftoken&v=1"

    code = job.run(RuntimeError("about s3cret/token and s3cret%2Ftoken"))

    assert code is ExitCode.SCAN_ERROR
    assert "RuntimeError: about *** and ***" in job.shown()
    assert "s3cret" not in job.shown() + job.summary.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["domains", "estate"])
def test_the_other_commands_end_so_too(job: Job, command: str) -> None:
    def connect(_: Access) -> httpx.Client:
        raise RuntimeError(f"something with {KEY} in it")

    class Full(GitHub):
        def publish_summary(self, markdown: str) -> None:
            if "internal error" not in markdown:
                raise RuntimeError("no room")
            super().publish_summary(markdown)

    platform = Full(job.environment, job.out)
    if command == "domains":
        outputs = domains_command.OUTPUTS
        code = domains_command.run(Shell(platform, SimulatedClock(), Signals(), outputs), connect, job.environment, {})
    else:
        outputs = ESTATE_OUTPUTS
        code = estate_command.Run(Shell(platform, SimulatedClock(), Signals(), outputs), connect).main(job.environment, {})

    assert code is ExitCode.SCAN_ERROR
    assert read_outputs(job.output.read_text(encoding="utf-8")) == dict(outputs)
    assert "internal error::The action itself failed with RuntimeError." in job.shown()
    assert "Traceback" in job.shown()
    assert KEY not in job.shown()


def test_an_ignore_file_that_is_no_text_is_an_input_error(job: Job, tmp_path: Path) -> None:
    (tmp_path / ".secuprobe-ignore.yml").write_bytes(b"\xff\xfe\x00")

    assert job.run(RuntimeError("never reached")) is ExitCode.INPUT_ERROR
    assert "can't be read" in job.shown()


def test_an_ignore_file_that_leads_out_of_the_workspace_is_an_input_error(job: Job, tmp_path: Path) -> None:
    (tmp_path / ".secuprobe-ignore.yml").symlink_to("/etc/passwd")

    assert job.run(RuntimeError("never reached")) is ExitCode.INPUT_ERROR
    assert "leads out of the workspace" in job.shown()


class Broken(GitHub):
    """A platform whose own report and forge break in ways that nobody foresaw."""

    def publish_result(self, name: str, report: ScanReport, verdict: Verdict) -> None:
        raise ZeroDivisionError

    def forge(self, token: str | None, commit: str | None) -> Forge:
        return BrokenForge()


class BrokenForge:
    repository, run, attempt, keeps_text = "org/app", "1", 1, True

    @property
    def issues(self) -> Issues:
        raise RuntimeError

    def subject(self) -> Subject:
        raise RuntimeError

    def is_current(self, subject: Subject) -> bool:
        raise RuntimeError

    def lineage(self, commit: str) -> Lineage:
        raise RuntimeError

    def room(self, scan_id: str, report_url: str) -> int:
        return 255

    def kept(self, commit: str, name: str, site: str) -> Sequence[Kept]:
        raise RuntimeError

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        raise RuntimeError

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        raise RuntimeError

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        raise RuntimeError

    def upload_sarif(self, zipped: bytes) -> None:
        raise RuntimeError


@pytest.mark.parametrize(("count", "code"), [(0, ExitCode.PASSED), (1, ExitCode.GATE_FAILED)])
def test_nothing_that_a_forge_does_changes_the_verdict(job: Job, count: int, code: ExitCode) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/vulnerabilities"):
            return httpx.Response(200, json={"total": count, "vulnerabilities": [{"severity": "critical"}] * count})
        return httpx.Response(200, json={"scanId": "a", "status": "completed"})

    job.environment |= {
        "INPUT_CHECK_RUN": "true",
        "INPUT_PR_COMMENT": "always",
        "INPUT_BASELINE": "auto",
        "INPUT_GITHUB_TOKEN": "t",
    }
    platform = Broken(job.environment, job.out)
    shell = Shell(platform, SimulatedClock(), Signals(), SCAN_OUTPUTS)
    run = Run(shell, lambda wanted: httpx.Client(transport=httpx.MockTransport(answer)))

    assert run.main(job.environment, {}) is code
    assert job.shown().count("The verdict is not affected.") == 2
    assert "Nothing was compared: The baseline could not be looked up: RuntimeError." in job.shown()


def test_what_passed_and_could_not_be_shown_has_not_passed(job: Job) -> None:
    class NoSummary(GitHub):
        def publish_summary(self, markdown: str) -> None:
            raise RuntimeError(f"with {KEY}")

    platform = NoSummary(job.environment, job.out)
    shell = Shell(platform, SimulatedClock(), Signals(), SCAN_OUTPUTS)
    run = Run(shell, lambda wanted: httpx.Client(transport=httpx.MockTransport(nothing_found)))

    assert run.main(job.environment, {}) is ExitCode.SCAN_ERROR
    assert "Summary failed with RuntimeError; see the log." in job.shown()
    assert KEY not in job.shown()
    assert read_outputs(job.output.read_text(encoding="utf-8"))["result"] == "passed"


def nothing_found(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/vulnerabilities"):
        return httpx.Response(200, json={"total": 0, "vulnerabilities": []})
    return httpx.Response(200, json={"scanId": "a", "status": "completed"})


def test_a_scan_of_ten_minutes_takes_no_time_to_test(job: Job) -> None:
    polls = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal polls
        if request.method == "POST":
            return httpx.Response(201, json={"scanId": "a", "status": "queued", "estimatedDuration": 500})
        polls += 1
        return httpx.Response(200, json={"scanId": "a", "status": "running"})

    code = job.run(httpx.Client(transport=httpx.MockTransport(answer)))

    assert code is ExitCode.SCAN_ERROR
    assert "Scan a was not finished within 10 min 0 s." in job.shown()
    assert 60 < polls < 200
    assert job.shown().count("running, ") >= 18  # a line at least every 30 s
