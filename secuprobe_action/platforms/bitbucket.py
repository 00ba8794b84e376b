"""Bitbucket Pipelines: the Code Insights report of the commit. It must not know about SecuProbe's API."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import httpx

from secuprobe_action.errors import InputError
from secuprobe_action.findings.gate import Assessed, Verdict, describe_counts
from secuprobe_action.findings.identity import digest, identify
from secuprobe_action.findings.model import ScanReport, Severity
from secuprobe_action.findings.progress import Progress
from secuprobe_action.network import Network, Proxy
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.text import one_line, printable, sharing

# developer.atlassian.com, Bitbucket Cloud REST API, Reports
ANNOTATIONS_A_REQUEST = 100
MAX_ANNOTATIONS = 1_000
MAX_DETAILS = 2_000
MAX_SUMMARY = MAX_TITLE = 450

TOKEN_VARIABLE = "SECUPROBE_BITBUCKET_TOKEN"  # noqa: S105  # a variable's name
# The pipeline's proxy adds the authentication, to plain HTTP only. A pipe runs in a container of its own.
_PROXIES = (Proxy("http", "localhost", 29418), Proxy("http", "host.docker.internal", 29418))
_API = "http://api.bitbucket.org"
_REQUEST_TIMEOUT_S = 10.0

_SEVERITIES = {
    Severity.UNKNOWN: "CRITICAL",
    Severity.CRITICAL: "CRITICAL",
    Severity.HIGH: "HIGH",
    Severity.MEDIUM: "MEDIUM",
    Severity.LOW: "LOW",
    Severity.INFO: "LOW",
}


class Bitbucket(Terminal):
    """A step of a Bitbucket pipeline, or a pipe in one.

    Args:
        environment: the process's environment.
        out: where the log goes.
    """

    definition_file = "bitbucket-pipelines.yml"
    has_results = True
    forge_needs = "GitHub or GitLab"

    def __init__(self, environment: Mapping[str, str], out: TextIO) -> None:
        super().__init__(environment, out)
        self.workspace = Path(environment.get("BITBUCKET_CLONE_DIR") or Path.cwd())

    def publish_result(self, name: str, report: ScanReport, verdict: Verdict) -> None:
        """Put the report on the commit, with its annotations, in place of an earlier one of the same name and site.

        Raises:
            ForgeError: Bitbucket did not take it.
        """
        report_id = _report_id(name, report.site)
        shown, annotations = _report(report, verdict), list(_annotations(report_id, report, verdict))
        self._asking(lambda http: _publish(http, report_id, shown, annotations))

    def publish_progress(self, name: str, site: str | None, progress: Progress, report_url: str | None) -> None:
        """Have the report on the commit say that it is pending; an earlier one's annotations stay until there is a verdict.

        Raises:
            ForgeError: Bitbucket did not take it.
        """
        pending = _pending(site, progress, report_url)
        self._asking(lambda http: _accepted(http.put(f"/{_report_id(name, site)}", json=pending)))

    def publish_no_result(self, name: str, site: str | None, title: str, message: str, report_url: str | None) -> None:
        """Put a failed report on the commit, in place of an earlier one of the same name and site: it may have passed.

        Raises:
            ForgeError: Bitbucket did not take it.
        """
        report = _unjudged(site, title, message, report_url)
        self._asking(lambda http: _publish(http, _report_id(name, site), report, []))

    def _asking(self, ask: Callable[[httpx.Client], None]) -> None:
        """Do what `ask` does, by the first way to Bitbucket that there is."""
        problem = "no way to it was found"
        for proxy in self.ways():
            try:
                with self._client(proxy) as http:
                    ask(http)
                    return
            except InputError as error:
                raise ForgeError(f"Bitbucket can't be asked: {error.message}") from error
            except httpx.ConnectError as error:
                problem = f"no connection ({one_line(str(error), 100)})"
            except httpx.HTTPError as error:
                raise ForgeError(f"Bitbucket could not be reached ({type(error).__name__})") from error
        raise ForgeError(f"Bitbucket could not be reached: {problem}")

    def ways(self) -> Sequence[Proxy | None]:
        """Return the proxies to try, the likelier one first, or a None where the environment decides."""
        if self._environment.get(TOKEN_VARIABLE):
            return [None]
        return _PROXIES if "BITBUCKET_PIPE_STORAGE_DIR" not in self._environment else tuple(reversed(_PROXIES))

    def _client(self, proxy: Proxy | None) -> httpx.Client:
        token = self._environment.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        api = self._environment.get("SECUPROBE_BITBUCKET_API_URL") or (_API.replace("http:", "https:") if token else _API)
        slug = f"{self._environment.get('BITBUCKET_WORKSPACE', '')}/{self._environment.get('BITBUCKET_REPO_SLUG', '')}"
        base_url = f"{api}/2.0/repositories/{slug}/commit/{self._environment.get('BITBUCKET_COMMIT', '')}/reports"
        network = Network.of(self._environment)
        way = proxy or network.proxy_for(base_url)
        return network.client_through(way, base_url=base_url, headers=headers, timeout=_REQUEST_TIMEOUT_S)


def _publish(http: httpx.Client, report_id: str, report: dict[str, Any], annotations: list[dict[str, Any]]) -> None:
    # An update keeps the annotations of findings that are gone, so the report is made anew.
    _accepted(http.delete(f"/{report_id}"), also=404)
    _accepted(http.put(f"/{report_id}", json=report))
    for start in range(0, len(annotations), ANNOTATIONS_A_REQUEST):
        _accepted(http.post(f"/{report_id}/annotations", json=annotations[start : start + ANNOTATIONS_A_REQUEST]))


def _report_id(name: str, site: str | None) -> str:
    """Return a report's id: the sites that one commit is deployed to have one each, whatever of them is readable in it."""
    readable = re.sub(r"[^a-z0-9]+", "-", f"{name} {site or ''}".lower())[:60].strip("-")
    return f"secuprobe-{readable}{'-' if readable else ''}{digest(name, site, length=8)}"


