"""What is shown on each way out of a run: outputs, summary, reports, check run, comment, annotations. It decides nothing."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from secuprobe_action.api.scan import Started
from secuprobe_action.clock import Clock
from secuprobe_action.errors import ActionError, ApiError, Cancelled, ExitCode, InternalError
from secuprobe_action.findings.gate import Assessed, Verdict
from secuprobe_action.findings.model import WORST_FIRST, ScanReport, Severity
from secuprobe_action.platforms.base import Check, Comment, Forge, ForgeError, Level, Platform
from secuprobe_action.reports import FAILURE_FORMATS, FORMATS, comment, markdown, plain, remarks
from secuprobe_action.reports.story import Story, Trouble
from secuprobe_action.settings import CommentMode, ReportFile, Settings
from secuprobe_action.text import number, one_line
from secuprobe_action.workspace import Workspace

FORGE_TIME_S = 20.0
"""What each question to the forge may take at the most: it is a courtesy, and the verdict is known without it."""

CANCEL_TIME_S = 1.5
"""The same, once the run is cancelled: it ends within two seconds."""

MAX_CHECK_SUMMARY_BYTES = 60_000
"""A check run's summary holds 65,535 characters."""

MAX_NOTICES = 3

_Answer = TypeVar("_Answer")
_Told = TypeVar("_Told")

_FORK_ADVICE = (
    "Scan the site from a workflow on push or on a schedule instead. Do not switch to pull_request_target with a checkout of "
    "the pull request's code: that hands your secrets to whoever opens one."
)


