"""The whole result as JSON, or why there is none; schemas/report.json describes both."""

import datetime as dt
import json
from typing import Any

from secuprobe_action import __version__
from secuprobe_action.findings.baseline import fingerprint
from secuprobe_action.findings.model import WORST_FIRST, Counts, Finding
from secuprobe_action.reports.story import Format, Named, Story, Trouble

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or goes; new fields may come without."""


def render(story: Story) -> str:
    """Return the result as JSON in ASCII, which any reader of JSON takes, whatever a finding says."""
    report, verdict = story.report, story.verdict
    return _document(
        story.finished_at,
        scan={
            "id": report.scan_id,
            "url": report.url,
            "site": report.site,
            "score": report.score,
            "report_url": report.report_url,
            "duration_seconds": round(report.duration_s, 3),
        },
        verdict={
            "passed": verdict.passed,
            "reason": verdict.reason,
            "fail_on_severity": verdict.policy.threshold.label if verdict.policy.threshold else "none",
            "fail_on": "new" if verdict.policy.only_new else "all",
            "min_score": verdict.policy.min_score,
            "warnings": list(verdict.warnings),
            "notices": list(verdict.notices),
        },
        error=None,
        counts=_counts(verdict.counts),
        details_available=report.findings is not None,
        complete=story.gap is None,
        findings=[_named(named) for named in story.named()],
        baseline=_baseline(story),
        history=_history(story),
    )


def failure(trouble: Trouble) -> str:
    """Return why there is no result, in the same form: what reads many reports must not miss the one that has none."""
    return _document(
        trouble.finished_at,
        scan={
            "id": trouble.scan_id,
            "url": trouble.url,
            "site": trouble.site,
            "score": None,
            "report_url": trouble.report_url,
            "duration_seconds": None,
        },
        verdict=None,
        error={"title": trouble.title, "message": trouble.message},
        counts=None,
        details_available=False,
        complete=False,
        findings=[],
        baseline=None,
        history=None,
    )


def _document(finished_at: dt.datetime, **parts: Any) -> str:
    head = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "SecuProbe Security Scan", "version": __version__},
        "finished_at": f"{finished_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    return json.dumps(head | parts, indent=2) + "\n"


def _counts(counts: Counts) -> dict[str, int]:
    return {severity.label: counts[severity] for severity in WORST_FIRST}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint(finding),
        "id": finding.id,
        "title": finding.title,
        "severity": finding.severity.label,
        "severity_text": finding.severity_text,
        "category": finding.category,
        "description": finding.description,
        "remediation": finding.remediation,
    }


def _named(named: Named) -> dict[str, Any]:
    assessed = named.assessed
    rule = assessed.accepted
    accepted = rule and {"reason": rule.reason, "expires": rule.expires and rule.expires.isoformat(), "line": rule.line}
    change = assessed.change and assessed.change.value
    own = {"identity": named.identity.key, "ordinal": named.identity.ordinal}
    since = assessed.since and {
        "date": assessed.since.seen.on.isoformat(),
        "or_before": assessed.since.seen.before,
        "days": (assessed.since.today - assessed.since.seen.on).days,
    }
    return {
        **_finding(assessed.finding),
        **own,
        "change": change,
        "since": since,
        "accepted": accepted,
        "fails": assessed.fails,
    }


def _history(story: Story) -> dict[str, Any] | None:
    known = story.verdict.history
    return {"scores": list(known.scores)} if known else None


def _baseline(story: Story) -> dict[str, Any] | None:
    baseline = story.verdict.baseline
    if baseline is None:
        return None
    return {
        "scan_id": baseline.scan_id,
        "commit": baseline.commit,
        "age_seconds": baseline.age_s,
        "score": baseline.score,
        "counts": _counts(baseline.counts),
        "fixed": [_finding(finding) for finding in story.verdict.fixed],
    }


FORMAT = Format(render, failure)
