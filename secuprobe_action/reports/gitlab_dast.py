"""GitLab's DAST report, schema 15.2.1, for the security widget and the vulnerability report (GitLab Ultimate)."""

import datetime as dt
import json
import uuid
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from secuprobe_action import __version__
from secuprobe_action.findings.baseline import fingerprint
from secuprobe_action.findings.model import Finding
from secuprobe_action.reports.story import Story
from secuprobe_action.text import one_line, printable

SCHEMA_VERSION = "15.2.1"
MAX_NAME, MAX_SOLUTION, MAX_DESCRIPTION = 255, 7_000, 100_000
"""The schema's lengths, of the description a tenth: the file has a limit too."""

_NAMESPACE = uuid.UUID("6f1d1f5e-2f0b-5d5e-9c38-1b0f3a8f2b11")


def render(story: Story) -> str:
    """Return every finding, worst first. GitLab keeps its own list of dismissed ones, so accepted ones are in it too."""
    vendor = {"name": "SecuProbe"}
    tool = {"id": "secuprobe", "name": "SecuProbe", "version": __version__, "vendor": vendor}
    url = one_line(story.report.url or "") or one_line(story.report.report_url)
    seen: Counter[str] = Counter()
    document = {
        "version": SCHEMA_VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "dast",
            "status": "success",
            "start_time": _time(story.finished_at - dt.timedelta(seconds=story.report.duration_s)),
            "end_time": _time(story.finished_at),
            "scanned_resources": [{"method": "GET", "url": url, "type": "url"}],
        },
        "vulnerabilities": [_vulnerability(assessed.finding, url, seen) for assessed in story.verdict.findings],
    }
    return json.dumps(document) + "\n"


def _vulnerability(finding: Finding, url: str, seen: Counter[str]) -> dict[str, Any]:
    identity = fingerprint(finding)
    seen[identity] += 1
    title = one_line(finding.title or "", MAX_NAME) or "No title"
    return {
        "id": str(uuid.uuid5(_NAMESPACE, f"{url} {identity} {seen[identity]}")),
        "name": title,
        "description": printable(finding.description or "No description.")[:MAX_DESCRIPTION],
        "severity": finding.severity.label.capitalize(),
        "solution": printable(finding.remediation or "No remediation guide.")[:MAX_SOLUTION],
        "identifiers": [{"type": "secuprobe", "name": title, "value": identity}],
        "location": _location(url),
    }


def _location(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return {"hostname": url, "path": "/"}
    return {"hostname": f"{parts.scheme}://{parts.netloc}", "method": "GET", "path": parts.path or "/"}


def _time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
