"""SecuProbeClient: the four documented endpoints, typed. It must not know what the answers are used for."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from secuprobe_action import __version__
from secuprobe_action.api import retry
from secuprobe_action.api.polling import CAP_S, Prior, interval_s
from secuprobe_action.api.ratelimit import Random, RateLimit
from secuprobe_action.api.redaction import Redactor
from secuprobe_action.api.sharing import KeySharing
from secuprobe_action.api.wire import DomainList, LaunchedScan, Scan, VulnerabilityList
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import (
    ApiError,
    BadRequest,
    Cancelled,
    Forbidden,
    LaunchUncertain,
    NotFound,
    OutOfTime,
    ProtocolError,
    RateLimited,
    RedirectRefused,
    ServerError,
    TransportError,
    Unauthorized,
    UndecodableBody,
    UnexpectedStatus,
)
from secuprobe_action.findings.urls import shown_url
from secuprobe_action.log import Log
from secuprobe_action.network.refusals import refusal
from secuprobe_action.text import duration, one_line

USER_AGENT = f"secuprobe-scan-action/{__version__} (+https://github.com/Garconposey/secuprobe-scan-action)"
CONNECT_TIMEOUT_S = 10.0
"""Of each address of the host."""

CONNECTING_S = 15.0
"""Until a request is on its way: the look-up of the name, for which sockets know no limit, and the connection."""

READ_TIMEOUT_S = 20.0
REQUEST_TIMEOUT_S = 60.0
"""A whole request: a server that keeps sending a byte now and then must not keep the job."""

MAX_BODY_BYTES = 128 * 1024 * 1024
"""More than any list of vulnerabilities takes (20,000 of them with 2,000 characters each are 40 MB), less than a runner has."""

VISIBLE_WAIT_S = 10.0
"""A wait this long is worth a line in the log."""

_ERRORS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}

_Model = TypeVar("_Model", bound=BaseModel)
_Exchanged = tuple[httpx.Response, bytearray]


class Way:
    """How far a request has come, as the HTTP library tells while it makes it: only what was sent can have launched a scan.

    Attributes:
        sent: whether any of it may have reached the server. True, too, where the library tells nothing.
    """

    def __init__(self) -> None:
        self._told = self._sent = False

    @property
    def sent(self) -> bool:
        return self._sent or not self._told

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event (httpcore, "trace" extension); `network.transport` keeps a proxy's CONNECT from it."""
        self._told = True
        self._sent = self._sent or event.endswith(".send_request_headers.started")


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
        try:
            return self._call(LaunchedScan, "POST", "/scans", body={"url": url}, tries=retry.LAUNCH_TRIES)
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

    def scan(self, scan_id: str, *, tries: int | None = None) -> Scan:
        """Return a scan's status and summary (`GET /scans/{id}`).

        Args:
            scan_id: the scan.
            tries: the most faults to accept, or None to ask until the time budget ends.

        Raises:
            ApiError: it could not be had.
        """
        return self._call(Scan, "GET", f"/scans/{quote(scan_id, safe='')}", tries=tries)

    def vulnerabilities(self, scan_id: str) -> VulnerabilityList:
        """Return a scan's vulnerabilities (`GET /scans/{id}/vulnerabilities`).

        Raises:
            ApiError: they could not be had.
        """
        path = f"/scans/{quote(scan_id, safe='')}/vulnerabilities"
        return self._call(VulnerabilityList, "GET", path, tries=retry.OPTIONAL_TRIES)

    def domains(self) -> DomainList:
        """Return the account's domains (`GET /domains`).

        Raises:
            ApiError: they could not be had.
        """
        return self._call(DomainList, "GET", "/domains", tries=retry.OPTIONAL_TRIES)

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

    def _call(
        self, model: type[_Model], method: str, path: str, *, body: dict[str, str] | None = None, tries: int | None = None
    ) -> _Model:
        """Ask until there is an answer, a failure that may not be repeated, or no time left.

        Args:
            model: what the answer should be.
            tries: the most faults to accept, or None for as many as the time budget allows.
        """
        request = f"{method} {path}"
        launching = method == "POST"
        faults = refusals = 0
        while True:
            try:
                return self._understood(model, request, self._attempt(method, path, body))
            except ApiError as error:
                if isinstance(error, RateLimited):
                    refusals += 1
                else:
                    faults += 1
                if not retry.may_repeat(error, launching=launching) or (tries is not None and faults >= tries):
                    raise
                left = self._deadline.remaining_s
                failure = retry.Failure(error, faults, refusals, self._rate_limit, self._sharing.jobs, left, launching)
                self._pause(retry.wait_s(failure, self._random), error)

    def _pause(self, wait: float, error: ApiError) -> None:
        left = self._deadline.remaining_s
        if wait >= left:
            raise OutOfTime(
                f"{error.message} The next try would be in {duration(wait)}, but the time budget of "
                f"{duration(self._deadline.budget_s)} ends in {duration(max(left, 0))}.",
                f"{error.advice} {OutOfTime.default_advice}",
                request=error.request,
                status=error.status,
            ) from error
        tell = self._log.info if wait >= VISIBLE_WAIT_S else self._log.debug
        tell(f"{one_line(error.message, 300)} Trying again in {duration(wait)}.")
        self._clock.sleep(wait)

    def _attempt(self, method: str, path: str, body: dict[str, str] | None) -> Any:
        """Make one request and return its decoded body."""
        request = f"{method} {path}"
        left = self._deadline.remaining_s
        if left <= 0:
            raise OutOfTime(f"The time budget of {duration(self._deadline.budget_s)} is used up.", request=request)
        timeout = httpx.Timeout(min(READ_TIMEOUT_S, left), connect=min(CONNECT_TIMEOUT_S, left))
        headers = {
            "Authorization": f"Bearer {self._key.get_secret_value()}",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
        }
        way = Way()

        def exchange() -> tuple[httpx.Response, bytearray]:
            extensions = {"trace": way.trace}
            url = self._base_url + path
            with self._http.stream(method, url, json=body, headers=headers, timeout=timeout, extensions=extensions) as response:
                return response, _read(response, request)

        try:
            with _transport_errors(request, way):
                response, content = self._exchanged(exchange, way, left)
        except Cancelled as cancelled:
            cancelled.in_launch = method == "POST" and way.sent
            raise
        self._note_limit(response)
        return self._decoded(response, content, request)

    def _exchanged(self, exchange: Callable[[], _Exchanged], way: "Way", left_s: float) -> _Exchanged:
        """Return what the request came to; what takes too long is given up, whatever it hangs in.

        Raises:
            TimeoutError: it took too long.
        """
        task = self._clock.start(exchange)
        connecting_s = min(CONNECTING_S, left_s)
        if self._clock.wait(task, connecting_s):
            return task.result()
        if way.sent and self._clock.wait(task, min(REQUEST_TIMEOUT_S, left_s) - connecting_s):
            return task.result()
        raise TimeoutError

    def _decoded(self, response: httpx.Response, content: bytes | bytearray, request: str) -> Any:
        status = response.status_code
        if response.is_redirect or response.has_redirect_location:
            raise RedirectRefused(self._redirect_message(response, request), request=request, status=status)
        try:
            data = self._redactor.answer(json.loads(content, parse_constant=_refuse_constant))
        except (ValueError, RecursionError) as error:
            if not response.is_success:
                raise self._error(status, None, content, request) from error
            raise UndecodableBody(
                f"{request} was answered with {status}, but not with JSON: {self._excerpt(content)}.",
                request=request,
                status=status,
            ) from error
        if not response.is_success:
            raise self._error(status, data, content, request)
        return data

    def _note_limit(self, response: httpx.Response) -> None:
        self._rate_limit = RateLimit.from_headers(response.headers, self._clock.time())
        self._sharing.observe(self._rate_limit, self._clock.monotonic(), admitted=response.status_code != 429)

    def _redirect_message(self, response: httpx.Response, request: str) -> str:
        target = self._excerpt(response.headers.get("Location", "").encode("utf-8", "replace"))
        return (
            f"{request} was redirected ({response.status_code}) to {target}. "
            "Redirects are not followed: the API key must not travel to another host."
        )

    def _error(self, status: int, data: Any, content: bytes | bytearray, request: str) -> ApiError:
        said = data.get("error") if isinstance(data, dict) else None
        text = one_line(said, 500) if isinstance(said, str) and said.strip() else self._excerpt(content)
        kind = _ERRORS.get(status) or (ServerError if status >= 500 else UnexpectedStatus)
        return kind(f"SecuProbe answered {request} with {status}: {text.rstrip('.')}.", request=request, status=status)

    def _understood(self, model: type[_Model], request: str, data: Any) -> _Model:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in error.errors(include_url=False)[:3]
            )
            excerpt = self._excerpt(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
            raise ProtocolError(
                f"The answer to {request} is not the {model.__name__} that was expected ({one_line(problems, 300)}): {excerpt}.",
                request=request,
                status=200,
            ) from error

    def _excerpt(self, content: bytes | bytearray) -> str:
        """Return the beginning of an answer, on one line and quoted, to show what came instead."""
        text = self._redactor.text(content[:2000].decode("utf-8", "replace"))
        return f"“{one_line(text, 160)}”" if text.strip() else "an empty answer"


def _read(response: httpx.Response, request: str) -> bytearray:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            mib = MAX_BODY_BYTES // 1024**2
            raise ProtocolError(
                f"The answer to {request} is larger than {mib} MiB.", request=request, status=response.status_code
            )
    return content


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


@contextmanager
def _transport_errors(request: str, way: Way) -> Iterator[None]:
    """Turn httpx's errors into ours, with the one thing that decides about repeating: was the request sent."""
    try:
        yield
    except httpx.DecodingError as error:
        raise UndecodableBody(
            f"The answer to {request} can't be decompressed: {_reason(error)}.", request=request, status=200
        ) from error
    except (httpx.TransportError, TimeoutError) as error:
        raise _refused(error, request) or _failed(error, request, way) from error


def _failed(error: Exception, request: str, way: Way) -> TransportError:
    took_too_long = isinstance(error, TimeoutError)
    if way.sent:
        what = "the answer took too long" if took_too_long else f"no whole answer came: {_reason(error)}"
        return TransportError(f"{request} was sent, but {what}.", request=request, sent=True)
    what = "the look-up of the host's name, or the connection, took too long" if took_too_long else _reason(error)
    return TransportError(f"No connection for {request}: {what}.", request=request, sent=False)


def _refused(error: Exception, request: str) -> TransportError | None:
    """Return a refusal with its own advice; what is refused was not processed, even if TLS 1.3 says so after it was sent."""
    told = refusal(error) if isinstance(error, httpx.TransportError) else None
    if told is None:
        return None
    message = f"No connection for {request}: {told.message}."
    return TransportError(message, told.advice, request=request, sent=False, permanent=told.permanent)


def _reason(error: Exception) -> str:
    return one_line(str(error), 200).rstrip(".") or type(error).__name__
