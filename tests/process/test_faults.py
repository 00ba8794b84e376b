"""Every fault that a network and a server have, over real sockets: what comes of the run, and that a scan is launched once."""

import json
import threading
from typing import Any

import pytest

from secuprobe_action.local.engine import Outcome
from secuprobe_action.local.scripted import ScriptedEngine
from tests.support import KEY, URL, Runner, Step, findings, secuprobe

LAUNCH, POLL, LIST = "POST /scans", "GET /scans/{id}", "GET /scans/{id}/vulnerabilities"

# What a fault is, and what a launch that meets it may be: repeated, or possibly a scan that runs.
BREAKS: dict[str, dict[str, Any]] = {
    "reset before the answer": {"kind": "reset_before"},
    "reset in the headers": {"kind": "reset_in_headers"},
    "reset after the headers": {"kind": "reset_after_headers"},
    "answer cut short": {"kind": "truncate"},
    "truncated JSON": {"body": '{"scanId": "5'},
    "invalid JSON": {"body": "{'scanId': 5}"},
    "HTML instead of JSON": {"body": "<html><h1>Welcome</h1></html>", "headers": {"content-type": "text/html"}},
    "an empty answer": {"body": ""},
    "broken compression": {"kind": "bad_gzip"},
    "502 with a page": {"status": 502, "body": "<html>Bad gateway</html>", "headers": {"content-type": "text/html"}},
    "500 with a page": {"status": 500, "body": "<html>Oops</html>", "headers": {"content-type": "text/html"}},
    "503 with a page": {"status": 503, "body": "<html>Busy</html>", "headers": {"content-type": "text/html"}},
    "504": {"status": 504, "body": {"error": "Gateway timeout"}},
}
REFUSES: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "body": {"error": "Oops"}},
    "503 with Retry-After": {"status": 503, "headers": {"Retry-After": "1"}, "body": {"error": "Busy"}},
    "429 with Retry-After": {"status": 429, "headers": {"Retry-After": "1"}, "body": {"error": "Slow down"}},
    "429 without headers": {"status": 429, "body": {"error": "Slow down"}},
}
HARMLESS: dict[str, dict[str, Any]] = {
    "gzip": {"kind": "gzip"},
    "wrong content type": {"kind": "content_type"},
    "a reset clock an hour ahead": {"kind": "skew", "seconds": 3600},
    "a reset clock an hour behind": {"kind": "skew", "seconds": -3600},
}


def run(runner: Runner, on: str, fault: dict[str, Any], times: int = 1, **inputs: str) -> tuple[Step, int]:
    """Run against a server with the fault; return the step and how many launches arrived."""
    scenario = {"findings": [{"severity": "low", "title": "x"}], "faults": [{"on": on, "times": times, **fault}]}
    with secuprobe(scenario) as api:
        step = runner.run(api, **inputs)
        launches = api.launches
    assert KEY not in step.shown + step.summary
    assert "Traceback" not in step.log
    return step, launches


@pytest.mark.parametrize("name", [*BREAKS, *REFUSES, *HARMLESS])
@pytest.mark.parametrize("on", [POLL, LIST])
def test_a_get_survives(runner: Runner, on: str, name: str) -> None:
    step, launches = run(runner, on, {**BREAKS, **REFUSES, **HARMLESS}[name], times=2)

    assert (step.code, step.outputs["result"]) == (0, "passed"), step.log
    assert launches == 1
    assert "details are missing" not in step.summary


@pytest.mark.parametrize("processed", [False, True])
@pytest.mark.parametrize("name", BREAKS)
def test_a_launch_whose_answer_is_lost_is_not_repeated(runner: Runner, name: str, processed: bool) -> None:
    step, launches = run(runner, LAUNCH, {**BREAKS[name], "processed": processed})

    assert (step.code, step.outputs["result"]) == (3, "error")
    assert launches == 1
    assert "a scan may be running" in step.annotations("error")[0]


@pytest.mark.parametrize("name", REFUSES)
def test_a_launch_that_was_refused_is_repeated(runner: Runner, name: str) -> None:
    step, launches = run(runner, LAUNCH, REFUSES[name], times=1)

    assert step.code == 0, step.log
    assert launches == 2


@pytest.mark.parametrize("name", HARMLESS)
def test_a_launch_is_not_put_off_by_what_is_harmless(runner: Runner, name: str) -> None:
    step, launches = run(runner, LAUNCH, HARMLESS[name])

    assert (step.code, launches) == (0, 1)


