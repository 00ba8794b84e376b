"""GitLab's DAST report, schema 15.2.1, for the security widget and the vulnerability report (GitLab Ultimate).

GitLab tells vulnerabilities apart by the first identifier and the location without its host (gitlabhq/gitlabhq,
`lib/gitlab/ci/parsers/security/common.rb`), DefectDojo by severity, name and description.
"""

import datetime as dt
import json
import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from secuprobe_action import __version__
from secuprobe_action.findings.model import Severity
from secuprobe_action.reports.escape import markdown_block, uri
from secuprobe_action.reports.story import Format, Named, Story, Trouble
from secuprobe_action.text import capitalised, one_line

SCHEMA_VERSION = "15.2.1"
MAX_NAME, MAX_SOLUTION, MAX_DESCRIPTION = 255, 7_000, 500_000
"""The schema's lengths, of the description a half: the file has a limit too."""

_SHOWN = 20_000
"""Characters of a description to show, before what is markup in them is escaped."""

_SEVERITIES = {
    Severity.UNKNOWN: "Unknown",
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Info",
}
"""The severities of the schema."""

_NAMESPACE = uuid.UUID("6f1d1f5e-2f0b-5d5e-9c38-1b0f3a8f2b11")
_VENDOR = {"name": "SecuProbe"}
_TOOL = {"id": "secuprobe", "name": "SecuProbe", "version": __version__, "vendor": _VENDOR}


def render(story: Story) -> str:
    """Return every finding, worst first. GitLab keeps its own list of dismissed ones, so accepted ones are in it too.

    Where not all findings are known the scan's status is failure, and a message says why.
    """
    url = one_line(story.report.url or story.report.report_url)
    gap = story.gap
    return _document(
        url,
        started_at=story.finished_at - dt.timedelta(seconds=story.report.duration_s),
        finished_at=story.finished_at,
        problem=f"{capitalised(gap)}, so what is missing here is not known to be fixed." if gap else None,
        vulnerabilities=[_vulnerability(named, url, story.report.report_url) for named in story.named()],
    )


def failure(trouble: Trouble) -> str:
    """Return a failed scan, with a message that says why."""
    return _document(
        one_line(trouble.url or trouble.report_url or trouble.site or "unknown"),
        started_at=trouble.finished_at,
        finished_at=trouble.finished_at,
        problem=f"{trouble.title}: {trouble.message}",
        vulnerabilities=[],
    )


def _document(
    url: str, *, started_at: dt.datetime, finished_at: dt.datetime, problem: str | None, vulnerabilities: list[dict[str, Any]]
) -> str:
    messages = {"messages": [{"level": "fatal", "value": one_line(problem, 5_000)}]} if problem else {}
    scan = {
        "analyzer": _TOOL,
        "scanner": _TOOL,
        "type": "dast",
        "status": "failure" if problem else "success",
        **messages,
        "start_time": _time(started_at),
        "end_time": _time(finished_at),
        "scanned_resources": [{"method": "GET", "url": url, "type": "url"}],
    }
    return json.dumps({"version": SCHEMA_VERSION, "scan": scan, "vulnerabilities": vulnerabilities}) + "\n"


def _vulnerability(named: Named, url: str, report_url: str) -> dict[str, Any]:
    finding, identity = named.assessed.finding, named.identity
    name = named.title(MAX_NAME)
    return {
        "id": str(uuid.uuid5(_NAMESPACE, identity.key)),
        "name": name,
        "description": _description(named),
        "severity": _SEVERITIES[finding.severity],
        "solution": markdown_block(finding.remediation or "No remediation guide.", MAX_SOLUTION, MAX_SOLUTION),
        # Only one: GitLab takes two vulnerabilities for the same where any of their identifiers is.
        "identifiers": [{"type": "secuprobe", "name": f"SecuProbe {identity.key[:8]}: {name}"[:MAX_NAME], "value": identity.key}],
        "links": [{"name": "SecuProbe report", "url": uri(report_url)}],
        "evidence": {
            "source": {"id": "secuprobe", "name": "SecuProbe", "url": uri(report_url)},
            "summary": named.label(1_000),
        },
        "location": _location(url),
    }


def _description(named: Named) -> str:
    """Return the description, with what a reader that looks at name and text only tells the finding by."""
    text = markdown_block(named.assessed.finding.description or "No description.", _SHOWN, MAX_DESCRIPTION)
    site = f"Site: {markdown_block(named.site, 300, 10_000)}<br>" if named.site else ""
    return f"{text}<br><br>{site}Finding: {named.identity.key[:16]}"


def _location(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return {"hostname": url, "path": "/"}
    if not re.fullmatch("https?", parts.scheme):
        return {"hostname": url, "path": "/"}
    return {"hostname": f"{parts.scheme}://{parts.netloc}", "method": "GET", "path": parts.path or "/"}


def _time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


FORMAT = Format(render, failure)
