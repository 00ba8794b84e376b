"""DefectDojo's Generic Findings Import (DefectDojo/django-DefectDojo, dojo/tools/generic/json_parser.py: no other field).

SARIF is static code to DefectDojo, so a web finding has no endpoint there; here it has.
"""

import json
from typing import Any

from secuprobe_action.findings.model import Severity
from secuprobe_action.findings.sites import site_of
from secuprobe_action.reports.escape import markdown_block, uri
from secuprobe_action.reports.story import Format, Named, Story

MAX_TITLE = 500
"""DefectDojo's Finding.title holds 511 characters."""

MAX_TEXT = 20_000
_MAX_BLOCK = 200_000

_SEVERITIES = {
    Severity.UNKNOWN: "Critical",
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Info",
}


def render(story: Story) -> str | None:
    """Return the findings, worst first, accepted ones as accepted risks.

    None where not all of them are known: a re-import closes what a file doesn't hold.
    """
    if story.gap:
        return None
    return json.dumps({"findings": [_finding(named, story) for named in story.named()]}, indent=2) + "\n"


def _finding(named: Named, story: Story) -> dict[str, Any]:
    assessed = named.assessed
    finding, since = assessed.finding, assessed.since
    # Not in the description, by which DefectDojo tells findings: an accepted one would be another.
    reason = {"severity_justification": f"Accepted: {_block(assessed.accepted.reason)}"} if assessed.accepted else {}
    return {
        "title": named.title(MAX_TITLE),
        "severity": _SEVERITIES[finding.severity],
        "description": f"{_block(finding.description or 'No description.')}<br><br>Category: {_block(named.category)}",
        **reason,
        "mitigation": _block(finding.remediation or "No remediation guide."),
        "references": uri(story.report.report_url),
        "date": (since.seen.on if since else story.finished_at.date()).isoformat(),
        "active": assessed.accepted is None,
        "verified": False,
        "risk_accepted": assessed.accepted is not None,
        "static_finding": False,
        "dynamic_finding": True,
        "unique_id_from_tool": named.identity.key,
        "endpoints": _endpoints(story.report.url),
    }


def _block(text: str) -> str:
    return markdown_block(text, MAX_TEXT, _MAX_BLOCK)


def _endpoints(url: str | None) -> list[str]:
    """Return the scanned page as the site that it is, without what its query or its fragment may hold."""
    return [uri(site_of(url))] if url and url.lower().startswith(("http://", "https://")) else []


FORMAT = Format(render, whole_or_not=True)