@pytest.mark.parametrize("kind", ["no_answer", "slow_headers", "slow_body"])
@pytest.mark.parametrize("on", [LAUNCH, POLL])
def test_a_server_that_takes_forever_does_not_outlast_the_budget(runner: Runner, on: str, kind: str) -> None:
    step, launches = run(runner, on, {"kind": kind, "seconds": 0.5}, times=100, timeout="10")

    assert (step.code, launches) == (3, 1)
    assert ("a scan may be running" if on == LAUNCH else "was not finished within 10 s") in step.annotations("error")[0]


def test_a_poll_that_is_never_answered_is_asked_again(runner: Runner) -> None:
    step, launches = run(runner, POLL, {"kind": "no_answer"}, timeout="60")

    assert (step.code, launches) == (0, 1)


def test_a_launch_that_was_processed_before_its_redirect_may_have_launched_a_scan(runner: Runner) -> None:
    step, launches = run(runner, LAUNCH, {"status": 303, "headers": {"Location": "/scans/1"}})

    assert (step.code, launches) == (3, 1)
    assert "a scan may be running" in step.annotations("error")[0]


@pytest.mark.parametrize("url", [URL, "https://other.example"])
def test_a_scan_that_runs_already_is_attached_to_if_it_is_of_the_site(runner: Runner, url: str) -> None:
    conflict = {"on": LAUNCH, "status": 409, "body": {}}
    with secuprobe({"faults": [conflict]}) as api:
        owner = api.service.accounts[0]
        busy = api.service.scans.add(owner.owner, url, url.removeprefix("https://")).id
        api.service.scans.set_status(busy, "running")
        end = threading.Timer(2.0, lambda: api.service.scans.finish(busy, Outcome([], 90)))
        end.start()
        assert isinstance(api.service.engine, ScriptedEngine)
        api.service.engine.scenario.faults[0].body = {"error": "A scan of this domain is running", "scanId": busy}
        step = runner.run(api)
        end.join()

    assert api.launches == 1
    if url == URL:
        assert (step.code, step.outputs["scan_id"]) == (0, busy)
        assert f"Scan {busy} of the site runs already, so none is launched" in step.log
    else:
        assert (step.code, step.outputs["scan_id"]) == (3, "")
        assert f"Scan {busy} is a scan of https://other.example, not of {URL}" in step.annotations("error")[0]


@pytest.mark.parametrize("status", ["cancelled", "error", "aborted", "Timed_Out"])
def test_a_final_status_that_nobody_documented_is_an_error_at_once(runner: Runner, status: str) -> None:
    with secuprobe({"faults": [{"on": "GET /scans/{id}", "times": 100, "body": {"scanId": "x", "status": status}}]}) as api:
        step = runner.run(api)

    assert step.code == 3
    asked = [request for request in api.service.requests if request.startswith("GET /api/v1/scans/")]
    assert len(asked) == 1, "it isn't asked for again"
    assert f"SecuProbe ended scan {step.outputs['scan_id']} as {status.lower()}" in step.annotations("error")[0]
    assert "goes on" not in step.log


def test_an_unknown_status_that_is_not_final_is_a_warning_the_first_time(runner: Runner) -> None:
    odd = {"on": "GET /scans/{id}", "times": 2, "body": {"scanId": "x", "status": "post-processing"}}
    with secuprobe({"faults": [odd]}) as api:
        step = runner.run(api)

    assert step.code == 0
    (warning,) = step.annotations("warning")
    assert "has the status “post-processing”, which SecuProbe's documentation doesn't know" in warning


def test_a_page_that_is_not_secuprobes_is_outlasted_by_polls(runner: Runner) -> None:
    challenge = {"status": 403, "body": "<html>Just a moment...</html>", "headers": {"content-type": "text/html"}}
    step, launches = run(runner, POLL, challenge, times=3)

    assert (step.code, launches) == (0, 1)


def test_a_list_of_two_pages_is_judged_whole(runner: Runner) -> None:
    page = {"total": 2, "vulnerabilities": [{"title": "a", "severity": "low"}], "next": "?page=2"}
    with secuprobe({"findings": findings("critical"), "faults": [{"on": LIST, "body": page}], "counts": {}}) as api:
        step = runner.run(api, fail_on_severity="high")

    assert step.code == 1
    assert json.loads(step.outputs["vulnerabilities_count"])["critical"] == 1


