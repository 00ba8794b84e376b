"""The straight line: inputs, scan, gate, places, exit code. The only place that knows all the parts."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import httpx

from secuprobe_action import settings
from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.api.scan import Scanner
from secuprobe_action.api.steps import drive
from secuprobe_action.comparing import Comparing
from secuprobe_action.connecting import client_for
from secuprobe_action.errors import ExitCode, InputError, Mistake
from secuprobe_action.findings.endings import Ending
from secuprobe_action.findings.model import Started
from secuprobe_action.ignore_file import read_rules
from secuprobe_action.inputs import DEFAULTS
from secuprobe_action.judging import Judging
from secuprobe_action.memory.recollection import Recollection
from secuprobe_action.memory.record import Signer
from secuprobe_action.places.base import Place
from secuprobe_action.places.check_run import CheckRun
from secuprobe_action.places.comment import PullRequestComment
from secuprobe_action.places.issue import KeptIssue
from secuprobe_action.places.log_table import LogTable
from secuprobe_action.places.platform_result import PlatformResult
from secuprobe_action.places.report_files import ReportFiles, Wanted
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.desk import Desk
from secuprobe_action.report_files import pairs
from secuprobe_action.reports import FORMATS
from secuprobe_action.settings import Settings
from secuprobe_action.shell import Shell
from secuprobe_action.values import AUTO, CommentMode, ReportFile
from secuprobe_action.workspace import Workspace


class Run:
    """One run of the action.

    Args:
        shell: what it runs in.
        connect: opens the HTTP client for the settings.
    """

    def __init__(self, shell: Shell, connect: Callable[[Settings], httpx.Client]) -> None:
        self._shell = shell
        self._platform = shell.platform
        self._clock = shell.clock
        self._connect = connect

    def main(self, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> ExitCode:
        """Scan, judge and report; return the exit code, whatever happens.

        Args:
            environment: the process's environment.
            flags: the command line's values by input name; None where a flag wasn't given.
        """

        def command(inputs: Mapping[str, str]) -> Ending:
            files = self._readable_reports(inputs)
            # Before anything else can fail: what an earlier run left must not be taken for this run's. Trouble is told later.
            with contextlib.suppress(OSError):
                files.clear()
            skipped = self._shell.skipped(inputs, lambda desk: self._check(desk, inputs["check_name"]))
            return skipped or self._scan_and_judge(self._validated(inputs, environment, files))

        return self._shell.run(DEFAULTS, environment, flags, command)

    def _readable_reports(self, inputs: Mapping[str, str]) -> ReportFiles:
        """Return the report files as far as they can be read before the inputs are checked."""
        workspace = Workspace(self._platform.workspace)
        found: list[ReportFile] = []
        with contextlib.suppress(ValueError):
            named = pairs(inputs["reports"], FORMATS)
            found = [ReportFile(name, path) for name, path in named if not workspace.problem(path)]
        return ReportFiles(self._platform, Wanted(found, inputs["check_name"]), self._clock.time)

    def _validated(self, inputs: Mapping[str, str], environment: Mapping[str, str], files: ReportFiles) -> Settings:
        try:
            return settings.validate(inputs, environment)
        except InputError:
            self._shell.places.add([files])  # a badge, say, must not stay green because the key is gone
            raise

    def _check(self, desk: Desk, name: str) -> CheckRun:
        """Return a check of which nothing is remembered."""
        return CheckRun(desk, Recollection(desk, self._clock, Signer(""), name), name, self._clock.time)

    def _scan_and_judge(self, wanted: Settings) -> Ending:
        deadline = self._shell.begin_budget(wanted.timeout)
        desk = self._shell.desk(wanted.github_token.get_secret_value() if wanted.github_token else None, wanted.commit)
        recollection = Recollection(desk, self._clock, Signer(wanted.api_key.get_secret_value()), wanted.check_name)
        check = CheckRun(desk, recollection, wanted.check_name, self._clock.time) if wanted.check_run else None
        files = ReportFiles(self._platform, Wanted.by(wanted), self._clock.time)
        self._shell.places.add(self._places(wanted, desk, files, check), desk)
        rules = read_rules(Workspace(self._platform.workspace), wanted.ignore_file)
        _make_room(files)

        def begun(started: Started) -> None:
            self._shell.start(started)
            self._platform.info(f"scan {started.scan_id}, report at {started.report_url}")
            if started.site and (wanted.check_run or wanted.baseline == AUTO):
                recollection.begin(started.site)

        heartbeat = Heartbeat(self._clock, deadline, self._platform, self._shell.progress, self._platform.beat_s)
        what = f"scan {wanted.scan_id}" if wanted.scan_id else f"{wanted.url}"
        with self._connect(wanted) as http, self._platform.group(f"SecuProbe scans {what}"):
            client = client_for(wanted, http, deadline, heartbeat, self._platform)
            scanner = Scanner(client, wanted.api_url, heartbeat, deadline, wanted.site, recollection.lengths)
            only_new = wanted.policy.only_new
            comparing = Comparing(
                scanner, recollection.recalled, wanted.baseline, wanted.site, only_new=only_new, known=recollection.known
            )
            drive(comparing.prepare(), client.wait)
            earlier = self._earlier_attempt(wanted, recollection, check)
            target = wanted.target.get_secret_value() if wanted.target else None
            judging = Judging(wanted.policy, rules, self._clock.time)
            judged = drive(judging.steps(scanner.run(target, wanted.scan_id, begun, earlier), comparing), client.wait)
        remarks = files.remarks(judged.report, judged.verdict)
        return replace(judged, verdict=replace(judged.verdict, warnings=(*judged.verdict.warnings, *remarks)))

    def _places(self, wanted: Settings, desk: Desk, files: ReportFiles, check: CheckRun | None) -> Iterator[Place]:
        """Yield the places of a scan; a new one is a line here."""
        platform = self._platform
        yield files
        yield LogTable(platform)
        if check:
            yield check
        if wanted.pr_comment is not CommentMode.OFF:
            always = wanted.pr_comment is CommentMode.ALWAYS
            yield PullRequestComment(
                desk, wanted.check_name, wanted.site, always=always, shows_progress=platform.comments_progress
            )
        if wanted.issue:
            yield KeptIssue(desk, wanted.check_name, wanted.site)
        yield PlatformResult(platform, wanted.check_name, wanted.site)

    def _earlier_attempt(self, wanted: Settings, recollection: Recollection, check: CheckRun | None) -> str | None:
        """Return the scan that an earlier attempt of this workflow run launched and didn't judge, or None."""
        if wanted.scan_id or wanted.site is None or check is None or self._platform.attempt == 1:
            return None
        try:
            found = recollection.earlier_attempt(wanted.site)
        except ForgeError as error:
            text = f"It is not known whether an earlier attempt launched a scan, so one is launched: {error}."
            self._platform.warn(text)
            return None
        if found is None:
            return None
        check.adopt(found.kept.id)
        self._platform.info(
            f"Attempt {found.memory.attempt} launched scan {found.memory.seen} and didn't judge it: going on with it."
        )
        return found.memory.seen


def _make_room(files: ReportFiles) -> None:
    """Refuse what can't be written before a scan is spent on it, and remove what an earlier run left."""
    mistakes = [Mistake("reports", path, problem) for path, problem in files.problems()]
    if mistakes:
        raise InputError(mistakes)
    try:
        files.clear()
    except OSError as error:
        accepted = f"holds an earlier run's report that can't be removed ({error.strerror or error})"
        raise InputError([Mistake("reports", str(error.filename), accepted)]) from error
