"""The straight line: inputs, scan, gate, reports, exit code. The only place that knows all the parts."""

import json
import random
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from secuprobe_action import settings
from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.api.scan import Scanner, Started
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import ActionError, ApiError, Cancelled, ExitCode, InputError, InternalError, Mistake
from secuprobe_action.findings.gate import Verdict, judge
from secuprobe_action.findings.model import WORST_FIRST, Finding, ScanReport, Severity
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import markdown, plain
from secuprobe_action.settings import Settings
from secuprobe_action.signals import Signals
from secuprobe_action.text import number, one_line

_FORK_ADVICE = (
    "Scan the site from a workflow on push or on a schedule instead. Do not switch to pull_request_target with a checkout of "
    "the pull request's code: that hands your secrets to whoever opens one."
)


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
        self._started: Started | None = None

    def main(self, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> ExitCode:
        """Scan, judge and report; return the exit code, whatever happens.

        Args:
            environment: the process's environment.
            flags: the command line's values by input name; None where a flag wasn't given.
        """
        inputs = settings.read_inputs(environment, self._platform.input_prefix, flags)
        key = inputs["api_key"]
        if key:
            self._platform.mask(key)
        try:
            withheld = None if key else self._platform.secrets_withheld()
            if withheld:
                return self._skip(withheld)
            wanted = settings.validate(inputs, environment)
            report = self._scan(wanted)
            verdict = judge(report, wanted.fail_on_severity)
            return self._publish(report, verdict)
        except ActionError as error:
            return self._publish_error(error)
        except Cancelled as cancelled:
            return self._publish_cancelled(cancelled)
        except Exception as error:  # noqa: BLE001  # a fault of ours must end as an error too, with its outputs and its exit code
            import traceback

            trace = traceback.format_exc()
            self._platform.info(trace.replace(key, "***") if key else trace)
            return self._publish_error(InternalError(f"The action itself failed with {type(error).__name__}."))

    def _scan(self, wanted: Settings) -> ScanReport:
        deadline = Deadline.starting_now(self._clock, wanted.timeout)
        heartbeat = Heartbeat(self._clock, deadline, self._platform)
        what = f"scan {wanted.scan_id}" if wanted.scan_id else f"{wanted.url}"
        with (
            self._connect(wanted) as http,
            self._platform.group(f"SecuProbe scans {what}"),
        ):
            client = SecuProbeClient(
                http,
                base_url=wanted.api_url,
                api_key=wanted.api_key,
                deadline=deadline,
                clock=heartbeat,
                random=random.Random(),  # noqa: S311  # spreads waits; hides nothing
                log=self._platform,
            )
            scanner = Scanner(client, wanted.api_url, heartbeat, deadline)
            return scanner.run(wanted.url, wanted.scan_id, self._note_start)

    def _note_start(self, started: Started) -> None:
        """Write at once what must survive a timeout, a crash or a cancel."""
        self._started = started
        self._platform.set_output("scan_id", started.scan_id)
        self._platform.set_output("report_url", started.report_url)
        self._platform.info(f"scan {started.scan_id}, report at {started.report_url}")

    def _publish(self, report: ScanReport, verdict: Verdict) -> ExitCode:
        """Report first; the exit code, returned last, is the gate."""
        self._signals.let_finish()
        counts = {s.label: verdict.counts[s] for s in WORST_FIRST if verdict.counts[s] or s is not Severity.UNKNOWN}
        self._set_outputs(
            scan_id=report.scan_id,
            secu_score="" if report.score is None else number(report.score),
            report_url=report.report_url,
            vulnerabilities_count=json.dumps(counts),
            result="passed" if verdict.passed else "failed",
        )
        self._platform.publish_summary(markdown.summary(report, verdict))
        for warning in verdict.warnings:
            self._platform.annotate(Level.WARNING, "SecuProbe", warning)
        if not verdict.passed:
            self._platform.annotate(Level.ERROR, "SecuProbe: check failed", f"{verdict.reason}. Report: {report.report_url}")
        self._annotate_worst(report.findings or (), verdict)
        self._platform.info(plain.render(report, verdict))
        return ExitCode.PASSED if verdict.passed else ExitCode.GATE_FAILED

    def _annotate_worst(self, findings: tuple[Finding, ...], verdict: Verdict) -> None:
        """Annotate the worst findings of each level, one fewer than the platform shows: the verdict has a place of its own."""
        places = dict.fromkeys(Level, max(0, self._platform.max_annotations - 1))
        for finding in findings:
            level = _level(finding.severity, verdict)
            if places[level]:
                places[level] -= 1
                title = f"{finding.severity.label.capitalize()}: {finding.title or 'no title'}"
                self._platform.annotate(level, one_line(title, 200), _annotation(finding))

    def _skip(self, reason: str) -> ExitCode:
        self._set_outputs(result="skipped")
        self._platform.publish_summary(
            markdown.skipped(f"{reason}, so there is no api_key and nothing was scanned", _FORK_ADVICE)
        )
        self._platform.annotate(Level.WARNING, "SecuProbe: skipped", f"{reason}, so nothing was scanned. {_FORK_ADVICE}")
        return ExitCode.PASSED

    def _publish_error(self, error: ActionError) -> ExitCode:
        self._signals.let_finish()
        if isinstance(error, ApiError) and self._started:
            error.advice += (
                f" Scan {self._started.scan_id} was started and goes on at SecuProbe: run the job again with the input "
                f"scan_id: {self._started.scan_id}, which starts no new scan."
            )
        self._set_outputs(result="error")
        self._platform.publish_summary(markdown.failure(error, *self._scan_and_report()))
        self._platform.annotate(Level.ERROR, error.title, str(error))
        return error.exit_code

    def _publish_cancelled(self, cancelled: Cancelled) -> ExitCode:
        self._set_outputs(result="error")
        scan_id, report_url = self._scan_and_report()
        consequence = "No scan had been launched."
        if scan_id:
            consequence = (
                f"Scan {scan_id} was running and goes on at SecuProbe; the input scan_id attaches to it without a new scan."
            )
        elif cancelled.in_launch:
            consequence = "It was cancelled while launching, so a scan may be running; look in the SecuProbe dashboard."
        self._platform.publish_summary(markdown.cancelled(consequence, scan_id, report_url))
        self._platform.annotate(Level.WARNING, "SecuProbe: cancelled", consequence)
        return cancelled.exit_code

    def _scan_and_report(self) -> tuple[str | None, str | None]:
        return (self._started.scan_id, self._started.report_url) if self._started else (None, None)

    def _set_outputs(self, **outputs: str) -> None:
        for name, value in outputs.items():
            self._platform.set_output(name, value)


def _level(severity: Severity, verdict: Verdict) -> Level:
    if verdict.fails(severity):
        return Level.ERROR
    return Level.WARNING if severity >= Severity.MEDIUM else Level.NOTICE


def _annotation(finding: Finding) -> str:
    return f"{finding.category or 'no category'}: {one_line(finding.description or 'no description', 500)}"


def connect(wanted: Settings) -> httpx.Client:
    """Return an HTTP client that goes where the environment's proxies say, and follows no redirect.

    Raises:
        InputError: the CA bundle can't be read.
    """
    return httpx.Client(verify=_trust(wanted.ca_bundle), follow_redirects=False)


def _trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the TLS settings: certificates are always verified, against `ca_bundle` where one is named."""
    if ca_bundle is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        if Path(ca_bundle).is_dir():
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl.SSLError is one
        raise InputError(
            [Mistake("SSL_CERT_FILE", ca_bundle, f"must name a readable file of PEM certificates ({error.strerror})")]
        ) from error