class Publisher:
    """Shows what becomes of a run.

    Args:
        platform: where.
        clock: what the time is.
    """

    def __init__(self, platform: Platform, clock: Clock) -> None:
        self._platform = platform
        self._clock = clock
        self._started: Started | None = None
        self._wanted: Settings | None = None

    def prepare(self, wanted: Settings) -> None:
        """Take note of what the user wants to be shown."""
        self._wanted = wanted

    def note_start(self, started: Started) -> None:
        """Write at once what must survive a timeout, a crash or a cancel."""
        self._started = started
        self._set_outputs(scan_id=started.scan_id, report_url=started.report_url)
        self._platform.info(f"scan {started.scan_id}, report at {started.report_url}")

    def ask_forge(self, ask: Callable[[Forge], _Answer], what: str) -> _Answer | None:
        """Ask the forge, if there is one; where it fails, warn, and return None.

        Args:
            ask: the question.
            what: what it is about, for the warning.
        """
        forge = self._forge
        if forge is None:
            self._warn(f"{what}: it needs {self._platform.forge_needs}.")
            return None
        return self._courtesy(lambda: ask(forge), what)

    @cached_property
    def _forge(self) -> Forge | None:
        """The forge, where it is asked for: most runs don't, and its library takes longer to import than all the rest."""
        token = self._wanted.github_token if self._wanted else None
        return self._platform.forge(token.get_secret_value() if token else None)

    def _courtesy(self, ask: Callable[[], _Answer], what: str, limit_s: float = FORGE_TIME_S) -> _Answer | None:
        """Do what never decides the verdict: it takes little time, and where it fails there is a warning."""
        try:
            with self._clock.time_limit(limit_s):
                return ask()
        except ForgeError as error:
            self._warn(f"{what}: {error}. The verdict is not affected.")
        except TimeoutError:
            self._warn(f"{what}: it took too long. The verdict is not affected.")
        except Exception as error:  # noqa: BLE001  # whatever a forge's library comes up with, the verdict is known
            self._warn(f"{what}: {type(error).__name__}. The verdict is not affected.")
        return None

    def outcome(self, report: ScanReport, verdict: Verdict) -> None:
        """Show a verdict."""
        verdict = self._with_remarks(report, verdict)
        changes = {"new_count": "", "fixed_count": ""}
        if verdict.baseline:
            changes = {"new_count": str(len(verdict.new)), "fixed_count": str(len(verdict.fixed))}
        counts = {s.label: verdict.counts[s] for s in WORST_FIRST if verdict.counts[s] or s is not Severity.UNKNOWN}
        self._set_outputs(
            scan_id=report.scan_id,
            secu_score="" if report.score is None else number(report.score),
            report_url=report.report_url,
            vulnerabilities_count=json.dumps(counts),
            **changes,
            result="passed" if verdict.passed else "failed",
        )
        self._platform.publish_summary(markdown.summary(report, verdict))
        self._write_reports(FORMATS, self._story(report, verdict))
        self._publish_check(self._check_of(report, verdict))
        self._publish_comment(comment.render(report, verdict), report.url, has_news=comment.has_news(verdict))
        name = self._wanted.check_name if self._wanted else ""
        self._courtesy(lambda: self._platform.publish_result(name, report, verdict), "The result was not published")
        self._annotate(report, verdict)
        self._platform.info(plain.render(report, verdict))

    def skip(self, reason: str) -> None:
        """Show that nothing was scanned, and why."""
        self._set_outputs(result="skipped")
        text = f"{reason}, so there is no api_key and nothing was scanned"
        self._platform.publish_summary(markdown.skipped(text, _FORK_ADVICE))
        self._platform.annotate(Level.WARNING, "SecuProbe: skipped", f"{text}. {_FORK_ADVICE}")

    def error(self, error: ActionError) -> None:
        """Show an error, and how to go on with the scan where one was started."""
        if isinstance(error, ApiError) and self._started:
            error.advice += (
                f" Scan {self._started.scan_id} was started and goes on at SecuProbe: run the job again with the input "
                f"scan_id: {self._started.scan_id}, which starts no new scan."
            )
        self._set_outputs(result="error")
        scan_id, report_url = self._scan_and_report()
        summary = markdown.failure(error, scan_id, report_url)
        self._platform.publish_summary(summary)
        self._publish_trouble(error.title, str(error))
        if self._wanted:
            # A failure, not neutral: a required check must not pass what could not be judged.
            self._publish_check(
                Check(self._wanted.check_name, passed=False, title=error.title, summary=summary, report_url=report_url)
            )
            # And no comment may go on saying that an earlier commit passed.
            self._publish_comment(summary, self._wanted.url, has_news=True)
        self._platform.annotate(Level.ERROR, error.title, str(error))

    def fault(self, error: Exception, key: str = "") -> ExitCode:
        """Show a fault of the program's own, with its traceback in the log; return the exit code that it ends in.

        Args:
            error: the exception that is being handled.
            key: the API key, which a traceback may hold.
        """
        import traceback

        trace = traceback.format_exc()
        self._platform.info(trace.replace(key, "***") if key else trace)
        told = InternalError(f"The action itself failed with {type(error).__name__}.")
        self.error(told)
        return told.exit_code

    def cancelled(self, cancelled: Cancelled) -> None:
        """Show that the run was cancelled, and what becomes of its scan."""
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
        self._publish_trouble("SecuProbe: cancelled", consequence, CANCEL_TIME_S)

    def _story(self, report: ScanReport, verdict: Verdict) -> Story:
        name, category = (self._wanted.check_name, self._wanted.sarif_category) if self._wanted else ("", None)
        return Story(report, verdict, self._platform.definition_file, self._now(), name, category)

    def _with_remarks(self, report: ScanReport, verdict: Verdict) -> Verdict:
        """Add what a reader must know of the report files: it belongs wherever the verdict is shown."""
        formats = [file.format for file in self._wanted.reports] if self._wanted else []
        return replace(verdict, warnings=(*verdict.warnings, *remarks(formats, self._story(report, verdict))))

    def _publish_trouble(self, title: str, message: str, limit_s: float = FORGE_TIME_S) -> None:
        """Have nothing of an earlier run stand for this one, which came to no verdict."""
        wanted = self._wanted
        if wanted is None:
            return
        scan_id, report_url = self._scan_and_report()
        told = Trouble(title, message, wanted.url, scan_id, report_url, self._now(), wanted.site, wanted.check_name)
        self._write_reports(FAILURE_FORMATS, told)
        self._courtesy(
            lambda: self._platform.publish_no_result(wanted.check_name, wanted.site, title, message, report_url),
            "The result was not published",
            limit_s,
        )

    def _write_reports(self, formats: Mapping[str, Callable[[_Told], str | None]], told: _Told) -> None:
        workspace = Workspace(self._platform.workspace)
        for file in self._wanted.reports if self._wanted else ():
            text = formats[file.format](told) if file.format in formats else None
            if text is None:
                continue
            try:
                workspace.write(file.path, text)
            except OSError as error:
                self._report_lost(file, error.strerror or str(error))
                continue
            self._platform.info(f"wrote {file.format} report {file.path}")
            if file.format == "sarif":
                self._set_outputs(sarif_file=file.path)

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.time(), dt.UTC)

    def _report_lost(self, file: ReportFile, why: str) -> None:
        text = f"The {file.format} report {file.path} could not be written: {why}."
        self._platform.annotate(Level.ERROR, "SecuProbe: report not written", text)

    def _check_of(self, report: ScanReport, verdict: Verdict) -> Check:
        policy = verdict.policy
        nothing_asked = policy.threshold is None and policy.min_score is None
        return Check(
            name=self._wanted.check_name if self._wanted else "",
            passed=None if nothing_asked else verdict.passed,
            title=verdict.reason,
            summary=markdown.summary(report, verdict, MAX_CHECK_SUMMARY_BYTES),
            scan_id=report.scan_id,
            scanned_url=report.url,
            report_url=report.report_url,
        )

    def _publish_check(self, check: Check) -> None:
        if self._wanted and self._wanted.check_run:
            self.ask_forge(lambda forge: forge.publish_check(check), "The check run was not published")

    def _publish_comment(self, body: str, url: str | None, *, has_news: bool) -> None:
        if self._wanted is None or self._wanted.pr_comment is CommentMode.OFF:
            return
        may_create = self._wanted.pr_comment is CommentMode.ALWAYS or has_news
        wanted = Comment(self._wanted.check_name, body, url, may_create)
        self.ask_forge(lambda forge: forge.publish_comment(wanted), "The pull request was not commented on")

    def _annotate(self, report: ScanReport, verdict: Verdict) -> None:
        for warning in verdict.warnings:
            self._platform.annotate(Level.WARNING, "SecuProbe", warning)
        for notice in verdict.notices[:MAX_NOTICES]:
            self._platform.annotate(Level.NOTICE, "SecuProbe", notice)
        for notice in verdict.notices[MAX_NOTICES:]:
            self._platform.info(notice)
        if not verdict.passed:
            self._platform.annotate(Level.ERROR, "SecuProbe: check failed", f"{verdict.reason}. Report: {report.report_url}")
        # The worst of each level, one fewer than the platform shows: the verdict has a place of its own.
        places = dict.fromkeys(Level, max(0, self._platform.max_annotations - 1))
        for assessed in verdict.open:
            level = _level(assessed)
            if places[level]:
                places[level] -= 1
                self._platform.annotate(level, *_annotation(assessed))

    def _scan_and_report(self) -> tuple[str | None, str | None]:
        return (self._started.scan_id, self._started.report_url) if self._started else (None, None)

    def _set_outputs(self, **outputs: str) -> None:
        for name, value in outputs.items():
            self._platform.set_output(name, value)

    def _warn(self, text: str) -> None:
        self._platform.annotate(Level.WARNING, "SecuProbe", text)


def _level(assessed: Assessed) -> Level:
    if assessed.fails:
        return Level.ERROR
    return Level.WARNING if assessed.finding.severity >= Severity.MEDIUM else Level.NOTICE


def _annotation(assessed: Assessed) -> tuple[str, str]:
    finding = assessed.finding
    title = one_line(f"{finding.severity.label.capitalize()}: {finding.title or 'no title'}", 200)
    return title, f"{finding.category or 'no category'}: {one_line(finding.description or 'no description', 500)}"
