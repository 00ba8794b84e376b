"""SARIF 2.1.0, as GitHub's code scanning takes it (docs.github.com, "SARIF support for code scanning").

Code scanning tells alerts apart by the rule's id and by primaryLocationLineHash, which upload-sarif makes of the line that a
result names (github/codeql-action, src/fingerprints.ts); where something else uploads, the file must bring it. Web findings all
name the workflow's first line, so each has a rule of its own: with its own severity, which is the rule's (`security-severity`),
and with the site in its id.
"""

import json
import re
from itertools import islice
from typing import Any

from secuprobe_action import __version__
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.identity import IDENTITY_VERSION, digest
from secuprobe_action.findings.model import Severity
from secuprobe_action.reports.escape import markdown_block, path_uri, sarif_message, uri
from secuprobe_action.reports.story import Format, Named, Story
from secuprobe_action.text import one_line, plural, printable, sharing

MAX_RESULTS = 25_000
"""Of a run, and as many rules; of more, code scanning refuses the file. 5,000 are shown."""

MAX_TEXT = 1_000
"""Of names and descriptions; GitHub shows 1,024 characters."""

MAX_HELP = 10_000
MAX_HELP_MARKDOWN = 100_000
NO_CATEGORY = "none"
"""What the input sarif_category says where upload-sarif's own `category` is to count: it does in a file without one."""

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


def render(story: Story, *, uploaded: bool = False) -> str | None:
    """Return every finding, whatever the threshold, worst first; None where not all are known.

    Code scanning closes the alerts that the next file doesn't hold, so a file with a part of the findings would close the
    rest. Fixed findings are left out for the same reason, and so are accepted ones: code scanning ignores suppressions, or
    heeds them only when it first sees an alert.

    Args:
        story: what is told.
        uploaded: whether it goes to code scanning as it is; a fingerprint that upload-sarif didn't make would have it warn.
    """
    if story.gap:
        return None
    shown = list(islice((named for named in story.named() if not named.assessed.accepted), MAX_RESULTS))
    help_uri = uri(story.report.report_url)
    driver = {
        "name": "SecuProbe",
        "informationUri": "https://secuprobe.io",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(named, help_uri) for named in shown],
    }
    run = {
        "tool": {"driver": driver},
        **_automation(story),
        "invocations": [{"executionSuccessful": True, "endTimeUtc": f"{story.finished_at:%Y-%m-%dT%H:%M:%SZ}"}],
        "properties": {
            "site": story.site,
            "scanId": story.report.scan_id,
            "reportUrl": story.report.report_url,
            "secuScore": story.report.score,
        },
        "results": [_result(index, named, story, uploaded=uploaded) for index, named in enumerate(shown)],
    }
    return json.dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}) + "\n"


def cut(verdict: Verdict) -> str | None:
    """Return what a reader must know of the limit on results, in one sentence; None where they all fit."""
    if len(verdict.open) <= MAX_RESULTS:
        return None
    left_out = plural(len(verdict.open) - MAX_RESULTS, "finding")
    return (
        f"The SARIF file holds the {MAX_RESULTS:,} worst findings; {left_out} were left out, since code scanning takes no more."
    )


def category(story: Story) -> str | None:
    """Return the category of the upload, or None where the file is to have none.

    Code scanning keeps what was found in one category apart from all others, and takes one file of each in a run: so the usual
    one is of the check's name and the site, with a digest, because what is readable of two sites may be the same.
    """
    if story.sarif_category == NO_CATEGORY:
        return None
    if story.sarif_category:
        return one_line(story.sarif_category).strip("/")
    readable = "/".join(filter(None, map(_slug, (story.name, story.site or ""))))
    return f"secuprobe/{readable}{'-' if readable else ''}{digest(story.name, story.site, length=8)}"


def _automation(story: Story) -> dict[str, Any]:
    # The category is the id up to its last slash (docs.github.com, "runAutomationDetails object").
    named = category(story)
    return {"automationDetails": {"id": f"{named}/"}} if named else {}


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:80].strip("-")


def _rule_id(named: Named) -> str:
    return f"secuprobe-{named.identity.key[:16]}"


def _rule(named: Named, help_uri: str) -> dict[str, Any]:
    finding = named.assessed.finding
    title = named.title(MAX_TEXT - 400)
    description = one_line(finding.description or title, MAX_TEXT) or title
    seen, mend = sharing(finding.description or "No description.", finding.remediation or "No remediation guide.", MAX_HELP)
    return {
        "id": _rule_id(named),
        "name": title,
        "shortDescription": {"text": title + named.at_site},
        "fullDescription": {"text": description},
        "helpUri": help_uri,
        "help": {
            "text": f"{printable(seen)}\n\nRemediation:\n{printable(mend)}\n\nReport: {help_uri}",
            "markdown": f"{_help(finding.description, 'No description.')}\n\n**Remediation**\n\n"
            f"{_help(finding.remediation, 'No remediation guide.')}\n\n[The report](<{help_uri}>){_site(named)}",
        },
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": ["security", named.category],
            "security-severity": _SECURITY_SEVERITY[finding.severity],
        },
    }


def _help(text: str | None, otherwise: str) -> str:
    return markdown_block(text or otherwise, MAX_HELP, MAX_HELP_MARKDOWN)


def _site(named: Named) -> str:
    return f" of {markdown_block(named.site, 300, 10_000)}" if named.site else ""


def _result(index: int, named: Named, story: Story, *, uploaded: bool) -> dict[str, Any]:
    severity = named.assessed.finding.severity
    result: dict[str, Any] = {
        "ruleId": _rule_id(named),
        "ruleIndex": index,
        "level": _LEVELS[severity],
        "message": {"text": sarif_message(named.label(MAX_TEXT))},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": path_uri(story.location)}, "region": {"startLine": 1}}},
        ],
        "partialFingerprints": {f"secuprobeFinding/v{IDENTITY_VERSION}": named.identity.key},
        "properties": {"url": story.report.url, "site": story.site, "severity": severity.label},
    }
    if uploaded:
        result["partialFingerprints"]["primaryLocationLineHash"] = f"{named.identity.key[:16]}:1"
    if named.assessed.change:
        result["baselineState"] = named.assessed.change.value
    return result


FORMAT = Format(render, whole_or_not=True)
