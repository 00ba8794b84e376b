"""A finished scan whose fields aren't as documented: a verdict all the same, and doubt that gates and says so."""

import json
from typing import Any

import pytest

from tests.reports.rendered import Page
from tests.support import Runner, Step, findings, secuprobe

NONE = dict.fromkeys(["critical", "high", "medium", "low", "info"], 0)


def run(runner: Runner, *severities: str, inputs: dict[str, str] | None = None, **fields: Any) -> Step:
    """Run a scan of these findings whose object has these fields."""
    answer = {"scanId": "x", "status": "completed", "secuScore": 78, "vulnerabilitiesCount": NONE, **fields}
    faults = [{"on": "GET /scans/{id}", "times": 100, "body": answer}]
    with secuprobe({"findings": findings(*severities), "faults": faults}) as api:
        return runner.run(api, **{"fail_on_severity": "high", **(inputs or {})})


def counted(step: Step) -> dict[str, int]:
    return {name: count for name, count in json.loads(step.outputs["vulnerabilities_count"]).items() if count}


def test_a_total_in_the_counts_is_no_severity(runner: Runner) -> None:
    step = run(runner, "low", "low", vulnerabilitiesCount={**NONE, "low": 2, "total": 2})

    assert (step.code, counted(step)) == (0, {"low": 2})
    assert step.annotations("warning") == []


def test_a_total_beyond_the_rest_is_findings_of_unknown_severity(runner: Runner) -> None:
    step = run(runner, "low", vulnerabilitiesCount={**NONE, "low": 1, "total": 3})

    assert (step.code, counted(step)) == (1, {"unknown": 2, "low": 1})
    assert any("listed 1 of 3 findings" in warning for warning in step.annotations("warning"))


def test_the_words_behind_an_unknown_severity_are_shown(runner: Runner) -> None:
    step = run(runner, "low", "weird::", vulnerabilitiesCount={**NONE, "low": 1, "blo|cker": 2})

    assert (step.code, counted(step)) == (1, {"unknown": 2, "low": 1})
    (warning,) = [text for text in step.annotations("warning") if "unknown severity" in text]
    assert "2 findings with an unknown severity (“weird::”, “blo|cker”): an unknown severity counts as critical." in warning
    assert "“blo|cker”" in Page(step.summary).text


@pytest.mark.parametrize(("score", "shown"), [("78/100", "78"), ("78.5", "78.5"), ("", ""), ("n/a", ""), (None, "")])
def test_a_score_is_read_where_it_can_be_and_is_none_otherwise(runner: Runner, score: Any, shown: str) -> None:
    step = run(runner, secuScore=score)

    assert (step.code, step.outputs["secu_score"]) == (0, shown)
    assert step.annotations("warning") == []


def test_a_score_that_can_not_be_read_gates_where_one_is_asked_for_and_says_so(runner: Runner) -> None:
    passed = run(runner, secuScore="high")
    failed = run(runner, secuScore="high", inputs={"min_score": "50"})

    assert (passed.code, failed.code) == (0, 1)
    for step in (passed, failed):
        assert any("The API's score can't be read (“high”)" in warning for warning in step.annotations("warning"))


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({**NONE, "high": "many"}, 1),
        ({**NONE, "critical": -1}, 1),
        ({**NONE, "low": "many"}, 0),
        ({**NONE, "total": "many"}, 1),
        ("many", 1),
        ([1], 1),
        ([{"severity": "low"}], 0),
    ],
)
def test_a_count_that_can_not_be_read_is_doubt_and_doubt_gates(runner: Runner, counts: Any, code: int) -> None:
    step = run(runner, vulnerabilitiesCount=counts)

    assert step.code == code
    assert step.annotations("warning")
    assert "Traceback" not in step.log


@pytest.mark.parametrize("odd", [{"href": "https://x.example"}, ["https://x.example"], True, 5])
def test_an_odd_url_or_link_costs_no_scan(runner: Runner, odd: Any) -> None:
    step = run(runner, "low", url=odd, reportUrl=odd)

    assert (step.code, step.outputs["result"]) == (0, "passed")
    assert step.outputs["report_url"].endswith(f"/dashboard/scans/{step.outputs['scan_id']}")
    told = [text for text in step.annotations("warning") if "can't be read, so it is left out" in text]
    assert len(told) == (2 if isinstance(odd, dict | list) else 0)
