"""The embedded SecuProbe keeps to the documentation: paths, fields, codes, error bodies, scopes, limits."""

import time
from collections.abc import Iterator

import httpx
import pytest

from secuprobe_action.local.accounts import Account, Limiter
from secuprobe_action.local.background import running
from secuprobe_action.local.scripted import Scenario, ScriptedEngine
from secuprobe_action.local.serve import application
from secuprobe_action.local.server import BASE_PATH, SecuProbe
from tests.support import FINDINGS, KEY, Api, secuprobe, wait_until

AUTHORISED = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(name="api")
def _api() -> Iterator[Api]:
    with secuprobe({"findings": FINDINGS, "duration_s": 0.1}, domains={"shop.example": True, "new.example": False}) as api:
        yield api


def launch(api: Api) -> httpx.Response:
    return httpx.post(f"{api.url}/scans", json={"url": "https://shop.example"}, headers=AUTHORISED)


def test_a_scan_as_documented(api: Api) -> None:
    launched = launch(api)
    scan_id = launched.json()["scanId"]
    scan_url = f"{api.url}/scans/{scan_id}"

    assert launched.json() == {"scanId": scan_id, "status": "queued", "estimatedDuration": 1.0, "resultsUrl": scan_url}
    wait_until(lambda: httpx.get(scan_url, headers=AUTHORISED).json()["status"] == "completed")
    scan = httpx.get(scan_url, headers=AUTHORISED).json()
    assert set(scan) == {"scanId", "url", "status", "secuScore", "vulnerabilitiesCount", "completedAt", "reportUrl"}
    assert scan["vulnerabilitiesCount"] == {"critical": 1, "high": 1, "medium": 1, "low": 1, "info": 1}
    listed = httpx.get(f"{scan_url}/vulnerabilities", headers=AUTHORISED).json()
    assert listed["total"] == 5
    assert set(listed["vulnerabilities"][0]) == {"id", "title", "severity", "category", "description", "remediationGuide"}


def test_lone_surrogates_are_played_as_raw_json() -> None:
    broken = {"title": "a\ud800b", "severity": "\udfff", "category": "é", "description": "x\udc00"}
    with secuprobe({"findings": [broken], "counts": {"\ud800": 1}}) as api:
        scan_url = f"{api.url}/scans/{launch(api).json()['scanId']}"
        wait_until(lambda: httpx.get(scan_url, headers=AUTHORISED).json()["status"] == "completed")
        answer = httpx.get(f"{scan_url}/vulnerabilities", headers=AUTHORISED)

    assert answer.status_code == 200
    assert rb'"title":"a\ud800b"' in answer.content
    assert {name: answer.json()["vulnerabilities"][0][name] for name in broken} == broken


def test_domains_as_documented(api: Api) -> None:
    (first, second) = httpx.get(f"{api.url}/domains", headers=AUTHORISED).json()["domains"]

    assert set(first) == {"id", "hostname", "isValidated", "createdAt"}
    assert (first["hostname"], first["isValidated"], second["isValidated"]) == ("shop.example", True, False)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sp_live_other"}, {"Authorization": KEY}])
def test_an_unknown_key_is_401(api: Api, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{api.url}/domains", headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid or missing API key"})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"url": 5}', b'{"url": "ftp://a"}', b'{"url": "https://"}', b"\xff"])
def test_a_bad_body_is_400(api: Api, body: bytes) -> None:
    answer = httpx.post(f"{api.url}/scans", content=body, headers=AUTHORISED)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_a_domain_that_is_not_validated_is_403(api: Api) -> None:
    answer = httpx.post(f"{api.url}/scans", json={"url": "https://new.example"}, headers=AUTHORISED)

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/scans/unknown", "/scans/unknown/vulnerabilities", "/nothing"])
def test_what_does_not_exist_is_404(api: Api, path: str) -> None:
    answer = httpx.get(api.url + path, headers=AUTHORISED)

    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}


def test_anothers_scan_is_404() -> None:
    accounts = [Account("sp_live_a", Limiter(60, time.time)), Account("sp_live_b", Limiter(60, time.time))]
    with running(application(SecuProbe(ScriptedEngine(Scenario()), accounts))) as url:
        created = httpx.post(
            f"{url}{BASE_PATH}/scans", json={"url": "https://a.example"}, headers={"Authorization": "Bearer sp_live_a"}
        )
        scan = f"{url}{BASE_PATH}/scans/{created.json()['scanId']}"

        assert httpx.get(scan, headers={"Authorization": "Bearer sp_live_a"}).status_code == 200
        assert httpx.get(scan, headers={"Authorization": "Bearer sp_live_b"}).status_code == 404


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [("scans:create", "POST", "/scans"), ("scans:read", "GET", "/scans/x"), ("domains:read", "GET", "/domains")],
)
def test_a_missing_scope_is_403(scope: str, method: str, path: str) -> None:
    with secuprobe(scopes=frozenset({"scans:create", "scans:read", "domains:read"}) - {scope}) as api:
        answer = httpx.request(method, api.url + path, headers=AUTHORISED)

    assert answer.status_code == 403
    assert scope in answer.json()["error"]


def test_too_many_requests_are_429_and_every_answer_tells_the_limit() -> None:
    with secuprobe(limit=2) as api:
        answers = [httpx.get(f"{api.url}/domains", headers=AUTHORISED) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"2"}
    assert 0 < int(answers[0].headers["X-RateLimit-Reset"]) - time.time() <= 61


def test_the_window_opens_again_at_the_reset() -> None:
    now = 1000.0
    limiter = Limiter(2, lambda: now)

    assert [limiter.admit() for _ in range(3)] == [True, True, False]
    now = float(limiter.headers()["X-RateLimit-Reset"])
    assert limiter.admit()
