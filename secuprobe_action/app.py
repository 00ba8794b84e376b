"""The straight line: inputs, scan, gate, reports, exit code. The only place that knows all the parts."""

import datetime as dt
from collections.abc import Callable, Mapping

import httpx

from secuprobe_action import settings
from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.api.scan import Scanner
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.connecting import client_for
from secuprobe_action.errors import ActionError, ApiError, Cancelled, ExitCode, InputError, Mistake
from secuprobe_action.findings import baseline, gate, ignore
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.ignore_file import read_rules
from secuprobe_action.platforms.base import FoundBaseline, Platform
from secuprobe_action.publishing import Publisher
from secuprobe_action.settings import AUTO, Settings
from secuprobe_action.signals import Signals
from secuprobe_action.text import one_line
from secuprobe_action.workspace import Workspace

Compared = tuple[baseline.Comparison | None, list[str]]
"""A comparison, or None with the reasons why there is none."""


class Run:
    """One run of the action.

    Args:
        platform: where it runs.
        clock: what it waits with.
        signals: what may cancel it.
        connect: opens the HTTP client for the settings.
    """

    def __init__(self, platform: Platform, clock: Clock, signals: Signals, connect: Callable[[Settings], httpx.Client]) -> None:
        self._platform = platform
        self._clock = clock
        self._signals = signals
        self._connect = connect
        self._publisher = Publisher(platform, clock)

    def main(self, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> ExitCode:
        """Scan, judge and report; return the exit code, whatever happens.

        Args:
            environment: the process's environment.
            flags: the command line's values by input name; None where a flag wasn't given.
        """
        inputs = settings.read_inputs(environment, self._platform.input_prefixes, flags)
        key, secrets = inputs["api_key"], settings.secrets_of(inputs)
        for secret in secrets:
            self._platform.mask(secret)
        try:
            withheld = None if key else self._platform.secrets_withheld()
            if withheld:
                self._publisher.skip(withheld)
                return ExitCode.PASSED
            return self._scan_and_judge(settings.validate(inputs, environment))
        except ActionError as error:
            self._signals.let_finish()
            self._publisher.error(error)
            return error.exit_code
        except Cancelled as cancelled:
            self._publisher.cancelled(cancelled)
            return cancelled.exit_code
        except Exception as error:  # noqa: BLE001  # a fault of ours must end as an error too, with outputs and an exit code
            self._signals.let_finish()
            return self._publisher.fault(error, *secrets)

    def _scan_and_judge(self, wanted: Settings) -> ExitCode:
        self._publisher.prepare(wanted)
        rules = read_rules(Workspace(self._platform.workspace), wanted.ignore_file)
        self._check_reports(wanted)
        report, (comparison, doubts) = self._scan(wanted)
        today = dt.datetime.fromtimestamp(self._clock.time(), dt.UTC).date()
        acceptance = ignore.accept(rules, report.findings or (), report.url, today)
        verdict = gate.judge(report, wanted.policy, comparison, acceptance, doubts)
        self._signals.let_finish()
        self._publisher.outcome(report, verdict)
        return ExitCode.PASSED if verdict.passed else ExitCode.GATE_FAILED

    def _scan(self, wanted: Settings) -> tuple[ScanReport, Compared]:
        deadline = Deadline.starting_now(self._clock, wanted.timeout)
        heartbeat = Heartbeat(self._clock, deadline, self._platform)
        what = f"scan {wanted.scan_id}" if wanted.scan_id else f"{wanted.url}"
        with self._connect(wanted) as http, self._platform.group(f"SecuProbe scans {what}"):
            client = client_for(wanted, http, deadline, heartbeat, self._platform)
            scanner = Scanner(client, wanted.api_url, heartbeat, deadline, wanted.site)
            target = wanted.target.get_secret_value() if wanted.target else None
            report = scanner.run(target, wanted.scan_id, self._publisher.note_start)
            return report, self._compare(scanner, report, wanted)

    def _compare(self, scanner: Scanner, report: ScanReport, wanted: Settings) -> Compared:
        """Compare with the baseline. Where that can't be done, all findings count, and a warning says so."""
        if wanted.baseline is None:
            return None, []
        found = self._find_baseline(report, wanted)
        if isinstance(found, str):
            return None, [f"{found} All findings count as new."]
        if report.findings is None:
            return None, ["There is no list of findings to compare with the baseline's. All findings count as new."]
        try:
            known = scanner.baseline(found.scan_id, found.commit, found.age_s)
        except ApiError as error:
            why = one_line(error.message, 300)
            return None, [f"The baseline, scan {found.scan_id}, can't be read: {why} All findings count as new."]
        return baseline.compare(report.findings, known), []

    def _find_baseline(self, report: ScanReport, wanted: Settings) -> FoundBaseline | str:
        """Return the scan to compare with, or why there is none."""
        if wanted.baseline != AUTO:
            return FoundBaseline(wanted.baseline or "", commit=None, age_s=None)
        found = self._publisher.ask_forge(
            lambda forge: forge.find_baseline(wanted.check_name, report.url), "The baseline was not looked up"
        )
        return found or f"No baseline was found: no check run {wanted.check_name} tells of a scan of the base commits."

    def _check_reports(self, wanted: Settings) -> None:
        """Refuse what can't be written before a scan is spent on it."""
        workspace = Workspace(self._platform.workspace)
        problems = [(file.path, workspace.problem(file.path)) for file in wanted.reports]
        mistakes = [Mistake("reports", path, problem) for path, problem in problems if problem]
        if mistakes:
            raise InputError(mistakes)
