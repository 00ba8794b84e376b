"""The pull request's comment: what changed, on one screen."""

from secuprobe_action.findings.baseline import Change
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.reports import markdown
from secuprobe_action.reports.escape import markdown as escape
from secuprobe_action.reports.findings_table import accepted, findings_table, fixed, unchanged

MAX_BYTES = 60_000
"""A comment holds 65,536 characters; the marker and GitHub's own line ends need some."""

OPEN_ROWS = 20


def render(report: ScanReport, verdict: Verdict, commit: str) -> str:
    """Return the comment: verdict, score and counts with their changes, new findings open, the rest folded.

    Args:
        report: the scan.
        verdict: what the gate decided.
        commit: the commit under test.
    """
    facts = [f"Scanned <code>{escape(report.url, 500)}</code>"] if report.url else []
    facts += [_of(commit)]
    facts += [markdown.link(report.report_url, "Open the report"), markdown.since_baseline(verdict)]
    shown = [assessed for assessed in verdict.open if assessed.change is not Change.UNCHANGED]
    parts = [
        markdown.headline(verdict),
        markdown.score_and_counts(report, verdict),
        markdown.course(verdict),
        " · ".join(fact for fact in facts if fact),
        *(f"> [!WARNING]\n> {escape(text, 500)}" for text in verdict.warnings[:5]),
        findings_table(shown, "### New findings" if verdict.baseline else "### Findings", MAX_BYTES // 3, OPEN_ROWS),
        *fixed(verdict, MAX_BYTES // 6),
        *accepted(verdict, MAX_BYTES // 6),
        *unchanged(verdict, MAX_BYTES // 6),
        markdown.foot(),
    ]
    return "\n\n".join(part for part in parts if part)


def of_commit(text: str, commit: str) -> str:
    """Return what is said of a run without a verdict, with its commit."""
    return f"{text.rstrip()}\n\n{_of(commit)}"


def _of(commit: str) -> str:
    return f"Commit <code>{escape(commit[:12])}</code>"


def has_news(verdict: Verdict) -> bool:
    """Whether there is something to tell: the check failed, or findings came or went."""
    return not verdict.passed or bool(verdict.new) or bool(verdict.fixed)
