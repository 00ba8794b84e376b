"""The values for later steps. Each exists on every way out: an expression such as fromJSON fails on one that is missing."""

import json
from collections.abc import Mapping
from types import MappingProxyType

from secuprobe_action.findings.endings import Done, Ending, Judged, Skipped, Surveyed
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import WORST_FIRST, Severity, Started
from secuprobe_action.findings.overview import UNKNOWN, Result
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Platform
from secuprobe_action.reports import overview
from secuprobe_action.text import number

SCAN_OUTPUTS: Mapping[str, str] = MappingProxyType(
    {
        "scan_id": "",
        "secu_score": "",
        "report_url": "",
        "result": "error",
        "vulnerabilities_count": "{}",
        "new_count": "",
        "fixed_count": "",
        "sarif_file": "",
    }
)
"""The outputs of the scan, and what each is where nothing better is known; a test holds them against action.yml."""

ESTATE_OUTPUTS: Mapping[str, str] = MappingProxyType(
    {"result": "error", "sites": "[]", "failed_count": "", "error_count": "", "new_count": "", "sarif_folder": ""}
)
"""The outputs of an estate, likewise; a test holds them against estate/action.yml."""


class Outputs(Place):
    """The step's outputs.

    Args:
        platform: where they are written.
        empty: every output of the command, with what it is where nothing better is known.
    """

    def __init__(self, platform: Platform, empty: Mapping[str, str]) -> None:
        self._platform = platform
        self._values = dict(empty)

    def start(self, started: Started) -> None:
        """Write at once what must survive a timeout, a crash or a cancel."""
        self._set(scan_id=started.scan_id, report_url=started.report_url)

    def end(self, ending: Ending) -> None:
        match ending:
            case Judged():
                self._values |= _judged(ending)
            case Surveyed():
                self._values |= _surveyed(ending)
            case Skipped():
                self._values["result"] = "skipped"
            case Done():
                return
        self._set(**self._values)

    def _set(self, **values: str) -> None:
        self._values |= values
        for name, value in values.items():
            self._platform.set_output(name, value)


def _judged(ending: Judged) -> dict[str, str]:
    report, verdict = ending.report, ending.verdict
    return {
        "scan_id": report.scan_id,
        "secu_score": "" if report.score is None else number(report.score),
        "report_url": report.report_url,
        "vulnerabilities_count": json.dumps(_counts(verdict)),
        "new_count": str(len(verdict.new)) if verdict.baseline else "",
        "fixed_count": str(len(verdict.fixed)) if verdict.baseline else "",
        "result": "passed" if verdict.passed else "failed",
    }


def _surveyed(ending: Surveyed) -> dict[str, str]:
    estate = ending.estate
    sites, _ = overview.as_json(estate)
    return {
        "result": estate.result.label,
        "sites": sites,
        "failed_count": str(len(estate.having(Result.FAILED))),
        "error_count": str(len(estate.having(*UNKNOWN))),
        "new_count": "" if estate.new_count is None else str(estate.new_count),
    }


def _counts(verdict: Verdict) -> dict[str, int]:
    return {s.label: verdict.counts[s] for s in WORST_FIRST if verdict.counts[s] or s is not Severity.UNKNOWN}
