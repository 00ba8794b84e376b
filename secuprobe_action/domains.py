"""The account's domains: listed for people, and as a matrix for a workflow that scans them all."""

import fnmatch
import json
import re
from collections.abc import Callable, Mapping, Sequence

import httpx

from secuprobe_action import settings
from secuprobe_action.api.steps import drive
from secuprobe_action.api.window import ASSUMED_LIMIT
from secuprobe_action.api.wire import Domain
from secuprobe_action.connecting import client_for
from secuprobe_action.errors import ExitCode, InputError, Mistake
from secuprobe_action.findings.endings import Done
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import domains as report
from secuprobe_action.settings import DomainFilter
from secuprobe_action.shell import Shell
from secuprobe_action.text import one_line, plural
from secuprobe_action.workspace import Workspace

MAX_JOBS = 256
"""Jobs that a matrix may make in a workflow run (docs.github.com, "Usage limits")."""

REQUESTS_PER_JOB = 3
"""A minute, of each job that scans while others do: with more jobs than the limit allows so, they mostly wait for each other
(docs/benchmarks.md, "Fleets")."""

OUTPUTS: Mapping[str, str] = {
    "domains": "[]",
    "matrix": '{"include": []}',
    "max_parallel": "1",
    "count": "0",
    "error": "",
}
"""The outputs, and what each is where nothing better is known; a test holds them against domains/action.yml."""

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


def run(
    shell: Shell,
    connect: Callable[[DomainFilter], httpx.Client],
    environment: Mapping[str, str],
    flags: Mapping[str, str | None],
) -> ExitCode:
    """List the account's domains; return the exit code, whatever happens.

    Args:
        shell: what it runs in.
        connect: opens the HTTP client for the settings.
        environment: the process's environment.
        flags: the command line's values by input name; None where a flag wasn't given.
    """

    def command(inputs: Mapping[str, str]) -> Done:
        wanted = settings.validate_domain_filter(inputs, environment)
        deadline = shell.begin_budget(wanted.timeout)
        with connect(wanted) as http:
            client = client_for(wanted, http, deadline, shell.clock, shell.platform)
            known = drive(client.domains(), client.wait).domains
        limit = client.window.newest.limit or ASSUMED_LIMIT
        domains = chosen(known, wanted.include, wanted.exclude)
        if wanted.file:
            _write(shell.platform, wanted.file, domains)
        _show(shell.platform, domains, wanted.format, limit)
        return Done(ExitCode.PASSED)

    return shell.run(settings.DOMAIN_DEFAULTS, environment, flags, command)


def chosen(domains: Sequence[Domain], include: Sequence[str], exclude: Sequence[str]) -> list[Domain]:
    """Return the domains to list, by name.

    Args:
        domains: what the account has.
        include: globs of host names; empty: all.
        exclude: globs of host names to leave out.
    """
    return sorted(
        (
            domain
            for domain in domains
            if (not include or _covers(include, domain.hostname)) and not _covers(exclude, domain.hostname)
        ),
        key=lambda domain: domain.hostname.lower(),
    )


def _covers(patterns: Sequence[str], hostname: str) -> bool:
    return any(fnmatch.fnmatchcase(hostname.lower(), pattern) for pattern in patterns)


def _listed(domains: Sequence[Domain]) -> str:
    listed = [{"hostname": one_line(d.hostname), "validated": d.is_validated, "created_at": d.created_at} for d in domains]
    return json.dumps(listed)


def _write(platform: Platform, path: str, domains: Sequence[Domain]) -> None:
    """Write the domains to a file: what grows with the account can't be handed to a container by an input."""
    try:
        Workspace(platform.workspace).write(path, _listed(domains) + "\n")
    except OSError as error:
        raise InputError([Mistake("file", path, f"can't be written ({error.strerror or error})")]) from error


def _show(platform: Platform, domains: Sequence[Domain], how: str, requests_per_minute: int) -> None:
    # A host name goes into URLs, job names and matrices: only what is one, and only what SecuProbe would scan.
    hosts = [d.hostname.lower() for d in domains if d.is_validated and _HOST_NAME.match(d.hostname.lower())]
    if len(hosts) > MAX_JOBS:
        left_out = plural(len(hosts) - MAX_JOBS, "domain")
        text = f"A matrix makes at most {MAX_JOBS} jobs, so {left_out} are not in it; use include or exclude to make several."
        platform.annotate(Level.WARNING, "SecuProbe domains", text)
    matrix = {"include": [{"hostname": host, "url": f"https://{host}"} for host in hosts[:MAX_JOBS]]}
    platform.set_output("domains", _listed(domains))
    platform.set_output("matrix", json.dumps(matrix))
    platform.set_output("max_parallel", str(max(1, requests_per_minute // REQUESTS_PER_JOB)))
    platform.set_output("count", str(len(matrix["include"])))
    platform.publish_summary(report.summary([(domain.hostname, domain.is_validated) for domain in domains]))
    platform.info(json.dumps(json.loads(_listed(domains)), indent=2) if how == "json" else _table(domains))


def _table(domains: Sequence[Domain]) -> str:
    rows = [f"{one_line(d.hostname, 60):<62}{'validated' if d.is_validated else 'not validated'}" for d in domains]
    return "\n".join([f"{'DOMAIN':<62}STATUS", *rows, f"{plural(len(domains), 'domain')}"])
