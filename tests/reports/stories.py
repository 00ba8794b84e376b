"""Judged scans for the report formats."""

import datetime as dt
from typing import Any

from secuprobe_action.findings.baseline import Baseline, Compared, compare
from secuprobe_action.findings.gate import Policy, judge
from secuprobe_action.findings.ignore import Rule, accept
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.reports.story import Story, Trouble
from tests.support import finding, report

FINISHED_AT = dt.datetime(2026, 11, 25, 12, 30, 5, tzinfo=dt.UTC)
EACH = tuple(finding(severity, title=f"Finding {severity.label}") for severity in reversed(Severity))

TROUBLE = Trouble(
    title="SecuProbe scan error",
    message="The API did not answer.\nTry <again> @team ![x](//evil.example).",
    url="https://shop.example/",
    scan_id="scan-1",
    report_url="https://secuprobe.io/scan/scan-1",
    finished_at=FINISHED_AT,
    site="https://shop.example",
    name="SecuProbe",
)
"""A run that came to no verdict, with a hostile message."""


def story(
    *findings: Finding,
    threshold: Severity | None = Severity.HIGH,
    only_new: bool = False,
    min_score: float | None = None,
    before: tuple[Finding, ...] | None = None,
    rules: tuple[Rule, ...] = (),
    **fields: Any,
) -> Story:
    """Return a judged scan of `findings`, against a baseline with `before` where that is given."""
    scanned = report(*findings, **fields)
    listed = scanned.findings or ()
    base = None if before is None else Baseline("scan-0", before, 80, "c" * 40, 3 * 86400.0)
    comparison = compare(listed, base) if base else None
    acceptance = accept(rules, listed, scanned.url, FINISHED_AT.date())
    verdict = judge(scanned, Policy(threshold, only_new, min_score), Compared(comparison), acceptance)
    return Story(scanned, verdict, ".github/workflows/scan.yml", FINISHED_AT)


def rich() -> Story:
    """Return a story with everything in it: every severity, new, unchanged, fixed and accepted findings."""
    rule = Rule(title="Finding medium", reason="Behind a VPN.", expires=dt.date(2027, 1, 1), line=3)
    before = (*EACH[2:], finding(Severity.HIGH, title="Gone"))
    return story(*EACH, only_new=True, before=before, rules=(rule,))
