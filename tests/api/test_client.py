"""The client in simulated time: what it asks, what it waits for, when it gives up."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.exchange import Way
from secuprobe_action.api.polling import Prior
from secuprobe_action.api.steps import Running, Steps, drive
from secuprobe_action.api.wire import DomainList, LaunchedScan, Scan, VulnerabilityList
from secuprobe_action.clock import Deadline
from secuprobe_action.errors import (
    ApiError,
    Conflict,
    LaunchUncertain,
    LegallyBlocked,
    NotFound,
    OutOfTime,
    PaymentRequired,
    ProtocolError,
    TransportError,
    Unprocessable,
)
from tests.support import KEY, RecordedLog, SimulatedClock, tell_the_way

SCAN = {"scanId": "a", "status": "running"}
LAUNCHED = {"scanId": "a", "status": "queued"}
Answer = httpx.Response | Exception
Result = TypeVar("Result")


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

    def launch_scan(self, url: str) -> LaunchedScan:
        return self._driven(self.client.launch_scan(url))

    def scan(self, scan_id: str, *, launched_at_s: float | None = None) -> Scan:
        return self._driven(self.client.scan(scan_id, launched_at_s=launched_at_s))

    def vulnerabilities(self, scan_id: str) -> VulnerabilityList:
        return self._driven(self.client.vulnerabilities(scan_id))

    def domains(self) -> DomainList:
        return self._driven(self.client.domains())

    def _driven(self, steps: Steps[Result]) -> Result:
        return drive(steps, self.client.wait)

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

    harness.launch_scan("https://shop.example")
    harness.scan("a")
    harness.vulnerabilities("a")
    harness.domains()

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

    (domain,) = Harness([ok(domains)]).domains().domains

    assert (domain.hostname, domain.is_validated, domain.created_at) == ("a.example", True, "2026-01-15T10:00:00Z")


def own_words(status: int) -> httpx.Response:
    return httpx.Response(status, json={"error": "Down for a minute"})


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), own_words(500), own_words(503)])
def test_what_surely_launched_nothing_is_repeated_for_as_long_as_the_budget_allows(answer: Answer) -> None:
    harness = Harness(lambda request: answer if harness.clock.now < 240 else ok(LAUNCHED))

    assert harness.launch_scan("https://shop.example").scan_id == "a"
    assert 240 <= harness.clock.now < 280
    assert len(harness.requests) > 8


@pytest.mark.parametrize("status", [200, 302, 303, 403, 408, 500, 502, 503, 504])
def test_a_gateways_answer_to_a_launch_is_never_followed_by_another(status: int) -> None:
    harness = Harness(lambda request: httpx.Response(status, text="<html>Service unavailable</html>"))

    with pytest.raises(ApiError) as raised:
        harness.launch_scan("https://shop.example")

    assert len(harness.requests) == 1
    assert isinstance(raised.value, LaunchUncertain) == (status not in (302, 403))


def test_a_wait_of_a_day_is_believed_and_ends_it_at_once() -> None:
    harness = Harness([httpx.Response(429, json={"error": "slow down"}, headers={"Retry-After": "86400"})])

    with pytest.raises(OutOfTime, match="SecuProbe asks to wait 24 h 0 min, but the time budget of 10 min 0 s ends in"):
        harness.launch_scan("https://shop.example")

    assert harness.clock.waits == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(402, json={"error": "No scans left"}), PaymentRequired),
        (httpx.Response(409, json={"error": "Already running"}), Conflict),
        (httpx.Response(422, json={"error": "The site does not answer"}), Unprocessable),
        (httpx.Response(451, json={"error": "Not in your country"}), LegallyBlocked),
    ],
)
def test_a_refusal_has_the_servers_words_and_advice_of_its_own(answer: httpx.Response, kind: type[ApiError]) -> None:
    with pytest.raises(kind, match=answer.json()["error"]) as raised:
        Harness([answer]).launch_scan("https://shop.example")

    assert raised.value.advice == kind.default_advice


@pytest.mark.parametrize(
    ("body", "scan_id"), [({"scanId": "b"}, "b"), ({"scan": {"id": "b"}}, "b"), ({"scanId": "../x"}, None), ({}, None)]
)
def test_a_conflict_names_the_scan_that_runs_already(body: dict[str, Any], scan_id: str | None) -> None:
    with pytest.raises(Conflict) as raised:
        Harness([httpx.Response(409, json={"error": "Already running", **body})]).launch_scan("https://shop.example")

    assert raised.value.scan_id == scan_id


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, text="<html>Just a moment...</html>"),
        httpx.Response(404, text="<html>Not here</html>"),
        httpx.Response(200, text="<html>We are back soon</html>"),
        httpx.Response(200, json={"message": "maintenance"}),
        httpx.Response(403, json={"error": "challenge"}, headers={"cf-mitigated": "challenge"}),
        httpx.Response(408, json={"error": "Request timeout"}),
        httpx.Response(425),
        own_words(503),
        httpx.ReadTimeout("slow"),
    ],
)
def test_a_poll_outlasts_whatever_stands_in_its_way_for_two_minutes(answer: Answer) -> None:
    harness = Harness(lambda request: answer if harness.clock.now < 120 else ok(SCAN))

    assert harness.scan("a").status == "running"


@pytest.mark.parametrize("status", [200, 401, 403, 404, 502])
def test_what_is_not_secuprobes_answer_is_said_to_be_something_in_front_of_it(status: int) -> None:
    harness = Harness(lambda request: httpx.Response(status, text="<html>Access denied</html>"), budget_s=30)

    with pytest.raises(OutOfTime) as raised:
        harness.scan("a")

    said = f"{raised.value}"
    assert f"Something in front of SecuProbe answered GET /scans/a with {status}" in said
    assert "Access denied" in said
    assert not {"plan", "domain", "scope"} & set(said.replace(",", " ").split())


def test_a_scan_that_was_just_launched_may_not_be_known_yet() -> None:
    missing = httpx.Response(404, json={"error": "Scan not found"})
    harness = Harness([missing, missing, ok(SCAN)])

    assert harness.scan("a", launched_at_s=0.0).status == "running"


@pytest.mark.parametrize("launched_at_s", [None, 0.0])
def test_a_scan_that_is_not_there_later_or_was_not_launched_here_is_not_found(launched_at_s: float | None) -> None:
    harness = Harness(lambda request: httpx.Response(404, json={"error": "Scan not found"}))
    harness.clock.now = 0.0 if launched_at_s is None else 31.0

    with pytest.raises(NotFound):
        harness.scan("a", launched_at_s=launched_at_s)

    assert len(harness.requests) == 1


def test_refusals_are_waited_out_however_many() -> None:
    harness = Harness([refused()] * 7 + [ok(LAUNCHED)], budget_s=21_600)

    assert harness.launch_scan("https://shop.example").scan_id == "a"
    assert all(wait >= 30 for wait in harness.clock.waits)


def test_polling_goes_on_as_long_as_the_budget_lasts() -> None:
    harness = Harness(lambda request: httpx.Response(503, json={"error": "down"}))

    with pytest.raises(OutOfTime, match="503"):
        harness.scan("a")

    assert len(harness.requests) > 20
    assert 550 < harness.clock.now <= 600


def test_a_list_has_the_rest_of_the_budget() -> None:
    harness = Harness(lambda request: httpx.Response(500) if harness.clock.now < 500 else ok({"vulnerabilities": []}))

    assert harness.vulnerabilities("a").vulnerabilities == ()


def test_a_request_that_was_given_up_before_it_was_sent_is_never_sent() -> None:
    way = Way()
    way.trace("connection.connect_tcp.started", {})
    way.give_up()

    with pytest.raises(TimeoutError):
        way.trace("http11.send_request_headers.started", {})

    assert not way.sent


LIST = "https://api.example/v1/scans/a/vulnerabilities"


@pytest.mark.parametrize(
    "more",
    [
        {"next": f"{LIST}?page=2"},
        {"next": "/v1/scans/a/vulnerabilities?page=2"},
        {"next": "?page=2"},
        {"nextPage": 2},
        {"nextPage": "2"},
        {"pagination": {"next": "?page=2", "hasMore": True}},
        {"links": {"next": {"href": "?page=2"}}},
        {"hasMore": True, "nextPage": 2},
    ],
)
def test_the_pages_of_a_list_are_followed(more: dict[str, Any]) -> None:
    first = {"total": 2, "vulnerabilities": [{"title": "one"}], **more}
    harness = Harness([ok(first), ok({"total": 2, "vulnerabilities": [{"title": "two"}], "hasMore": False, "next": None})])

    listed = harness.vulnerabilities("a")

    assert [entry.title for entry in listed.vulnerabilities] == ["one", "two"]
    assert (listed.total, listed.incomplete) == (2, "")
    assert str(harness.requests[1].url) == f"{LIST}?page=2"


def test_a_link_header_leads_to_the_next_page() -> None:
    first = httpx.Response(200, json={"vulnerabilities": []}, headers={"Link": f'<{LIST}?cursor=x>; rel="next"'})
    harness = Harness([first, ok({"vulnerabilities": [{"title": "two"}]})])

    assert len(harness.vulnerabilities("a").vulnerabilities) == 1


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"hasMore": True}, "it says that there is more, but not where"),
        ({"next": "https://evil.example/v1/scans"}, "its next page is not below the API's address"),
        ({"next": "http://api.example/v1/scans/a?page=2"}, "its next page is not below the API's address"),
        ({"next": "https://api.example/other"}, "its next page is not below the API's address"),
        ({"next": "https://api.example/v1/../other"}, "its next page is not below the API's address"),
        ({"next": "https://api.example@evil.example/v1/x"}, "its next page is not below the API's address"),
        ({"next": LIST}, "its pages don't end"),
        ({"next": "eyJvcGFxdWUi"}, "it names a cursor for the next page, and not its address"),
        ({"next": "?cursor=\x01"}, "the address of its next page is none"),
        ({"next": "?" + "x" * 70_000}, "the address of its next page is none"),
    ],
)
def test_what_can_not_be_followed_is_a_list_that_is_not_whole(more: dict[str, Any], problem: str) -> None:
    harness = Harness([ok({"vulnerabilities": [{"title": "one"}], **more})])

    listed = harness.vulnerabilities("a")

    assert listed.incomplete.startswith(problem)
    assert len(listed.vulnerabilities) == 1
    assert len(harness.requests) == 1


def test_pages_that_never_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secuprobe_action.api.client.MAX_PAGES", 5)
    harness = Harness(lambda request: ok({"vulnerabilities": [], "nextPage": len(harness.requests) + 1}))

    assert harness.vulnerabilities("a").incomplete == "its pages don't end"
    assert len(harness.requests) == 5


def test_a_wait_that_would_outlive_the_budget_ends_at_once_and_says_so() -> None:
    harness = Harness([refused(30.0)], budget_s=20)

    with pytest.raises(OutOfTime, match="SecuProbe asks to wait 30 s, but the time budget of 20 s ends in 20 s") as raised:
        harness.launch_scan("https://shop.example")

    assert harness.clock.waits == []
    assert "shared by all jobs" in raised.value.advice


def test_no_request_is_made_after_the_budget() -> None:
    harness = Harness([])
    harness.clock.now = 601

    with pytest.raises(OutOfTime, match="used up"):
        harness.scan("a")

    assert harness.requests == []


def test_timeouts_never_outlast_the_budget() -> None:
    harness = Harness([ok(SCAN), ok(SCAN)])

    harness.scan("a")
    harness.clock.now = 597.0
    harness.scan("a")

    first, second = (request.extensions["timeout"] for request in harness.requests)
    assert (first["connect"], first["read"]) == (10.0, 20.0)
    assert (second["connect"], second["read"]) == (3.0, 3.0)


def test_a_repeat_is_a_debug_line_and_a_long_wait_a_visible_one() -> None:
    harness = Harness([httpx.ReadError("reset"), ok(SCAN), refused(), ok(SCAN)])

    harness.scan("a")
    assert len(harness.log.debug_lines) == 1
    assert harness.log.lines == []

    harness.scan("a")
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
        harness.launch_scan("https://shop.example")

    assert len(harness.requests) == 1
    assert "dashboard" in raised.value.advice


def test_an_untrusted_certificate_is_not_asked_again() -> None:
    import ssl

    untrusted = httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")
    untrusted.__cause__ = ssl.SSLCertVerificationError("self-signed")
    harness = Harness([untrusted])

    with pytest.raises(TransportError) as raised:
        harness.scan("a")

    assert "SECUPROBE_EXTRA_CA_CERTS" in raised.value.advice


def test_an_answer_beyond_all_measure_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secuprobe_action.api.exchange.MAX_BODY_BYTES", 1000)

    with pytest.raises(ProtocolError, match="larger than"):
        Harness([ok({"scanId": "a" * 2000})]).scan("a")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"scanId": NaN}', b'{"scanId"', b""])
def test_what_is_not_json_is_undecodable(body: bytes) -> None:
    harness = Harness(lambda request: httpx.Response(200, content=body))

    with pytest.raises(OutOfTime, match="not with JSON"):
        harness.scan("a")


def test_an_error_page_is_shown_as_a_short_excerpt_on_one_line() -> None:
    page = "<html>\n" + "x" * 5000

    with pytest.raises(OutOfTime) as raised:
        Harness(lambda request: httpx.Response(500, text=page)).vulnerabilities("a")

    start = (
        "Something in front of SecuProbe answered GET /scans/a/vulnerabilities with 500, and not SecuProbe itself: “<html> xxx"
    )
    assert raised.value.message.startswith(start)
    assert len(raised.value.message) < 450


def test_a_wait_for_the_sake_of_other_jobs_is_told_with_its_reason() -> None:
    headers = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "5", "Retry-After": "1"}
    headers["X-RateLimit-Reset"] = str(int(SimulatedClock().epoch + 30))
    harness = Harness([httpx.Response(200, json=SCAN, headers=headers)])
    harness.scan("a")

    before = harness.clock.monotonic()
    harness.client.wait(Running("running", 60, Prior.announced(120), 500))

    assert harness.clock.monotonic() - before > 30
    assert harness.log.lines[0].startswith("The key's rate limit is shared with other jobs (5 of 60 requests left this minute)")
