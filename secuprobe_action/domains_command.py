"""The account's domains: listed for people, and as a matrix for a workflow that scans them all."""

import json
from collections.abc import Callable, Mapping, Sequence

import httpx

from secuprobe_action import settings
from secuprobe_action.api.choosing import chosen
from secuprobe_action.api.steps import drive
from secuprobe_action.api.window import ASSUMED_LIMIT
from secuprobe_action.api.wire import Domain
from secuprobe_action.connecting import client_for
from secuprobe_action.errors import ExitCode
from secuprobe_action.findings.endings import Done
from secuprobe_action.findings.sites import host_of
from secuprobe_action.inputs import DOMAIN_DEFAULTS
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.reports import domain_table
from secuprobe_action.settings import DomainFilter
from secuprobe_action.shell import Shell
from secuprobe_action.text import one_line, plural

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
}
"""The outputs, and what each is where nothing better is known; a test holds them against domains/action.yml."""


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
        _show(shell.platform, domains, wanted.format, limit)
        return Done(ExitCode.PASSED)

    return shell.run(DOMAIN_DEFAULTS, environment, flags, command)


def _listed(domains: Sequence[Domain]) -> str:
    listed = [{"hostname": one_line(d.hostname), "validated": d.is_validated, "created_at": d.created_at} for d in domains]
    return json.dumps(listed)


def _show(platform: Platform, domains: Sequence[Domain], how: str, requests_per_minute: int) -> None:
    # A host name goes into URLs, job names and matrices: only what is one, and only what SecuProbe would scan.
    known = [host_of(domain.hostname) for domain in domains if domain.is_validated]
    hosts = list(dict.fromkeys(host for host in known if host))
    if len(hosts) > MAX_JOBS:
        left_out = plural(len(hosts) - MAX_JOBS, "domain")
        text = f"A matrix makes at most {MAX_JOBS} jobs, so {left_out} are not in it; use include or exclude to make several."
        platform.annotate(Level.WARNING, "SecuProbe domains", text)
    matrix = {"include": [{"hostname": host, "url": f"https://{host}"} for host in hosts[:MAX_JOBS]]}
    platform.set_output("domains", _listed(domains))
    platform.set_output("matrix", json.dumps(matrix))
    platform.set_output("max_parallel", str(max(1, requests_per_minute // REQUESTS_PER_JOB)))
    platform.set_output("count", str(len(matrix["include"])))
    platform.publish_summary(domain_table.summary([(domain.hostname, domain.is_validated) for domain in domains]))
    platform.info(json.dumps(json.loads(_listed(domains)), indent=2) if how == "json" else _table(domains))


def _table(domains: Sequence[Domain]) -> str:
    rows = [f"{one_line(d.hostname, 60):<62}{'validated' if d.is_validated else 'not validated'}" for d in domains]
    return "\n".join([f"{'DOMAIN':<62}STATUS", *rows, f"{plural(len(domains), 'domain')}"])
