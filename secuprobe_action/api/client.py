"""SecuProbeClient: the four documented endpoints, typed. It must not know what the answers are used for."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr

from secuprobe_action import __version__
from secuprobe_action.api import retry
from secuprobe_action.api.answers import decoded, understood
from secuprobe_action.api.exchange import Answer, Ask, exchange
from secuprobe_action.api.pages import MAX_PAGES, next_page
from secuprobe_action.api.polling import CAP_S, Prior, interval_s
from secuprobe_action.api.ratelimit import Random, RateLimit
from secuprobe_action.api.redaction import Redactor
from secuprobe_action.api.sharing import KeySharing
from secuprobe_action.api.wire import DomainList, LaunchedScan, Scan, VulnerabilityList
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import ApiError, LaunchUncertain, NotFound, OutOfTime, RateLimited
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
_Result = TypeVar("_Result")


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
        self._rate_limit = RateLimit()  # what the newest answer said of it
        self._sharing = KeySharing()

    def hide(self, url: str) -> None:
        """Have the values of this URL's query in no text that comes back."""
        self._redactor.hide(url)

    def launch_scan(self, url: str) -> LaunchedScan:
        """Launch a scan (`POST /scans`).

        Raises:
            LaunchUncertain: the answer is lost, and a scan may be running.
            ApiError: it was refused, or there was no way to ask.
        """
        self.hide(url)
        ask = self._ask("POST", "/scans", LAUNCH_ANSWER_S, LAUNCH_ANSWER_S, {"url": url})
        try:
            return self._call(LaunchedScan, ask)
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

    def scan(self, scan_id: str, *, launched_at_s: float | None = None) -> Scan:
        """Return a scan's status and summary (`GET /scans/{id}`); this asks until the time budget ends.

        Args:
            scan_id: the scan.
            launched_at_s: when this run launched it, in seconds since the budget began, or None where it didn't.

        Raises:
            ApiError: it could not be had.
        """
        ask = self._ask("GET", f"/scans/{quote(scan_id, safe='')}")
        while True:
            try:
                return self._call(Scan, ask)
            except NotFound as error:
                if launched_at_s is None or self._deadline.elapsed_s - launched_at_s > SETTLING_S:
                    raise
                self._pause(retry.SETTLING_PAUSE_S, error)

    def vulnerabilities(self, scan_id: str) -> VulnerabilityList:
        """Return a scan's vulnerabilities (`GET /scans/{id}/vulnerabilities`), all pages of them.

        What says that it goes on and can't be followed is returned as not complete.

        Raises:
            ApiError: they could not be had.
        """
        ask = self._ask("GET", f"/scans/{quote(scan_id, safe='')}/vulnerabilities", LIST_ANSWER_S, self._deadline.budget_s)
        pages: list[VulnerabilityList] = []
        asked: set[str] = set()
        while True:
            asked.add(ask.url)
            try:
                answer, data = self._repeated(ask, None, lambda: self._attempt(ask))  # noqa: B023  # it is called at once
                pages.append(understood(VulnerabilityList, data, ask, self._redactor))
            except ApiError as error:
                if not pages:
                    raise
                problem = f"its page {len(pages) + 1} could not be had: {one_line(error.message, 300).rstrip('.')}"
                return VulnerabilityList.joined(pages, problem)
            try:
                following = next_page(data, answer.headers.get("Link"), ask.url, self._base_url)
            except ValueError as error:
                return VulnerabilityList.joined(pages, str(error))
            if following is None:
                return VulnerabilityList.joined(pages, "")
            if following in asked or len(pages) >= MAX_PAGES:
                return VulnerabilityList.joined(pages, "its pages don't end")
            ask = replace(ask, url=following)

    def domains(self) -> DomainList:
        """Return the account's domains (`GET /domains`).

        Raises:
            ApiError: they could not be had.
        """
        return self._call(DomainList, self._ask("GET", "/domains"), tries=retry.OPTIONAL_TRIES)

    @property
    def requests_per_minute(self) -> int | None:
        """The key's rate limit as the newest answer stated it, or None where it stated none."""
        return self._rate_limit.limit

    def poll_interval_s(self, elapsed_s: float, prior: Prior | None) -> float:
        """Return when to ask next for a scan, in seconds from now.

        Args:
            elapsed_s: seconds since its launch, at least 0.
            prior: what is known of its length, or None.
        """
        interval = interval_s(elapsed_s, prior, self._rate_limit, self._sharing.jobs, self._random)
        if interval > CAP_S:
            left = f"{self._rate_limit.remaining} of {self._rate_limit.limit} requests left this minute"
            self._log.info(f"The key's rate limit is shared with other jobs ({left}): asking again in {duration(interval)}.")
        return interval

    def _call(self, model: type[_Model], ask: Ask, *, tries: int | None = None) -> _Model:
        """Ask until there is what was expected, a failure that may not be repeated, or no time left.

        Args:
            model: what the answer should be.
            ask: the request.
            tries: the most faults to accept, or None for as many as the time budget allows.
        """
        return self._repeated(ask, tries, lambda: understood(model, self._attempt(ask)[1], ask, self._redactor))

    def _ask(
        self,
        method: str,
        path: str,
        answer_s: float = ANSWER_S,
        whole_s: float = WHOLE_S,
        body: Mapping[str, str] | None = None,
    ) -> Ask:
        return Ask(method, self._base_url + path, f"{method} {path}", answer_s, whole_s, body)

    def _repeated(self, ask: Ask, tries: int | None, attempt: Callable[[], _Result]) -> _Result:
        faults = refusals = 0
        while True:
            try:
                return attempt()
            except ApiError as error:
                if isinstance(error, RateLimited):
                    refusals += 1
                else:
                    faults += 1
                if not retry.may_repeat(error, launching=ask.launching) or (tries is not None and faults >= tries):
                    raise
                left = self._deadline.remaining_s
                failure = retry.Failure(error, faults, refusals, self._rate_limit, self._sharing.jobs, left, ask.launching)
                self._pause(retry.wait_s(failure, self._random), error, LAUNCH_NEEDS_S if ask.launching else 0.0)

    def _pause(self, wait: float, error: ApiError, next_needs_s: float = 0.0) -> None:
        left = self._deadline.remaining_s
        if wait + next_needs_s >= left:
            asked_for = self._rate_limit.retry_after_s
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
        self._clock.sleep(wait)

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
        answer = exchange(self._http, self._clock, ask, headers, left)
        self._rate_limit = RateLimit.from_headers(answer.headers, self._clock.time())
        self._sharing.observe(self._rate_limit, self._clock.monotonic(), admitted=answer.status != 429)
        return answer, decoded(answer, ask, self._redactor)