def _head(site: str | None) -> dict[str, Any]:
    title = one_line(f"SecuProbe security scan{f': {site}' if site else ''}", MAX_TITLE)
    return {"title": title, "report_type": "SECURITY", "reporter": "SecuProbe"}


def _report(report: ScanReport, verdict: Verdict) -> dict[str, Any]:
    data: list[dict[str, Any]] = [
        {"title": severity.label.capitalize(), "type": "NUMBER", "value": verdict.counts[severity]}
        for severity in reversed(Severity)
        if severity is not Severity.UNKNOWN or verdict.counts[severity]
    ]
    if report.score is not None:
        data.insert(0, {"title": "SecuScore (of 100)", "type": "NUMBER", "value": report.score})
    data.append({"title": "Duration", "type": "DURATION", "value": round(report.duration_s * 1000)})
    counts = describe_counts(verdict.counts) or "no findings"
    details = f"{verdict.reason}. {counts}.{_cut(verdict)} {' '.join(verdict.warnings)}"
    return {
        **_head(report.site),
        "details": one_line(details, MAX_DETAILS),
        "link": report.report_url,
        "result": "PASSED" if verdict.passed else "FAILED",
        "data": data,
    }


def _unjudged(site: str | None, title: str, message: str, report_url: str | None) -> dict[str, Any]:
    link = {"link": report_url} if report_url else {}
    return {**_head(site), "details": one_line(f"{title}: {message}", MAX_DETAILS), **link, "result": "FAILED", "data": []}


def _pending(site: str | None, progress: Progress, report_url: str | None) -> dict[str, Any]:
    link = {"link": report_url} if report_url else {}
    share = progress.fraction
    data = [] if share is None else [{"title": "Progress", "type": "PERCENTAGE", "value": round(100 * share)}]
    return {**_head(site), "details": one_line(progress.line, MAX_DETAILS), **link, "result": "PENDING", "data": data}


def _cut(verdict: Verdict) -> str:
    if len(verdict.findings) <= MAX_ANNOTATIONS:
        return ""
    return f" Shown are the worst {MAX_ANNOTATIONS:,} of {len(verdict.findings):,} findings: Bitbucket takes no more."


def _annotations(report_id: str, report: ScanReport, verdict: Verdict) -> Iterator[dict[str, Any]]:
    identities = identify(report.site, [assessed.finding for assessed in verdict.findings])
    for assessed, identity in list(zip(verdict.findings, identities, strict=True))[:MAX_ANNOTATIONS]:
        yield _annotation(f"{report_id}-{identity.key}", assessed, report)


def _annotation(external_id: str, assessed: Assessed, report: ScanReport) -> dict[str, Any]:
    finding = assessed.finding
    accepted = f"Accepted: {one_line(assessed.accepted.reason, 300)}\n\n" if assessed.accepted else ""
    between = "\n\nRemediation: "
    room = MAX_DETAILS - len(accepted) - len(between)
    seen, mend = sharing(printable(finding.description or "No description."), printable(finding.remediation or "no guide"), room)
    return {
        "external_id": external_id,
        "annotation_type": "VULNERABILITY",
        "summary": one_line(f"{finding.title or 'No title'} ({finding.category or 'no category'})", MAX_SUMMARY),
        "details": f"{accepted}{seen}{between}{mend}",
        "severity": _SEVERITIES[finding.severity],
        "result": "IGNORED" if assessed.accepted else "FAILED" if assessed.fails else "PASSED",
        "link": report.report_url,
    }


def _accepted(answer: httpx.Response, also: int | None = None) -> None:
    if answer.is_success or answer.status_code == also:
        return
    hint = f"; {TOKEN_VARIABLE} needs the scope to write repositories" if answer.status_code in (401, 403) else ""
    raise ForgeError(f"Bitbucket answered {answer.status_code} to {answer.request.method}{hint}")
