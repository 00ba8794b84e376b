"""The client in simulated time: what it asks, what it waits for, when it gives up."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.polling import Prior
from secuprobe_action.clock import Deadline
from secuprobe_action.errors import (
    LaunchUncertain,
    OutOfTime,
    ProtocolError,
    ServerError,
    TransportError,
)
from tests.support import KEY, RecordedLog, SimulatedClock, tell_the_way

SCAN = {"scanId": "a", "status": "running"}
LAUNCHED = {"scanId": "a", "status": "queued"}
Answer = httpx.Response | Exception


class Harness:
    """A client whose answers are given, and what it did with them."""

    def __init__(self, answers: Sequence[Answer] | Callable[[httpx.Request], Answer], budget_s: float = 600.0) -> None:
        self.clock = SimulatedClock()
        self.log = RecordedLog()
        self.requests: list[httpx.Request] = []
        self._answers: Iterator[Answer] | None = iter(answers) if isinstance(answers, Sequence) else None
        self._answer = None if isinstance(answers, Sequence) else answers
        self.client = SecuProbeClient(
            httpx.Client(transport=httpx.MockTransport(self._handle)),
            base_url="https://api.example/v1/",
            api_key=SecretStr(KEY),
            deadline=Deadline.starting_now(self.clock, budget_s),
            clock=self.clock,
            random=random.Random(1),
            log=self.log,
        )

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers) if self._answers else self._answer(request) if self._answer else None
        tell_the_way(
            request, sent=not isinstance(answer, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
        )
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return answer


def ok(data: Any) -> httpx.Response:
    return httpx.Response(200, json=data)


def refused(reset_in_s: float = 30.0) -> httpx.Response:
    headers = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "Retry-After": str(reset_in_s)}
    return httpx.Response(429, json={"error": "slow down"}, headers=headers)


def test_each_endpoint_asks_as_documented() -> None:
    harness = Harness([ok(LAUNCHED), ok(SCAN), ok({"vulnerabilities": []}), ok({"domains": []})])

    harness.client.launch_scan("https://shop.example")
    harness.client.scan("a")
    harness.client.vulnerabilities("a")
    harness.client.domains()

    asked = [f"{request.method} {request.url}" for request in harness.requests]
    assert asked == [
        "POST https://api.example/v1/scans",
        "GET https://api.example/v1/scans/a",
        "GET https://api.example/v1/scans/a/vulnerabilities",
        "GET https://api.example/v1/domains",
    ]
    assert harness.requests[0].content == b'{"url":"https://shop.example"}'
    assert {request.headers["Authorization"] for request in harness.requests} == {f"Bearer {KEY}"}


def test_the_domains_are_typed() -> None:
    domains = {"domains": [{"id": "d", "hostname": "a.example", "isValidated": True, "createdAt": "2026-01-15T10:00:00Z"}]}

    (domain,) = Harness([ok(domains)]).client.domains().domains

    assert (domain.hostname, domain.is_validated, domain.created_at) == ("a.example", True, "2026-01-15T10:00:00Z")


def test_launching_gives_up_after_five_tries() -> None:
    harness = Harness(lambda request: httpx.ConnectError("refused"))

    with pytest.raises(TransportError, match="No connection"):
        harness.client.launch_scan("https://shop.example")

    assert len(harness.requests) == 5
    assert len(harness.clock.waits) == 4


def test_refusals_are_not_among_the_five_tries() -> None:
    harness = Harness([refused()] * 7 + [ok(LAUNCHED)], budget_s=21_600)

    assert harness.client.launch_scan("https://shop.example").scan_id == "a"
    assert all(wait >= 30 for wait in harness.clock.waits)


def test_polling_goes_on_as_long_as_the_budget_lasts() -> None:
    harness = Harness(lambda request: httpx.Response(503, json={"error": "down"}))

    with pytest.raises(OutOfTime, match="503"):
        harness.client.scan("a")

    assert len(harness.requests) > 20
    assert 550 < harness.clock.now <= 600


def test_a_list_that_can_not_be_had_is_given_up_after_five_tries() -> None:
    harness = Harness(lambda request: httpx.Response(500))

    with pytest.raises(ServerError):
        harness.client.vulnerabilities("a")

    assert len(harness.requests) == 5


def test_a_wait_that_would_outlive_the_budget_ends_at_once_and_says_so() -> None:
    harness = Harness([refused(30.0)], budget_s=20)

    with pytest.raises(OutOfTime, match="next try would be in 30 s, but the time budget of 20 s ends in 20 s") as raised:
        harness.client.launch_scan("https://shop.example")

    assert harness.clock.waits == []
    assert "shared by all jobs" in raised.value.advice


def test_no_request_is_made_after_the_budget() -> None:
    harness = Harness([])
    harness.clock.now = 601

    with pytest.raises(OutOfTime, match="used up"):
        harness.client.scan("a")

    assert harness.requests == []


def test_timeouts_never_outlast_the_budget() -> None:
    harness = Harness([ok(SCAN), ok(SCAN)])

    harness.client.scan("a")
    harness.clock.now = 597.0
    harness.client.scan("a")

    first, second = (request.extensions["timeout"] for request in harness.requests)
    assert (first["connect"], first["read"]) == (10.0, 20.0)
    assert (second["connect"], second["read"]) == (3.0, 3.0)


def test_a_repeat_is_a_debug_line_and_a_long_wait_a_visible_one() -> None:
    harness = Harness([httpx.ReadError("reset"), ok(SCAN), refused(), ok(SCAN)])

    harness.client.scan("a")
    assert len(harness.log.debug_lines) == 1
    assert harness.log.lines == []

    harness.client.scan("a")
    assert len(harness.log.lines) == 1
    assert "429: slow down. Trying again in" in harness.log.lines[0]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.WriteError("reset"),
        TimeoutError(),
        httpx.Response(200, content=b'{"scanId": "5'),
        httpx.Response(502),
        httpx.Response(504),
    ],
)
def test_a_launch_whose_answer_is_lost_is_never_repeated(answer: Answer) -> None:
    harness = Harness([answer])

    with pytest.raises(LaunchUncertain, match="a scan may be running") as raised:
        harness.client.launch_scan("https://shop.example")

    assert len(harness.requests) == 1
    assert "dashboard" in raised.value.advice


def test_an_untrusted_certificate_is_not_asked_again() -> None:
    import ssl

    untrusted = httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")
    untrusted.__cause__ = ssl.SSLCertVerificationError("self-signed")
    harness = Harness([untrusted])

    with pytest.raises(TransportError) as raised:
        harness.client.scan("a")

    assert "SECUPROBE_EXTRA_CA_CERTS" in raised.value.advice


def test_an_answer_beyond_all_measure_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secuprobe_action.api.client.MAX_BODY_BYTES", 1000)

    with pytest.raises(ProtocolError, match="larger than"):
        Harness([ok({"scanId": "a" * 2000})]).client.scan("a")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"scanId": NaN}', b"\xff\xfe", b"9" * 5000, b""])
def test_what_is_not_json_is_undecodable(body: bytes) -> None:
    harness = Harness(lambda request: httpx.Response(200, content=body))

    with pytest.raises(OutOfTime, match="not with JSON"):
        harness.client.scan("a")


def test_an_error_page_is_shown_as_a_short_excerpt_on_one_line() -> None:
    page = "<html>\n" + "x" * 5000

    with pytest.raises(ServerError) as raised:
        Harness(lambda request: httpx.Response(500, text=page)).client.vulnerabilities("a")

    assert raised.value.message.startswith("SecuProbe answered GET /scans/a/vulnerabilities with 500: “<html> xxx")
    assert len(raised.value.message) < 300


def test_a_wait_for_the_sake_of_other_jobs_is_told_with_its_reason() -> None:
    headers = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "5", "Retry-After": "1"}
    headers["X-RateLimit-Reset"] = str(int(SimulatedClock().epoch + 30))
    harness = Harness([httpx.Response(200, json=SCAN, headers=headers)])
    harness.client.scan("a")

    interval = harness.client.poll_interval_s(60, Prior.announced(120))

    assert interval > 30
    assert harness.log.lines[0].startswith("The key's rate limit is shared with other jobs (5 of 60 requests left this minute)")
