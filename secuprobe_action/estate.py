"""The scans of many sites in one overview: the last step of a workflow that scans each in a job of its own."""

import json
from collections.abc import Iterable, Iterator, Mapping

from secuprobe_action import settings
from secuprobe_action.errors import ExitCode, InputError, Mistake
from secuprobe_action.findings.endings import Done
from secuprobe_action.findings.estate import Estate, Result, Site
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import estate as report
from secuprobe_action.reports.json_reader import UnreadableReport, read
from secuprobe_action.shell import Shell
from secuprobe_action.workspace import Workspace

_EXIT_CODES = {Result.PASSED: ExitCode.PASSED, Result.FAILED: ExitCode.GATE_FAILED, Result.ERROR: ExitCode.SCAN_ERROR}


OUTPUTS: Mapping[str, str] = {"result": "error", "sites": "[]", "failed_count": "", "error_count": "", "new_count": ""}
"""The outputs, and what each is where nothing better is known; a test holds them against estate/action.yml."""


def run(shell: Shell, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> ExitCode:
    """Show the reports of many sites in one overview; return the exit code: that of the whole estate.

    Args:
        shell: what it runs in.
        environment: the process's environment.
        flags: the command line's values by input name; None where a flag wasn't given.
    """

    def command(inputs: Mapping[str, str]) -> Done:
        wanted = settings.validate_estate(inputs)
        workspace = Workspace(shell.platform.workspace)
        expected = {} if wanted.domains_error else _expected(workspace, wanted.domains_file)
        sites = _complete(_read(workspace, wanted.report_files), expected)
        if wanted.domains_error:
            sites.append(Site("all domains", Result.ERROR, f"They could not be listed: {wanted.domains_error}"))
        estate = Estate.of(sites)
        _show(shell.platform, estate)
        return Done(_EXIT_CODES[estate.result])

    return shell.run(settings.ESTATE_DEFAULTS, environment, flags, command)


def _expected(workspace: Workspace, path: str | None) -> Mapping[str, bool]:
    """Return the sites that should be there, each with whether it is validated.

    Raises:
        InputError: the file isn't what the command `domains` writes.
    """
    if path is None:
        return {}
    try:
        listed = json.loads(workspace.read(path) or "")
        return {str(entry["hostname"]).lower(): entry["validated"] is True for entry in listed}
    except (OSError, ValueError, TypeError, KeyError) as error:
        accepted = "must be a file of the workspace that the action secuprobe-scan-action/domains wrote (its input file)"
        raise InputError([Mistake("domains_file", path, accepted)]) from error


def _read(workspace: Workspace, patterns: Iterable[str]) -> Iterator[Site]:
    for path in dict.fromkeys(path for pattern in patterns for path in workspace.find(pattern)):
        try:
            yield read(workspace.read(path) or "")
        except (UnreadableReport, OSError, UnicodeDecodeError) as error:
            yield Site(path, Result.ERROR, f"Its report can't be read: {error}")


def _complete(sites: Iterable[Site], expected: Mapping[str, bool]) -> list[Site]:
    """Add what should be there and isn't: a site whose job left no report must not be missed."""
    known = list(sites)
    missing = expected.keys() - {site.name for site in known}
    return known + [_missing(name, validated=expected[name]) for name in missing]


def _missing(name: str, *, validated: bool) -> Site:
    if validated:
        return Site(name, Result.ERROR, "It left no report: its job was skipped, or its log says why")
    return Site(name, Result.NOT_VALIDATED, "The domain is not validated at SecuProbe, so it was not scanned")


def _show(platform: Platform, estate: Estate) -> None:
    new = estate.new
    platform.set_output("result", estate.result.label)
    platform.set_output("sites", json.dumps(report.as_json(estate)))
    for result in (Result.FAILED, Result.ERROR):
        platform.set_output(f"{result.label}_count", str(len(estate.having(result))))
    platform.set_output("new_count", "" if new is None else str(len(new)))
    platform.publish_summary(report.summary(estate))
    for site in estate.having(Result.NOT_VALIDATED):
        platform.annotate(Level.WARNING, f"SecuProbe: {site.name}", site.reason)
    if estate.result is not Result.PASSED:
        platform.annotate(Level.ERROR, f"SecuProbe estate: {estate.result.label}", estate.reason)
    for site in [*estate.having(Result.FAILED), *estate.having(Result.ERROR)]:
        platform.annotate(Level.ERROR, f"SecuProbe: {site.name}", site.reason)
    platform.info(report.plain(estate))
