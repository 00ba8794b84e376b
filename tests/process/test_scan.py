"""The action as a process, over real HTTP: what a user of the step sees."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from secuprobe_action import __version__
from secuprobe_action.places.outputs import SCAN_OUTPUTS
from tests.github_api import FakeGitHub, read_only, serving
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, URL, Runner, event_file, findings, inherited_environment, secuprobe

ORDER = ["info", "low", "medium", "high", "critical"]


def test_a_scan_from_launch_to_verdict(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS, "queued_s": 0.3, "duration_s": 0.8}) as api:
        step = runner.run(api, fail_on_severity="high")
        scan = next(iter(api.service.scans))

    assert step.code == 1
    assert step.outputs == {
        "scan_id": scan,
        "secu_score": "78",
        "report_url": f"{api.url.removesuffix('/api/v1')}/scan/{scan}",
        "vulnerabilities_count": json.dumps({"critical": 1, "high": 1, "medium": 1, "low": 1, "info": 1}),
        "new_count": "",
        "fixed_count": "",
        "sarif_file": "",
        "result": "failed",
    }
    assert api.launches == 1
    assert "queued, 0 s" in step.log
    titles = [row[1] for row in Page(step.summary).tables[1].rows[1:]]
    assert titles == ["SQL injection", "No CSP", "No SRI", "Old TLS", "Banner"]
    assert step.annotations("error")[0].startswith("SecuProbe: check failed: 2 findings at or above high (1 critical, 1 high).")
    assert step.annotations("error")[1:] == ["Critical: SQL injection: Injection: In id", "High: No CSP: Security Headers: None"]
    assert "FAILED: 2 findings at or above high (1 critical, 1 high)" in step.log


@pytest.mark.parametrize("threshold", ["critical", "high", "medium", "low", "none"])
@pytest.mark.parametrize("severity", ORDER)
def test_every_threshold_with_every_severity(runner: Runner, threshold: str, severity: str) -> None:
    with secuprobe({"findings": findings(severity)}) as api:
        step = runner.run(api, fail_on_severity=threshold)

    fails = threshold != "none" and ORDER.index(severity) >= ORDER.index(threshold)
    assert (step.code, step.outputs["result"]) == ((1, "failed") if fails else (0, "passed"))
    assert bool(step.annotations("error")) == fails


def test_the_waiting_is_folded_and_the_verdict_is_not(runner: Runner) -> None:
    with secuprobe() as api:
        step = runner.run(api)

    lines = step.shown.splitlines()
    group, end = lines.index(f"::group::SecuProbe scans {URL}"), lines.index("::endgroup::")
    assert any(line.startswith("queued,") for line in lines[group:end])
    assert any(line.startswith("PASSED:") for line in lines[end:])


def test_both_shapes_of_scan_objects_give_the_same_verdict(runner: Runner) -> None:
    with secuprobe({"findings": FINDINGS, "shape": "nested"}) as api:
        step = runner.run(api)
        scan = next(iter(api.service.scans))

    assert step.code == 1
    assert json.loads(step.outputs["vulnerabilities_count"])["critical"] == 1
    assert step.outputs["report_url"] == f"{api.url.removesuffix('/api/v1')}/dashboard/scans/{scan}"


def test_attaching_to_a_scan_launches_none_and_needs_no_url(runner: Runner) -> None:
    with secuprobe({"findings": findings("low")}) as api:
        first = runner.run(api)
        second = runner.run(api, scan_id=first.outputs["scan_id"], url="")

    assert second.code == 0
    assert second.outputs["scan_id"] == first.outputs["scan_id"]
    assert api.launches == 1
    assert URL in Page(second.summary).text


def test_a_missing_score_and_null_fields_are_shown_as_such(runner: Runner) -> None:
    with secuprobe({"score": None, "findings": [{"title": None, "severity": "low"}], "estimate_s": None}) as api:
        step = runner.run(api)

    assert step.code == 0
    assert step.outputs["secu_score"] == ""
    assert "not given" in Page(step.summary).text
    assert "no title" in Page(step.summary).text


def test_a_failed_scan_is_an_error_that_says_how_to_go_on(runner: Runner) -> None:
    with secuprobe({"ends": "failed"}) as api:
        step = runner.run(api)

    assert (step.code, step.outputs["result"]) == (3, "error")
    (error,) = step.annotations("error")
    assert step.outputs["scan_id"] in error
    assert "as failed" in error
    assert step.outputs["report_url"] in error or "/scan/" in error
    assert f"input scan_id: {step.outputs['scan_id']}" in error
    assert "SecuProbe scan failed" in step.summary


def test_a_scan_that_outlasts_the_timeout_is_an_error_with_the_way_back_to_it(runner: Runner) -> None:
    with secuprobe({"duration_s": 600}) as api:
        step = runner.run(api, timeout="10")

    assert (step.code, step.outputs["result"]) == (3, "error")
    assert step.outputs["scan_id"]
    (error,) = step.annotations("error")
    assert f"Scan {step.outputs['scan_id']} was not finished within 10 s" in error
    assert f"Attach to it with the input scan_id: {step.outputs['scan_id']}" in error
    assert step.outputs["report_url"] in error
    assert step.outputs["scan_id"] in step.summary


def test_counts_decide_where_the_list_is_out_of_reach(runner: Runner) -> None:
    refused = {"on": "GET /scans/{id}/vulnerabilities", "status": 403, "body": {"error": "Missing scope"}}
    with secuprobe({"findings": findings("critical"), "faults": [refused]}) as api:
        step = runner.run(api)

    assert step.code == 1
    assert "details are missing" in Page(step.summary).text
    assert any("Missing scope" in warning for warning in step.annotations("warning"))


def test_neither_counts_nor_list_is_an_error_and_no_pass(runner: Runner) -> None:
    faults = [
        {"on": "GET /scans/{id}/vulnerabilities", "status": 403, "body": {"error": "Missing scope"}},
        {"on": "GET /scans/{id}", "times": 100, "body": {"scanId": "x", "status": "completed", "secuScore": 100}},
    ]
    with secuprobe({"faults": faults}) as api:
        step = runner.run(api)

    assert (step.code, step.outputs["result"]) == (3, "error")
    assert "could not be evaluated" in step.annotations("error")[0]


def test_a_list_cut_short_and_unknown_severities_are_warnings(runner: Runner) -> None:
    with secuprobe({"findings": findings("low", "weird"), "total": 5}) as api:
        step = runner.run(api, fail_on_severity="none")

    assert step.code == 0
    warnings = "\n".join(step.annotations("warning"))
    assert "listed 2 of 5 findings" in warnings
    assert "unknown severity counts as critical" in warnings
    assert json.loads(step.outputs["vulnerabilities_count"])["unknown"] == 4


def test_annotations_stay_within_the_runners_limit_with_the_worst_first(runner: Runner) -> None:
    with secuprobe({"findings": findings(*["high"] * 30, *["critical"] * 3, *["low"] * 30)}) as api:
        step = runner.run(api, fail_on_severity="high")

    errors = step.annotations("error")
    assert len(errors) == 10
    assert "check failed" in errors[0]
    assert [error.split(":")[0] for error in errors[1:4]] == ["Critical"] * 3
    assert len(step.annotations("notice")) <= 10


def withheld(runner: Runner, folder: Path, event_name: str, *, fork: bool) -> None:
    """Have the step be of a run to which GitHub gives no secrets: a fork's, or one that Dependabot caused."""
    head = "fork/app" if fork else "org/app"
    payload = {"pull_request": {"head": {"repo": {"full_name": head}}, "base": {"repo": {"full_name": "org/app"}}}}
    runner.environment |= {
        "GITHUB_EVENT_NAME": event_name,
        "GITHUB_EVENT_PATH": event_file(folder, payload),
        "GITHUB_ACTOR": "someone" if fork else "dependabot[bot]",
    }


