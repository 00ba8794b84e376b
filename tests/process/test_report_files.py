"""The report files of a run that knows less than all, or nothing: none of them says that nothing was found."""

import json
import signal
from typing import Any

import pytest
from junitparser import JUnitXml

from tests.support import FINDINGS, Runner, findings, secuprobe, wait_until

REPORTS = "\n".join(
    f"{name}=out/{name}" for name in ("sarif", "json", "junit", "markdown", "html", "gitlab-dast", "gitlab-codequality")
)
REFUSED = {"on": "GET /scans/{id}/vulnerabilities", "times": 9, "status": 403, "body": {"error": "no"}}


def files(runner: Runner) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (runner.folder / "out").iterdir()}


@pytest.mark.parametrize(
    "scenario",
    [{"faults": [REFUSED]}, {"total": 9}, {"counts": {"critical": 0, "high": 0, "medium": 3, "low": 1, "info": 0}}],
    ids=["refused", "shorter than its total", "shorter than the counts"],
)
def test_what_is_not_known_is_not_written_as_clean(runner: Runner, scenario: dict[str, Any]) -> None:
    with secuprobe({"findings": findings("low"), **scenario}) as api:
        step = runner.run(api, reports=REPORTS, fail_on_severity="none")

    assert step.code == 0, step.log
    written = files(runner)
    assert set(written) == {"json", "junit", "markdown", "html", "gitlab-dast"}
    assert step.outputs.get("sarif_file", "") == ""
    assert [text for text in step.annotations("warning") if "No report was written as gitlab-codequality, sarif, because" in text]
    assert "No report was written as" in step.summary
    assert json.loads(written["gitlab-dast"])["scan"]["status"] == "failure"
    assert json.loads(written["json"])["complete"] is False
    assert sum(suite.errors for suite in JUnitXml.fromstring(written["junit"].encode())) == 1


def test_all_of_them_are_written_where_all_is_known(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS}) as api:
        step = runner.run(api, reports=REPORTS, fail_on_severity="none", sarif_category="nightly")

    written = files(runner)
    assert len(written) == 7
    assert step.outputs["sarif_file"] == "out/sarif"
    assert json.loads(written["sarif"])["runs"][0]["automationDetails"]["id"] == "nightly/"
    assert json.loads(written["json"])["scan"]["site"] == "https://shop.example"


@pytest.mark.parametrize("inputs", [{"api_key": ""}, {"api_key": "x", "timeout": "soon"}])
def test_a_run_whose_inputs_can_not_be_used_says_so_in_the_files_that_may_say_it(runner: Runner, inputs: dict[str, str]) -> None:
    (runner.folder / "out").mkdir()
    (runner.folder / "out" / "badge").write_text("green", encoding="utf-8")
    with secuprobe() as api:
        step = runner.run(api, reports=f"{REPORTS}\nbadge=out/badge", check_name="Shop", **inputs)

    assert step.code == 2
    written = files(runner)
    assert set(written) == {"json", "junit", "markdown", "html", "gitlab-dast", "badge"}
    assert json.loads(written["badge"])["message"] == "unknown"
    assert json.loads(written["badge"])["label"] == "Shop"
    assert json.loads(written["json"])["error"]
    assert step.outputs.get("sarif_file", "") == ""


def test_reports_that_lead_out_of_the_workspace_are_not_written_where_other_inputs_fail_either(runner: Runner) -> None:
    with secuprobe() as api:
        step = runner.run(api, api_key="", reports="badge=../badge.json json=out/json")

    assert step.code == 2
    assert set(files(runner)) == {"json"}
    assert not (runner.folder.parent / "badge.json").exists()


def test_lone_surrogates_are_written_in_every_format(runner: Runner) -> None:
    broken = {
        "title": "a\ud800b",
        "severity": "high",
        "category": "\udfff",
        "description": "\ud83d",
        "remediationGuide": "\udc00",
    }
    with secuprobe({"findings": [broken, {**broken, "title": "a\ud801b"}]}) as api:
        step = runner.run(api, reports=REPORTS, fail_on_severity="none")

    assert step.code == 0, step.log
    written = files(runner)
    assert len(written) == 7
    assert len(json.loads(written["sarif"])["runs"][0]["results"]) == 2


def without_verdict(runner: Runner) -> None:
    written = files(runner)
    assert set(written) == {"json", "junit", "markdown", "html", "gitlab-dast"}
    (suite,) = JUnitXml.fromstring(written["junit"].encode())
    assert (suite.name, suite.errors) == ("SecuProbe: https://shop.example", 1)
    assert json.loads(written["gitlab-dast"])["scan"]["status"] == "failure"
    assert "no verdict" in written["html"]
    assert "https&#58;//shop.example" in written["markdown"]


def test_an_error_is_written_where_a_pass_may_lie(runner: Runner) -> None:
    (runner.folder / "out").mkdir()
    for name in ("junit", "html", "markdown", "gitlab-dast"):
        (runner.folder / "out" / name).write_text("yesterday's pass", encoding="utf-8")
    with secuprobe({"ends": "failed"}) as api:
        step = runner.run(api, reports=REPORTS)

    assert step.code == 3
    without_verdict(runner)
    assert not [name for name, text in files(runner).items() if "yesterday" in text]


def test_a_cancel_is_written_where_a_pass_may_lie(runner: Runner) -> None:
    with secuprobe({"duration_s": 60}) as api:
        process = runner.start(
            api_key="sp_live_0123456789abcdefTESTONLY", url="https://shop.example", api_url=api.url, reports=REPORTS
        )
        wait_until(lambda: any(request.startswith("GET") for request in api.service.requests))
        process.send_signal(signal.SIGINT)
        step = runner.finish(process)

    assert step.code == 130
    without_verdict(runner)
