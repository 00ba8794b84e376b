"""GitLab's Code Quality report, which every tier shows in the merge request (docs.gitlab.com, "Code Quality", custom tools)."""

import json
from collections import Counter
from typing import Any

from secuprobe_action.findings.baseline import fingerprint
from secuprobe_action.findings.gate import Assessed
from secuprobe_action.findings.model import Severity
from secuprobe_action.reports.story import Story
from secuprobe_action.text import one_line

MAX_DESCRIPTION = 500

_SEVERITIES = {
    Severity.UNKNOWN: "blocker",
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(story: Story) -> str:
    """Return the findings, worst first, at the pipeline's own file; without accepted ones, which the widget can't mark."""
    seen: Counter[str] = Counter()
    return json.dumps([_issue(assessed, story.location, seen) for assessed in story.verdict.open]) + "\n"


def _issue(assessed: Assessed, location: str, seen: Counter[str]) -> dict[str, Any]:
    finding = assessed.finding
    identity = fingerprint(finding)
    seen[identity] += 1
    return {
        "description": one_line(f"{finding.title or 'No title'} ({finding.category or 'no category'})", MAX_DESCRIPTION),
        "check_name": f"secuprobe-{one_line(finding.category or 'no category', 100)}",
        # The widget tells findings apart by it: two of a kind must not share one.
        "fingerprint": f"{identity}{seen[identity]}",
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": location, "lines": {"begin": 1}},
    }