@pytest.mark.parametrize(
    ("event_name", "fork", "reason"),
    [
        ("pull_request", True, "GitHub gives no secrets to workflows of pull requests from forks"),
        *((name, False, "get Dependabot's own secrets") for name in ("pull_request", "push", "create", "deployment_status")),
    ],
)
def test_a_run_to_which_github_gives_no_secrets_is_skipped_and_says_why(
    runner: Runner, tmp_path: Path, event_name: str, fork: bool, reason: str
) -> None:
    withheld(runner, tmp_path, event_name, fork=fork)

    step = runner.run(api_key="", url=URL)

    assert (step.code, step.outputs) == (0, {**SCAN_OUTPUTS, "result": "skipped"})
    (warning,) = step.annotations("warning")
    assert reason in warning
    assert "store the key among Dependabot's secrets" in warning
    assert "Do not switch to pull_request_target" in warning
    assert "SecuProbe: skipped" in step.summary


@pytest.mark.parametrize("writes", [True, False])
def test_a_required_check_is_not_left_missing_where_the_token_can_write_it(runner: Runner, tmp_path: Path, writes: bool) -> None:
    with serving(FakeGitHub()) as github:
        github.refuse = github.refuse if writes else read_only
        runner.environment = github.environment(github.merge_base, "push")
        withheld(runner, tmp_path, "push", fork=False)
        step = runner.run(api_key="", url=URL, check_run="true", github_token="ghs_token", check_name="Required")

    assert step.code == 0
    assert [(check["name"], check["conclusion"]) for check in github.checks] == ([("Required", "neutral")] if writes else [])
    assert len(step.annotations("warning")) == 1, "a token that may not write is no news here"


def test_a_missing_key_on_a_push_is_a_mistake(runner: Runner) -> None:
    runner.environment = {"GITHUB_EVENT_NAME": "push"}

    step = runner.run(api_key="", url=URL)

    assert (step.code, step.outputs["result"]) == (2, "error")
    assert "api_key: is missing" in step.annotations("error")[0]


