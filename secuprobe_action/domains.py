"""The account's domains: listed for people, and as a matrix for a workflow that scans them all."""

import fnmatch
import json
import re
from collections.abc import Callable, Mapping, Sequence

import httpx

from secuprobe_action import settings
from secuprobe_action.api.wire import Domain
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.connecting import client_for
from secuprobe_action.errors import ActionError, Cancelled, ExitCode
from secuprobe_action.platforms.base import Level, Platform
from secuprobe_action.publishing import Publisher
from secuprobe_action.reports import domains as report
from secuprobe_action.settings import DomainFilter
from secuprobe_action.text import one_line, plural

MAX_JOBS = 256
"""Jobs that a matrix may make in a workflow run (docs.github.com, "Usage limits")."""

ASSUMED_REQUESTS_PER_MINUTE = 60
"""Where no answer states the key's limit: that of the smallest plan with API access (API documentation, Rate Limits)."""

REQUESTS_PER_JOB = 3
"""A minute, of each job that scans while others do: with more jobs than the limit allows so, they mostly wait for each other
(docs/benchmarks.md, "Fleets")."""

MAX_ERROR = 500
"""Of the output that hands an error to the overview of an estate."""

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


def run(
    platform: Platform,
    clock: Clock,
    connect: Callable[[DomainFilter], httpx.Client],
    environment: Mapping[str, str],
    flags: Mapping[str, str | None],
) -> ExitCode:
    """List the account's domains; return the exit code, whatever happens.

    Args:
        platform: where it runs.
        clock: what it waits with.
        connect: opens the HTTP client for the settings.
        environment: the process's environment.
        flags: the command line's values by input name; None where a flag wasn't given.
    """
    inputs = settings.read_inputs(environment, platform.input_prefixes, flags, settings.DOMAIN_DEFAULTS)
    if inputs["api_key"]:
        platform.mask(inputs["api_key"])
    publisher = Publisher(platform, clock)
    try:
        wanted = settings.validate_domain_filter(inputs, environment)
        deadline = Deadline.starting_now(clock, wanted.timeout)
        with connect(wanted) as http:
            client = client_for(wanted, http, deadline, clock, platform)
            known = client.domains().domains
        limit = client.requests_per_minute or ASSUMED_REQUESTS_PER_MINUTE
        _show(platform, chosen(known, wanted.include, wanted.exclude), wanted.format, limit)
    except ActionError as error:
        platform.set_output("error", one_line(error.message, MAX_ERROR))
        publisher.error(error)
        return error.exit_code
    except Cancelled as cancelled:
        publisher.cancelled(cancelled)
        return cancelled.exit_code
    except Exception as error:  # noqa: BLE001  # a fault of ours must end as an error too
        return publisher.fault(error, inputs["api_key"])
    return ExitCode.PASSED


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


def _show(platform: Platform, domains: Sequence[Domain], how: str, requests_per_minute: int) -> None:
    listed = [{"hostname": one_line(d.hostname), "validated": d.is_validated, "created_at": d.created_at} for d in domains]
    # A host name goes into URLs, job names and matrices: only what is one, and only what SecuProbe would scan.
    hosts = [d.hostname.lower() for d in domains if d.is_validated and _HOST_NAME.match(d.hostname.lower())]
    if len(hosts) > MAX_JOBS:
        left_out = plural(len(hosts) - MAX_JOBS, "domain")
        text = f"A matrix makes at most {MAX_JOBS} jobs, so {left_out} are not in it; use include or exclude to make several."
        platform.annotate(Level.WARNING, "SecuProbe domains", text)
    matrix = {"include": [{"hostname": host, "url": f"https://{host}"} for host in hosts[:MAX_JOBS]]}
    platform.set_output("domains", json.dumps(listed))
    platform.set_output("matrix", json.dumps(matrix))
    platform.set_output("max_parallel", str(max(1, requests_per_minute // REQUESTS_PER_JOB)))
    platform.set_output("count", str(len(matrix["include"])))
    platform.publish_summary(report.summary([(domain.hostname, domain.is_validated) for domain in domains]))
    platform.info(json.dumps(listed, indent=2) if how == "json" else _table(domains))


def _table(domains: Sequence[Domain]) -> str:
    rows = [f"{one_line(d.hostname, 60):<62}{'validated' if d.is_validated else 'not validated'}" for d in domains]
    return "\n".join([f"{'DOMAIN':<62}STATUS", *rows, f"{plural(len(domains), 'domain')}"])
