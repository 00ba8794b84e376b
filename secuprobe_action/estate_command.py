"""Many sites in one step: which ones, what they are judged by, and where that is shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import httpx

from secuprobe_action import settings
from secuprobe_action.api.choosing import chosen
from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.steps import drive
from secuprobe_action.api.wire import Domain
from secuprobe_action.connecting import client_for
from secuprobe_action.errors import ExitCode
from secuprobe_action.findings.endings import Ending, Surveyed
from secuprobe_action.findings.overview import Result, Site
from secuprobe_action.findings.progress import Progress
from secuprobe_action.findings.sites import host_of, site_of
from secuprobe_action.ignore_file import read_rules
from secuprobe_action.inputs import ESTATE_DEFAULTS
from secuprobe_action.judging import Judging
from secuprobe_action.memory.estate_memory import EstateMemory
from secuprobe_action.memory.ledger import ESTATE
from secuprobe_action.memory.record import Signer
from secuprobe_action.places.alerts import Alerts
from secuprobe_action.places.base import Place
from secuprobe_action.places.estate_check import EstateCheck
from secuprobe_action.places.issue import KeptIssue
from secuprobe_action.places.log_table import LogTable
from secuprobe_action.places.site_reports import SiteReports
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.desk import Desk
from secuprobe_action.settings import EstateSettings
from secuprobe_action.shell import Shell
from secuprobe_action.survey import Means, Survey, Target
from secuprobe_action.text import one_line, plural
from secuprobe_action.values import AUTO
from secuprobe_action.workspace import Workspace

TRIES, PAUSE_S = 3, 10.0
"""Of the question what an earlier attempt launched."""

_Answer = TypeVar("_Answer")


class Run:
    """One run over many sites.

    Args:
        shell: what it runs in.
        connect: opens the HTTP client for the settings.
    """

    def __init__(self, shell: Shell, connect: Callable[[EstateSettings], httpx.Client]) -> None:
        self._shell = shell
        self._platform = shell.platform
        self._clock = shell.clock
        self._connect = connect
        self._told_at = float("-inf")

    def main(self, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> ExitCode:
        """Scan, judge and report every site; return the exit code, whatever happens.

        Args:
            environment: the process's environment.
            flags: the command line's values by input name; None where a flag wasn't given.
        """

        def command(inputs: Mapping[str, str]) -> Ending:
            skipped = self._shell.skipped(inputs, lambda desk: self._check(desk, inputs["check_name"]))
            return skipped or self._survey(settings.validate_estate(inputs, environment))

        return self._shell.run(ESTATE_DEFAULTS, environment, flags, command)

    def _check(self, desk: Desk, name: str) -> EstateCheck:
        """Return a check of which nothing is remembered."""
        return EstateCheck(desk, EstateMemory(desk, self._clock, Signer(""), name), name, self._clock.time)

    def _survey(self, wanted: EstateSettings) -> Surveyed:
        shell, platform = self._shell, self._platform
        deadline = shell.begin_budget(wanted.timeout)
        desk = shell.desk(wanted.github_token.get_secret_value() if wanted.github_token else None)
        memory = EstateMemory(desk, self._clock, Signer(wanted.api_key.get_secret_value()), wanted.check_name)
        check = EstateCheck(desk, memory, wanted.check_name, self._clock.time) if wanted.check_run else None
        workspace = Workspace(platform.workspace)
        reports = SiteReports(platform, workspace, wanted.reports, wanted.check_name, self._clock) if wanted.reports else None
        issue = KeptIssue(desk, wanted.check_name, ESTATE) if wanted.issue and wanted.policy.is_gate else None
        alerts = Alerts(desk, platform.definition_file, wanted.check_name, self._clock.time) if wanted.upload_sarif else None
        # The alerts last: they may take the longest.
        shown: Sequence[Place | None] = (check, reports, LogTable(platform), issue, alerts)
        shell.places.add([place for place in shown if place], desk)
        rules = read_rules(workspace, wanted.ignore_file)
        if reports:
            reports.prepare()
        with self._connect(wanted) as http, platform.group("SecuProbe scans many sites"):
            client = client_for(wanted, http, deadline, self._clock, platform)
            targets, rows = self._sites(wanted, client)
            sites = [target.site for target in targets]
            # First what may save scans; the look-up of what is compared with may take long.
            earlier = self._earlier_attempt(memory, check)
            memory.go_on_with(sites, earlier)
            if targets and (wanted.check_run or wanted.baseline == AUTO):
                memory.begin(sites)
            means = Means(
                client=client,
                clock=self._clock,
                deadline=deadline,
                log=platform,
                memory=memory,
                judging=Judging(wanted.policy, rules, self._clock.time),
                reports=reports,
                alerts=alerts,
                show=lambda progress: self._show(progress, check, alerts),
                tell_fault=shell.tell_fault,
            )
            return Survey(wanted, means, rows).run(targets, earlier)

    def _sites(self, wanted: EstateSettings, client: SecuProbeClient) -> tuple[Sequence[Target], Sequence[Site]]:
        """Return what is to be scanned, and the rows of what can't be."""
        if wanted.urls:
            return _once(Target(site_of(url.get_secret_value()), url.get_secret_value()) for url in wanted.urls), ()
        known = drive(client.domains(), client.wait).domains
        targets, rows = of_domains(chosen(known, wanted.include, wanted.exclude))
        self._platform.info(f"{plural(len(known), 'domain')} of the account, {len(targets):,} to scan")
        return targets, rows

    def _earlier_attempt(self, memory: EstateMemory, check: EstateCheck | None) -> Mapping[str, str]:
        """Return the scans that an earlier attempt of this workflow run launched, where it wasn't finished."""
        if check is None or self._platform.attempt == 1:
            return {}
        try:
            found = self._patiently(memory.earlier_attempt)
        except ForgeError as error:
            text = f"It is not known whether an earlier attempt launched scans, so new ones are launched: {error}."
            self._platform.warn(text)
            return {}
        if found is None:
            return {}
        check_id, scans = found
        check.adopt(check_id)
        self._platform.info(f"An earlier attempt launched {plural(len(scans), 'scan')} and wasn't finished: going on with them.")
        return scans

    def _patiently(self, ask: Callable[[], _Answer]) -> _Answer:
        """Ask the forge several times before scans are paid for that may be running already."""
        for _ in range(TRIES - 1):
            try:
                return ask()
            except ForgeError as error:
                self._platform.info(f"Asking again for what an earlier attempt launched: {error}.")
                self._clock.sleep(PAUSE_S)
        return ask()

    def _show(self, progress: Progress, check: EstateCheck | None, alerts: Alerts | None) -> None:
        now = self._clock.monotonic()
        if check:
            check.keep(progress)
        if alerts:
            alerts.keep()
        if now - self._told_at >= self._platform.beat_s:
            self._told_at = now
            self._shell.progress(progress)


def of_domains(domains: Iterable[Domain]) -> tuple[Sequence[Target], Sequence[Site]]:
    """Return the validated domains as what is to be scanned, and the rows of the others."""
    targets: list[Target] = []
    rows: list[Site] = []
    for domain in domains:
        host = host_of(domain.hostname)
        if not domain.is_validated:
            name = host or one_line(domain.hostname, 300)
            rows.append(Site(name, Result.NOT_VALIDATED, "The domain is not validated at SecuProbe, so it was not scanned"))
        elif host is None:
            rows.append(Site(one_line(domain.hostname, 300), Result.ERROR, "No host can be called so"))
        else:
            targets.append(Target(site_of(f"https://{host}"), f"https://{host}"))
    return _once(targets), rows


def _once(targets: Iterable[Target]) -> Sequence[Target]:
    """Return each site once, by the first that is named."""
    known: dict[str, Target] = {}
    for target in targets:
        known.setdefault(target.site, target)
    return list(known.values())
