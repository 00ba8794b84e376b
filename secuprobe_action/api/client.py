"""SecuProbeClient: the four documented endpoints, typed. It must not know what the answers are used for.

Each is a sequence of steps (`steps`): what is asked again, and after what wait, is decided here.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr

from secuprobe_action import __version__
from secuprobe_action.api import retry
from secuprobe_action.api.answers import decoded, understood
from secuprobe_action.api.exchange import Answer, Ask, exchange
from secuprobe_action.api.pages import MAX_PAGES, next_page
from secuprobe_action.api.polling import CAP_S, interval_s
from secuprobe_action.api.ratelimit import Random
from secuprobe_action.api.redaction import Redactor
from secuprobe_action.api.steps import Kind, Pause, Request, Running, Steps
from secuprobe_action.api.window import Window
from secuprobe_action.api.wire import DomainList, LaunchedScan, Scan, VulnerabilityList
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import ApiError, LaunchUncertain, NotFound, OutOfTime, ProtocolError, RateLimited
from secuprobe_action.findings.urls import shown_url
from secuprobe_action.log import Log
from secuprobe_action.text import duration, one_line

USER_AGENT = f"secuprobe-scan-action/{__version__} (+https://github.com/Garconposey/secuprobe-scan-action)"

ANSWER_S, WHOLE_S = 20.0, 60.0
"""How long the server may be silent, and how long a request may take, where another try costs nothing."""

LAUNCH_ANSWER_S = 120.0
"""The same for a launch, which can't be repeated once it was sent: giving it up loses a scan."""

LAUNCH_NEEDS_S = 2.0
"""With less of the budget left no launch is begun: its answer would be lost, and the scan with it."""

LIST_ANSWER_S = 90.0
"""For a list of findings: it is made when it is asked for, and takes as long as it is long. It has the rest of the budget."""

SETTLING_S = 30.0
"""After a launch a 404 may only mean that the scan isn't known everywhere yet."""

VISIBLE_WAIT_S = 10.0
"""A wait this long is worth a line in the log."""

_Model = TypeVar("_Model", bound=BaseModel)