def test_a_list_that_says_it_is_not_whole_and_can_not_be_followed_does_not_pass(runner: Runner) -> None:
    page = {"total": 1, "vulnerabilities": [{"title": "a", "severity": "low"}], "hasMore": True}
    step, _ = run(runner, LIST, {"body": page}, fail_on_severity="high", reports="sarif=scan.sarif")

    assert step.code == 1
    assert any("isn't whole: it says that there is more, but not where" in text for text in step.annotations("warning"))
    assert step.outputs["sarif_file"] == ""


def test_a_finding_of_the_first_page_is_not_lost_with_the_second(runner: Runner) -> None:
    page = {"total": 2, "vulnerabilities": [{"title": "a", "severity": "critical"}], "next": "?page=2"}
    none = dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)
    faults = [{"on": LIST, "body": page}, {"on": LIST, "status": 403, "body": {"error": "No"}}]
    with secuprobe({"counts": none, "faults": faults}) as api:
        step = runner.run(api, fail_on_severity="high")

    assert step.code == 1
    assert any("its page 2 could not be had" in text for text in step.annotations("warning"))


def test_another_sites_scan_in_the_place_of_ours_is_an_error(runner: Runner) -> None:
    other = {"scanId": "x", "url": "https://other.example", "status": "completed", "vulnerabilitiesCount": {}}
    with secuprobe({"findings": findings("critical"), "faults": [{"on": POLL, "body": other}]}) as api:
        step = runner.run(api)

    assert step.code == 3
    assert "is a scan of https://other.example" in step.annotations("error")[0]


def test_a_launch_that_is_told_to_come_back_at_once_backs_off(runner: Runner) -> None:
    at_once = {"status": 429, "headers": {"Retry-After": "0"}, "body": {"error": "Slow down"}}
    step, launches = run(runner, LAUNCH, at_once, times=1_000, timeout="10")

    assert step.code == 3
    assert launches < 20
    assert "a scan may be running" not in step.log


@pytest.mark.parametrize("mistake", [{"timeout": "soon"}, {"ignore_file": "nowhere.yml"}])
def test_yesterdays_reports_are_gone_whatever_goes_wrong_first(runner: Runner, mistake: dict[str, str]) -> None:
    for name in ("scan.sarif", "scan.json"):
        (runner.folder / name).write_text("yesterday's", encoding="utf-8")
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}

    inputs = {"api_key": KEY, "url": URL, "reports": "sarif=scan.sarif,json=scan.json", **mistake}
    step = runner.finish(runner.start(**inputs))

    assert step.code == 2
    left = [path.read_text(encoding="utf-8") for path in runner.folder.glob("scan.*")]
    assert not any("yesterday's" in text for text in left)


def test_which_findings_a_rule_accepts_is_not_guessed_where_the_list_is_out_of_reach(runner: Runner) -> None:
    (runner.folder / ".secuprobe-ignore.yml").write_text("- title: x\n  reason: known\n", encoding="utf-8")
    runner.environment = {"GITHUB_WORKSPACE": str(runner.folder)}
    step, _ = run(runner, LIST, {"status": 503}, times=100, fail_on_severity="low", timeout="10")

    assert (step.code, step.outputs["result"]) == (3, "error")
    assert "could not be compared with the ignore file's rules" in step.annotations("error")[0]


def test_a_list_that_stays_out_of_reach_leaves_the_counts_to_decide(runner: Runner) -> None:
    step, launches = run(runner, LIST, {"status": 500}, times=100, fail_on_severity="low", timeout="10")

    assert (step.code, launches) == (1, 1)
    assert "details are missing" in step.summary


def test_a_limit_that_outlasts_the_budget_is_told_at_once(runner: Runner) -> None:
    step, launches = run(runner, LAUNCH, {"status": 429, "headers": {"Retry-After": "300"}}, times=100, timeout="20")

    assert (step.code, launches) == (3, 1)
    assert "the time budget of 20 s ends in 20 s" in step.annotations("error")[0]


def test_an_absurd_reset_is_not_waited_for(runner: Runner) -> None:
    step, launches = run(runner, LAUNCH, {"status": 429, "headers": {"X-RateLimit-Reset": "99999999999999"}})

    assert (step.code, launches) == (0, 2)
