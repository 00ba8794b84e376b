"""Every documented refusal, and answers that can't be understood: what the user is told, and what it costs."""

from typing import Any

import pytest

from secuprobe_action.places.outputs import SCAN_OUTPUTS
from tests.support import Runner, secuprobe

DOCUMENTED = [
    (400, "Check the request's parameters"),
    (401, "Verify that the API key is valid and active"),
    (403, "requires a higher plan"),
    (404, "does not exist or is not yours"),
]


@pytest.mark.parametrize(("status", "advice"), DOCUMENTED)
def test_a_refused_launch_shows_the_servers_words_and_the_documentations_advice(runner: Runner, status: int, advice: str) -> None:
    with secuprobe({"faults": [{"on": "POST /scans", "status": status, "body": {"error": "No, <b>never</b>."}}]}) as api:
        step = runner.run(api)

    assert (step.code, step.outputs) == (3, SCAN_OUTPUTS)
    (error,) = step.annotations("error")
    assert f"SecuProbe answered POST /scans with {status}: No, <b>never</b>." in error
    assert advice in error
    assert "<b>" not in step.summary
    assert api.launches == 1
    assert "Traceback" not in step.log


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refused_launch_names_the_validated_domains_where_they_explain_it(runner: Runner, status: int) -> None:
    faults = [{"on": "POST /scans", "status": status, "body": {"error": "No"}}]
    with secuprobe({"faults": faults}, domains={"a.example": True, "b.example": True, "new.example": False}) as api:
        step = runner.run(api)

    assert (
        "The host shop.example is not among the validated domains of this account (a.example, b.example)"
        in step.annotations("error")[0]
    )
    assert api.requests_for("/domains") == 1


def test_a_refused_launch_of_a_validated_domain_says_nothing_of_domains(runner: Runner) -> None:
    with secuprobe(
        {"faults": [{"on": "POST /scans", "status": 403, "body": {"error": "No"}}]}, domains={"shop.example": True}
    ) as api:
        step = runner.run(api)

    assert "validated domains" not in step.annotations("error")[0]


def test_a_refused_launch_with_a_key_that_may_not_read_domains_is_still_told(runner: Runner) -> None:
    with secuprobe(scopes=frozenset({"scans:read"})) as api:
        step = runner.run(api)

    (error,) = step.annotations("error")
    assert "lacks the scope scans:create" in error
    assert "validated domains" not in error
    assert api.requests_for("/domains") == 1


def test_an_unknown_key_is_told_so(runner: Runner) -> None:
    with secuprobe() as api:
        step = runner.run(api, api_key="sp_live_wrong")

    assert step.code == 3
    assert "Invalid or missing API key" in step.annotations("error")[0]
    assert api.requests_for("/domains") == 0


def test_an_unknown_scan_id_is_told_so(runner: Runner) -> None:
    with secuprobe() as api:
        step = runner.run(api, scan_id="nobodys")

    assert step.code == 3
    assert "Scan not found" in step.annotations("error")[0]
    assert api.launches == 0


@pytest.mark.parametrize("status", [418, 422, 302])
def test_an_undocumented_status_is_an_error_with_an_excerpt(runner: Runner, status: int) -> None:
    with secuprobe({"faults": [{"on": "POST /scans", "status": status, "body": "a\n<html>::error::teapot"}]}) as api:
        step = runner.run(api)

    assert step.code == 3
    assert f"{status}" in step.annotations("error")[0]
    assert api.launches == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", ["POST /scans", "GET /scans/{id}"])
def test_redirects_are_not_followed(runner: Runner, endpoint: str, status: int) -> None:
    with secuprobe() as elsewhere:
        faults = [{"on": endpoint, "times": 100, "status": status, "headers": {"Location": f"{elsewhere.url}/scans"}}]
        with secuprobe({"faults": faults}) as api:
            step = runner.run(api)

    assert step.code == 3
    assert "Redirects are not followed" in step.annotations("error")[0]
    assert elsewhere.url in step.annotations("error")[0]
    assert elsewhere.service.requests == []
    assert api.launches == 1


@pytest.mark.parametrize(
    "body",
    [[], "text", 5, None, {}, {"scanId": None}, {"scanId": ""}, {"scanId": "../domains"}, {"scanId": ["x"]}, {"scan": {}}],
)
def test_a_launch_whose_answer_can_not_be_understood_may_have_started_a_scan(runner: Runner, body: Any) -> None:
    with secuprobe({"faults": [{"on": "POST /scans", "status": 201, "body": f"{body!r}" if body == "text" else body}]}) as api:
        step = runner.run(api)

    assert step.code == 3
    (error,) = step.annotations("error")
    assert "a scan may be running" in error
    assert "input scan_id" in error
    assert api.launches == 1


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"status": "completed"},
        {"scanId": "x"},
        {"scanId": "x", "status": None},
        {"scanId": "x", "status": 7.5e300, "secuScore": "high"},
        {"scanId": "x", "status": ["completed"]},
    ],
)
def test_a_scan_that_can_not_be_understood_is_an_error_with_what_was_expected(runner: Runner, body: Any) -> None:
    with secuprobe({"faults": [{"on": "GET /scans/{id}", "times": 100, "body": body}]}) as api:
        step = runner.run(api, timeout="10")

    assert step.code == 3
    (error,) = step.annotations("error")
    assert "is not the Scan that was expected" in error
    assert f"Attach to it with the input scan_id: {step.outputs['scan_id']}" in error
    assert "Traceback" not in step.log


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/$(id)",
        "https://a.example/`id`",
        'https://a.example/"; id; "',
        "https://a.example/\\",
        "javascript:alert(1)",
        "//a",
        5,
    ],
)
def test_a_report_link_that_a_shell_would_read_is_replaced_by_ours(runner: Runner, link: Any) -> None:
    body = {"scanId": "x", "status": "completed", "vulnerabilitiesCount": {"critical": 0}, "reportUrl": link}
    with secuprobe({"faults": [{"on": "GET /scans/{id}", "times": 100, "body": body}]}) as api:
        step = runner.run(api)

    assert step.code == 0
    assert step.outputs["report_url"].endswith(f"/dashboard/scans/{step.outputs['scan_id']}")


def test_unknown_extra_fields_and_missing_optional_ones_are_accepted(runner: Runner) -> None:
    faults = [
        {"on": "POST /scans", "status": 201, "body": {"scanId": "abc", "estimatedDuration": "soon", "new": {"x": 1}}},
        {
            "on": "GET /scans/{id}",
            "body": {"scan": {"id": "abc", "status": "COMPLETED", "vulnerabilities": {"critical": 0, "high": None}}},
        },
        {
            "on": "GET /scans/{id}/vulnerabilities",
            "body": {"vulnerabilities": [{"severity": "LOW", "title": 7, "cvss": 9}], "next": None},
        },
    ]
    with secuprobe({"faults": faults}) as api:
        step = runner.run(api)

    assert (step.code, step.outputs["scan_id"]) == (0, "abc")


def test_an_api_out_of_reach_is_an_error_that_names_the_way(runner: Runner) -> None:
    step = runner.run(api_key="sp_live_x", url="https://a.example", api_url="http://127.0.0.1:9/api/v1", timeout="10")

    assert step.code == 3
    (error,) = step.annotations("error")
    assert "No connection for POST /scans" in error
    assert "firewall, proxy, DNS" in error