class SecuProbeClient:
    """The SecuProbe API.

    Args:
        http: the HTTP client to use; it must not follow redirects.
        base_url: the API's address, `https://secuprobe.io/api/v1`.
        api_key: the key; sent as a bearer token, removed from every text that comes back, as a scanned URL's secrets are.
        deadline: the time budget of the run; no request and no wait outlives it.
        clock: what to wait with.
        random: where jitter comes from.
        log: where waits and repeats are told.

    Attributes:
        window: what the answers say of the key's limit.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        base_url: str,
        api_key: SecretStr,
        deadline: Deadline,
        clock: Clock,
        random: Random,
        log: Log,
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._key = api_key
        self._redactor = Redactor(api_key.get_secret_value())
        self._deadline = deadline
        self._clock = clock
        self._random = random
        self._log = log
        self.window = Window()

    def beside(self) -> "SecuProbeClient":
        """Return a client on the same key for another scan: what one scan's URL hides decides nothing of another's answers."""
        other = copy.copy(self)
        other._redactor = Redactor(self._key.get_secret_value())
        return other

    def hide(self, url: str) -> None:
        """Have the values of this URL's query in no text that comes back."""
        self._redactor.hide(url)

    def launch_scan(self, url: str) -> Steps[LaunchedScan]:
        """Launch a scan (`POST /scans`).

        Raises:
            LaunchUncertain: the answer is lost, and a scan may be running.
            ApiError: it was refused, or there was no way to ask.
        """
        self.hide(url)
        ask = self._ask("POST", "/scans", LAUNCH_ANSWER_S, LAUNCH_ANSWER_S, {"url": url})
        try:
            return (yield from self._call(LaunchedScan, ask, Kind.LAUNCH))
        except ApiError as error:
            if not retry.may_have_launched(error):
                raise
            raise LaunchUncertain(
                f"The launch was sent, but its answer was lost, so a scan may be running: {error.message}",
                "It is not launched again, since each launch may cost a scan. Look in the SecuProbe dashboard for a scan of "
                f"{shown_url(url)} that started just now, and run the job again with its id in the input scan_id.",
                request=error.request,
                status=error.status,
            ) from error

    def scan(self, scan_id: str, kind: Kind = Kind.FINISH, *, launched_at_s: float | None = None) -> Steps[Scan]:
        """Return a scan's status and summary (`GET /scans/{id}`); this asks until the time budget ends.

        Args:
            scan_id: the scan.
            kind: what it is asked for.
            launched_at_s: when this run launched it, in seconds since the budget began, or None where it didn't.

        Raises:
            ApiError: it could not be had.
        """
        ask = self._ask("GET", f"/scans/{quote(scan_id, safe='')}")
        while True:
            try:
                return (yield from self._call(Scan, ask, kind))
            except NotFound as error:
                if launched_at_s is None or self._deadline.elapsed_s - launched_at_s > SETTLING_S:
                    raise
                pause = self._pause(retry.SETTLING_PAUSE_S, error)
            yield pause

    def vulnerabilities(self, scan_id: str) -> Steps[VulnerabilityList]:
        """Return a scan's vulnerabilities (`GET /scans/{id}/vulnerabilities`), all pages of them.

        What says that it goes on and can't be followed is returned as not complete.

        Raises:
            ApiError: they could not be had.
        """
        path = f"/scans/{quote(scan_id, safe='')}/vulnerabilities"
        ask = self._ask("GET", path, LIST_ANSWER_S, self._deadline.budget_s)
        pages, problem = yield from self._pages(VulnerabilityList, ask)
        return VulnerabilityList.joined(pages, problem)

    def _pages(self, model: type[_Model], ask: Ask, tries: int | None = None) -> Steps[tuple[list[_Model], str]]:
        """Return a list's pages, at least one, and why they aren't all; nothing where they are.

        Raises:
            ApiError: there is none.
        """
        pages: list[_Model] = []
        asked: set[str] = set()
        while True:
            asked.add(ask.url)
            try:
                page = yield from self._repeated(ask, Request(Kind.FINISH, partial(self._page, model, ask)), tries)
                pages.append(page.listed)
            except ApiError as error:
                if not pages:
                    raise
                return pages, f"its page {len(pages) + 1} could not be had: {one_line(error.message, 300).rstrip('.')}"
            try:
                following = next_page(page.data, page.link, ask.url, self._base_url)
            except ValueError as error:
                return pages, str(error)
            if following is None:
                return pages, ""
            if following in asked or len(pages) >= MAX_PAGES:
                return pages, "its pages don't end"
            ask = replace(ask, url=following)

    def domains(self, tries: int | None = None) -> Steps[DomainList]:
        """Return the account's domains (`GET /domains`), all pages of them.

        Args:
            tries: the most faults to accept, or None for as many as the time budget allows.

        Raises:
            ApiError: they could not be had, or not all of them.
        """
        pages, problem = yield from self._pages(DomainList, self._ask("GET", "/domains"), tries)
        if problem:
            raise ProtocolError(f"The list of domains isn't whole: {problem}.")
        return DomainList(domains=tuple(domain for page in pages for domain in page.domains))

    def wait(self, step: Pause | Running) -> None:
        """Wait as a step says that is taken alone (`steps.drive`)."""
        if isinstance(step, Pause):
            self._clock.sleep(step.seconds)
            return
        interval = interval_s(step.elapsed_s, step.prior, self.window.newest, self.window.jobs, self._random)
        if interval > CAP_S:
            left = f"{self.window.newest.remaining} of {self.window.newest.limit} requests left this minute"
            self._log.info(f"The key's rate limit is shared with other jobs ({left}): asking again in {duration(interval)}.")
        self._clock.sleep(min(interval, step.latest_s))

    def _call(self, model: type[_Model], ask: Ask, kind: Kind, *, tries: int | None = None) -> Steps[_Model]:
        """Ask until there is what was expected, a failure that may not be repeated, or no time left.

        Args:
            model: what the answer should be.
            ask: the request.
            kind: what it is for.
            tries: the most faults to accept, or None for as many as the time budget allows.
        """

        def make() -> _Model:
            return understood(model, self._attempt(ask)[1], ask, self._redactor)

        return self._repeated(ask, Request(kind, make), tries)

    def _ask(
        self,
        method: str,
        path: str,
        answer_s: float = ANSWER_S,
        whole_s: float = WHOLE_S,
        body: Mapping[str, str] | None = None,
    ) -> Ask:
        return Ask(method, self._base_url + path, f"{method} {path}", answer_s, whole_s, body)

    def _repeated(self, ask: Ask, request: Request, tries: int | None = None) -> Steps[Any]:
        faults = refusals = 0
        while True:
            try:
                return (yield request)
            except ApiError as error:
                refused = isinstance(error, RateLimited)
                refusals += refused
                faults += not refused
                if not retry.may_repeat(error, launching=ask.launching) or (tries is not None and faults >= tries):
                    raise
                left = self._deadline.remaining_s
                failure = retry.Failure(error, faults, refusals, self.window.newest, self.window.jobs, left, ask.launching)
                pause = self._pause(retry.wait_s(failure, self._random), error, LAUNCH_NEEDS_S if ask.launching else 0.0)
            yield pause

    def _pause(self, wait: float, error: ApiError, next_needs_s: float = 0.0) -> Pause:
        left = self._deadline.remaining_s
        if wait + next_needs_s >= left:
            asked_for = self.window.newest.retry_after_s
            told = f"SecuProbe asks to wait {duration(asked_for)}" if asked_for and asked_for >= left else None
            raise OutOfTime(
                f"{error.message} {told or f'The next try would be in {duration(wait)}'}, but the time budget of "
                f"{duration(self._deadline.budget_s)} ends in {duration(max(left, 0))}.",
                f"{error.advice} {OutOfTime.default_advice}",
                request=error.request,
                status=error.status,
            ) from error
        tell = self._log.info if wait >= VISIBLE_WAIT_S else self._log.debug
        tell(f"{one_line(error.message, 300)} Trying again in {duration(wait)}.")
        return Pause(wait, refused=isinstance(error, RateLimited))

    def _page(self, model: type[_Model], ask: Ask) -> "_Page[_Model]":
        answer, data = self._attempt(ask)
        return _Page(understood(model, data, ask, self._redactor), data, answer.headers.get("Link"))

    def _attempt(self, ask: Ask) -> tuple[Answer, Any]:
        """Make one request and return its answer, with its decoded body."""
        left = self._deadline.remaining_s
        if left <= (LAUNCH_NEEDS_S if ask.launching else 0):
            raise OutOfTime(f"The time budget of {duration(self._deadline.budget_s)} is used up.", request=str(ask))
        headers = {
            "Authorization": f"Bearer {self._key.get_secret_value()}",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
        }
        answer = exchange(self._http, self._clock, ask, headers, left, hear=self._hear)
        return answer, decoded(answer, ask, self._redactor)

    def _hear(self, status: int, headers: httpx.Headers) -> None:
        self.window.observe(headers, self._clock, refused=status == 429)


@dataclass(frozen=True, slots=True)
class _Page(Generic[_Model]):
    """One page of a list, with what says where it goes on."""

    listed: _Model
    data: Any
    link: str | None
