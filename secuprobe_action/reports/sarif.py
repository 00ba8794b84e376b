"""SARIF 2.1.0, as GitHub's code scanning takes it (docs.github.com, "SARIF support for code scanning")."""

import json
import re
from collections import Counter
from typing import Any

from secuprobe_action import __version__
from secuprobe_action.findings.baseline import FINGERPRINT_VERSION, fingerprint
from secuprobe_action.findings.gate import Assessed
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports.escape import markdown_lines, sarif_message
from secuprobe_action.reports.story import Story
from secuprobe_action.text import one_line, printable

MAX_RESULTS = 25_000
"""Of a run; of more, code scanning refuses the file. 5,000 are shown."""

MAX_TEXT = 1_000
"""Of names and descriptions; GitHub shows 1,024 characters."""

MAX_HELP = 10_000

# security-severity decides the level that GitHub shows: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
_SECURITY_SEVERITY = {
    Severity.UNKNOWN: "9.5",
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
_LEVELS = {
    Severity.UNKNOWN: "error",
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


def render(story: Story) -> str:
    """Return every finding, whatever the threshold, worst first; accepted ones as suppressed.

    Fixed findings are left out: code scanning closes an alert that the next file doesn't hold.
    """
    shown = story.verdict.findings[:MAX_RESULTS]
    rules: dict[str, dict[str, Any]] = {}
    for assessed in shown:  # worst first, so that a rule has the severity of its worst finding
        rules.setdefault(_rule_id(assessed.finding), _rule(assessed.finding))
    order = {rule_id: index for index, rule_id in enumerate(rules)}
    seen: Counter[str] = Counter()
    results = [_result(assessed, story, order, seen) for assessed in shown]
    driver = {
        "name": "SecuProbe",
        "informationUri": "https://secuprobe.io",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": list(rules.values()),
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"secuprobe/{_category(story.report.url)}/"},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": f"{story.finished_at:%Y-%m-%dT%H:%M:%SZ}"}],
        "properties": {"scanId": story.report.scan_id, "reportUrl": story.report.report_url, "secuScore": story.report.score},
        "results": results,
    }
    return json.dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}) + "\n"


def _category(url: str | None) -> str:
    """Return the URL as a category: two uploads of one category in a run are refused, so each URL has its own."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", one_line(url or "scan", 200)).strip("-") or "scan"


def _rule_id(finding: Finding) -> str:
    return f"secuprobe/{fingerprint(finding)[:16]}"


def _rule(finding: Finding) -> dict[str, Any]:
    title = one_line(finding.title or "No title", MAX_TEXT)
    description = one_line(finding.description or title, MAX_TEXT) or title
    remediation = finding.remediation or "No remediation guide."
    return {
        "id": _rule_id(finding),
        "name": title,
        "shortDescription": {"text": title},
        "fullDescription": {"text": description},
        "help": {
            "text": printable(f"{finding.description or 'No description.'}\n\nRemediation:\n{remediation}")[:MAX_HELP],
            "markdown": f"{_help(finding.description, 'No description.')}\n\n**Remediation**\n\n"
            + _help(finding.remediation, "No remediation guide."),
        },
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": ["security", one_line(finding.category or "no category", 200)],
            "security-severity": _SECURITY_SEVERITY[finding.severity],
        },
    }


def _help(text: str | None, otherwise: str) -> str:
    # The empty element keeps the text from beginning a Markdown block: a list, a heading, a code block.
    return f"<span></span>{markdown_lines(text or otherwise, MAX_HELP)}"


def _result(assessed: Assessed, story: Story, order: dict[str, int], seen: Counter[str]) -> dict[str, Any]:
    finding = assessed.finding
    text = one_line(f"{finding.title or 'No title'} ({finding.category or 'no category'})", MAX_TEXT)
    identity = fingerprint(finding)
    seen[identity] += 1
    result: dict[str, Any] = {
        "ruleId": _rule_id(finding),
        "ruleIndex": order[_rule_id(finding)],
        "level": _LEVELS[finding.severity],
        "message": {"text": sarif_message(text)},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": story.location}, "region": {"startLine": 1}}},
        ],
        "partialFingerprints": {f"secuprobeFinding/v{FINGERPRINT_VERSION}": f"{identity}:{seen[identity]}"},
        "properties": {"url": story.report.url, "severity": finding.severity.label},
    }
    if assessed.change:
        result["baselineState"] = assessed.change.value
    if assessed.accepted:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": assessed.accepted.reason}]
    return result