def test_every_wrong_input_is_in_one_annotation_without_a_traceback(runner: Runner) -> None:
    step = runner.run(api_key="ghp_anothers_secret", url="nope", fail_on_severity="bad", timeout="soon", api_url="ftp://x")

    assert (step.code, step.outputs) == (2, SCAN_OUTPUTS)
    (error,) = step.annotations("error")
    for expected in (
        "5 inputs",
        "api_key:",
        "url: was given 'nope'",
        "fail_on_severity: was given 'bad'",
        "timeout:",
        "api_url:",
    ):
        assert expected in error
    assert "ghp_anothers_secret" not in step.shown + step.summary
    assert "Traceback" not in step.log


@pytest.mark.parametrize("outcome", ["passed", "refused", "repeated by the server"])
def test_the_key_is_masked_first_and_appears_nowhere(runner: Runner, outcome: str) -> None:
    leak = f"The key {KEY} is ok"
    faults: list[dict[str, Any]] = []
    if outcome == "refused":
        faults = [{"on": "POST /scans", "status": 400, "body": {"error": leak}}]
    elif outcome == "repeated by the server":
        escaped = leak.replace("s", "\\u0073")
        body = f'{{"total": 1, "vulnerabilities": [{{"title": "{escaped}", "severity": "low", "description": "{leak}"}}]}}'
        faults = [{"on": "GET /scans/{id}/vulnerabilities", "body": body}]
    with secuprobe({"findings": FINDINGS, "faults": faults}) as api:
        step = runner.run(api)

    assert step.log.startswith(f"::add-mask::{KEY}\n")
    assert KEY not in step.shown
    assert KEY not in step.summary
    assert KEY not in json.dumps(step.outputs)


def test_the_request_is_authorised_and_says_who_asks(runner: Runner) -> None:
    seen: list[dict[str, str]] = []
    with secuprobe() as api:
        original = api.service.authorise

        def authorise(request: Any, scope: str) -> Any:
            seen.append(dict(request.headers))
            return original(request, scope)

        api.service.authorise = authorise  # type: ignore[method-assign]
        runner.run(api)

    assert {headers["authorization"] for headers in seen} == {f"Bearer {KEY}"}
    assert all(headers["user-agent"].startswith(f"secuprobe-scan-action/{__version__} ") for headers in seen)


def test_without_github_the_same_verdict_is_a_plain_table(runner: Runner) -> None:
    runner.environment = {"GITHUB_ACTIONS": ""}
    with secuprobe({"findings": FINDINGS}) as api:
        runner.environment |= {"SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL, "SECUPROBE_API_URL": api.url}
        step = runner.run()

    assert step.code == 1
    assert re.search(r"^critical +SQL injection +Injection$", step.log, re.MULTILINE)
    assert "::" not in step.log
    assert (step.outputs, step.summary) == ({}, "")


def test_files_that_can_not_be_written_do_not_change_the_verdict(runner: Runner) -> None:
    runner.environment = {"GITHUB_OUTPUT": "/dev/full", "GITHUB_STEP_SUMMARY": "/nonexistent/summary"}
    with secuprobe({"findings": findings("critical")}) as api:
        failed = runner.run(api)
        passed = runner.run(api, fail_on_severity="none")

    assert (failed.code, passed.code) == (1, 0)
    assert any("output scan_id could not be written" in error for error in passed.annotations("error"))
    assert any("summary could not be written" in warning for warning in passed.annotations("warning"))


def test_a_log_that_nobody_reads_does_not_change_the_verdict(runner: Runner) -> None:
    with secuprobe({"findings": findings("critical")}) as api:
        process = runner.start(api_key=KEY, url=URL, api_url=api.url)
        assert process.stdout is not None
        process.stdout.close()
        code = process.wait(30)

    assert code == 1
    assert runner.outputs()["result"] == "failed"


@pytest.mark.parametrize(("inputs", "imported"), [({}, False), ({"pr_comment": "always"}, True)])
def test_githubs_library_is_imported_only_where_it_is_asked_for(runner: Runner, inputs: dict[str, str], imported: bool) -> None:
    runner.environment = {"GITHUB_REPOSITORY": "org/app", "GITHUB_API_URL": "http://127.0.0.1:9", "PYTHONPROFILEIMPORTTIME": "1"}
    with secuprobe() as api:
        step = runner.run(api, github_token="ghs_token", **inputs)

    assert step.code == 0
    modules = {line.rsplit("|", 1)[1].strip() for line in step.log.splitlines() if line.startswith("import time:")}
    assert "secuprobe_action.app" in modules
    assert ("github" in modules) == imported
    assert not modules & {"jinja2", "yaml", "fastapi"}


@pytest.mark.parametrize("spelling", ["--fail-on-severity", "--fail_on_severity"])
def test_flags_of_the_command_line_come_before_the_environment(runner: Runner, spelling: str) -> None:
    with secuprobe({"findings": findings("high")}) as api:
        environment = {
            **inherited_environment(),
            "SECUPROBE_API_KEY": KEY,
            "SECUPROBE_URL": "nope",
            "SECUPROBE_FAIL_ON_SEVERITY": "none",
        }
        command = [sys.executable, "-m", "secuprobe_action", "scan", "--url", URL, "--api-url", api.url, spelling, "high"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1, done.stdout
    assert "FAILED: 1 finding at or above high (1 high)" in done.stdout
