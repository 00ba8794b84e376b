"""GitLab's Code Quality report, which every tier shows in the merge request (docs.gitlab.com, "Code Quality", custom tools).

GitLab tells findings apart by the fingerprint alone, over all jobs of a pipeline (gitlabhq/gitlabhq,
`lib/gitlab/ci/reports/codequality_reports.rb`).
"""

import json
from typing import Any

from secuprobe_action.findings.model import Severity
from secuprobe_action.reports.story import Format, Named, Story

MAX_DESCRIPTION = 1_000

_SEVERITIES = {
    Severity.UNKNOWN: "blocker",
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(story: Story) -> str | None:
    """Return the findings, worst first, at the pipeline's own file; without accepted ones, which the widget can't mark.

    None where not all of them are known: the widget shows what a file doesn't hold as fixed.
    """
    if story.gap:
        return None
    return json.dumps([_issue(named, story.location) for named in story.named() if not named.assessed.accepted]) + "\n"


def _issue(named: Named, location: str) -> dict[str, Any]:
    return {
        "description": named.label(MAX_DESCRIPTION),
        "check_name": f"secuprobe-{named.category}",
        "fingerprint": named.identity.key,
        "severity": _SEVERITIES[named.assessed.finding.severity],
        "location": {"path": location, "lines": {"begin": 1}},
    }


FORMAT = Format(render, whole_or_not=True)
