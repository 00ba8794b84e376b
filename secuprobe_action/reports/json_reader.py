"""Reads the report format `json` back, as far as an overview of many sites needs it. Only what uses it should import it."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from secuprobe_action.findings.estate import Result, Site
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports.json_report import SCHEMA_VERSION
from secuprobe_action.text import one_line


class UnreadableReport(Exception):
    """A file is no report; the message says why."""


class _Scan(BaseModel):
    id: str | None
    url: str | None
    score: FiniteFloat | None
    report_url: Annotated[str, Field(pattern=r"^https?://")] | None


class _Verdict(BaseModel):
    passed: bool
    reason: str


class _Error(BaseModel):
    title: str
    message: str


class _Finding(BaseModel):
    title: str | None
    severity: str
    severity_text: str | None
    category: str | None
    change: Literal["new", "unchanged"] | None
    accepted: object


class _Report(BaseModel):
    schema_version: int
    scan: _Scan
    verdict: _Verdict | None
    error: _Error | None
    counts: Mapping[str, Annotated[int, Field(ge=0)]] | None
    findings: tuple[_Finding, ...]
    baseline: object


def read(text: str) -> Site:
    """Return the site that a report is about.

    Args:
        text: the report, as `json_report` wrote it.

    Raises:
        UnreadableReport: it isn't one, or one of another version.
    """
    try:
        report = _Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UnreadableReport(one_line(f"{place + ': ' if place else ''}{first['msg']}", 200)) from None
    if report.schema_version != SCHEMA_VERSION:
        raise UnreadableReport(f"schema_version is {report.schema_version}, not {SCHEMA_VERSION}")
    return _site(report)


def _site(report: _Report) -> Site:
    verdict, error = report.verdict, report.error
    if verdict is None:
        result, reason = Result.ERROR, error.message if error else "The report holds no verdict"
    else:
        result, reason = Result.PASSED if verdict.passed else Result.FAILED, verdict.reason
    return Site(
        name=_name(report.scan),
        result=result,
        reason=reason,
        score=report.scan.score,
        counts=None if report.counts is None else {Severity.parse(name): count for name, count in report.counts.items()},
        new=None if report.baseline is None else _new(report.findings),
        report_url=report.scan.report_url,
    )


def _name(scan: _Scan) -> str:
    """Return the URL without what every site's has: `https://` and a lone `/`."""
    if scan.url is None:
        return f"scan {scan.id}"
    try:
        parts = urlsplit(scan.url)
    except ValueError:
        return scan.url
    plain = parts.scheme == "https" and parts.path in ("", "/") and not parts.query
    return parts.netloc.lower() if plain and parts.netloc else scan.url


def _new(findings: tuple[_Finding, ...]) -> tuple[Finding, ...]:
    """Return the new ones, worst first as the report lists them, without accepted risks."""
    return tuple(
        Finding(f.title, Severity.parse(f.severity), f.severity_text, f.category)
        for f in findings
        if f.change == "new" and f.accepted is None
    )
