"""How a run ends. Pure: what is shown of it, and where, is not its business."""

from dataclasses import dataclass

from secuprobe_action.errors import ActionError, Cancelled, ExitCode
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport, Started
from secuprobe_action.findings.overview import Estate, Result


@dataclass(frozen=True, slots=True)
class Judged:
    """The gate decided.

    Args:
        report: the scan.
        verdict: what the gate decided.
    """

    report: ScanReport
    verdict: Verdict

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.PASSED if self.verdict.passed else ExitCode.GATE_FAILED


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to scan with.

    Args:
        reason: why, as a sentence without its full stop.
        advice: what to do instead.
    """

    reason: str
    advice: str
    exit_code = ExitCode.PASSED


@dataclass(frozen=True, slots=True)
class Failed:
    """An error: there is no verdict.

    Args:
        error: what happened, and what to do about it.
        started: the scan as it began, or None where there is none.
    """

    error: ActionError
    started: Started | None = None

    @property
    def exit_code(self) -> ExitCode:
        return self.error.exit_code


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run was cancelled.

    Args:
        cancelled: by what, and when.
        started: the scan as it began, or None where there is none.
    """

    cancelled: Cancelled
    started: Started | None = None

    @property
    def exit_code(self) -> ExitCode:
        return self.cancelled.exit_code

    @property
    def consequence(self) -> str:
        """What becomes of the scan."""
        if self.started:
            scan_id = self.started.scan_id
            return f"Scan {scan_id} was running and goes on at SecuProbe; the input scan_id attaches to it without a new scan."
        if self.cancelled.in_launch:
            return "It was cancelled while launching, so a scan may be running; look in the SecuProbe dashboard."
        return "No scan had been launched."


@dataclass(frozen=True, slots=True)
class Surveyed:
    """Many sites were looked at, or as many as there was time for.

    Args:
        estate: what became of each.
        cancelled: what cut the run short, or None.
        notes: what a reader must know besides, in whole sentences.
        is_gate: whether anything was asked to fail a site.
    """

    estate: Estate
    cancelled: Cancelled | None = None
    notes: tuple[str, ...] = ()
    is_gate: bool = True

    @property
    def exit_code(self) -> ExitCode:
        return self.cancelled.exit_code if self.cancelled else _EXIT_CODES[self.estate.result]


_EXIT_CODES = {Result.PASSED: ExitCode.PASSED, Result.FAILED: ExitCode.GATE_FAILED, Result.ERROR: ExitCode.SCAN_ERROR}


@dataclass(frozen=True, slots=True)
class Done:
    """A command that judges no scan of its own did what it was asked to.

    Args:
        exit_code: what it came to.
    """

    exit_code: ExitCode


Ending = Judged | Skipped | Failed | Stopped | Surveyed | Done
