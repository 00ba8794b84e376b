"""One request and its answer over the wire, within a time that holds whatever hangs. It must not know what they mean."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from secuprobe_action.clock import Clock, Task
from secuprobe_action.errors import Cancelled, TooLarge, TransportError, UndecodableBody
from secuprobe_action.network.refusals import refusal
from secuprobe_action.text import one_line

CONNECT_TIMEOUT_S = 10.0
"""Of each address of the host."""

CONNECTING_S = 15.0
"""Until a request is on its way: the look-up of the name, for which sockets know no limit, and the connection."""

LAST_WORD_S = 0.5
"""After a signal, the answer to a launch is waited for so long; `signals.LAST_S` is what there is in all."""

MAX_BODY_BYTES = 128 * 1024 * 1024
"""More than any list of vulnerabilities takes (20,000 of them with 2,000 characters each are 40 MB), less than a runner has."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the API.

    Args:
        method: GET or POST.
        url: the whole address.
        name: the request as messages call it, `GET /scans/{id}`.
        answer_s: how long the server may be silent.
        whole_s: how long the whole of it may take: a server that sends a byte now and then must not keep the job.
        body: what to send as JSON, or None.
    """

    method: str
    url: str
    name: str
    answer_s: float
    whole_s: float
    body: Mapping[str, str] | None = None

    @property
    def launching(self) -> bool:
        """Whether it launches a scan, so that repeating it may cost another."""
        return self.method == "POST"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    headers: httpx.Headers
    content: bytearray


class Way:
    """How far a request has come, as the HTTP library tells while it makes it: only what was sent can have launched a scan.

    Attributes:
        sent: whether any of it may have reached the server. True, too, where the library tells nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told = self._sent = self._given_up = False

    @property
    def sent(self) -> bool:
        return self._sent or not self._told

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event (httpcore, "trace" extension); `network.transport` keeps a proxy's CONNECT from it.

        Raises:
            TimeoutError: the request was given up before it was sent; it must not be sent any more, since another may follow.
        """
        with self._lock:
            self._told = True
            if event.endswith(".send_request_headers.started"):
                if self._given_up:
                    raise TimeoutError
                self._sent = True

    def give_up(self) -> None:
        """From now on the request is either sent already, or never will be."""
        with self._lock:
            self._given_up = True


def exchange(
    http: httpx.Client,
    clock: Clock,
    ask: Ask,
    headers: Mapping[str, str],
    left_s: float,
    *,
    hear: Callable[[int, httpx.Headers], None],
) -> Answer:
    """Make a request and return its answer, whatever its status.

    Args:
        http: the HTTP client.
        clock: what to wait with.
        ask: the request.
        headers: to send with it.
        left_s: what the time budget has left, in seconds, above 0.
        hear: called with the answer's status and headers as soon as they are there, on whatever thread; the body may take long.

    Raises:
        TransportError: there was no whole answer; it tells whether the request was sent.
        TooLarge: the answer is.
        UndecodableBody: it can't be decompressed.
        Cancelled: a signal came; it tells whether a launch was on its way.
    """
    way = Way()
    timeout = httpx.Timeout(min(ask.answer_s, left_s), connect=min(CONNECT_TIMEOUT_S, left_s))

    def work() -> Answer:
        options: dict[str, Any] = {"headers": headers, "timeout": timeout, "extensions": {"trace": way.trace}}
        with http.stream(ask.method, ask.url, json=ask.body, **options) as response:
            hear(response.status_code, response.headers)
            return Answer(response.status_code, response.reason_phrase, response.headers, _read(response, ask))

    task = clock.start(work)
    with _transport_errors(str(ask), way):
        try:
            return _within(clock, task, way, min(ask.whole_s, left_s))
        except Cancelled as cancelled:
            way.give_up()
            cancelled.in_launch = ask.launching and way.sent
            # What was launched is known by its answer alone, and that may be all but here.
            if cancelled.in_launch and task.finished.wait(LAST_WORD_S):
                return task.result()
            raise


def _within(clock: Clock, task: Task[Answer], way: Way, seconds: float) -> Answer:
    """Return what the work comes to; what takes too long is given up, whatever it hangs in."""
    connecting_s = min(CONNECTING_S, seconds)
    if clock.wait(task, connecting_s) or (way.sent and clock.wait(task, seconds - connecting_s)):
        return task.result()
    way.give_up()
    raise TimeoutError


def _read(response: httpx.Response, ask: Ask) -> bytearray:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            mib = MAX_BODY_BYTES // 1024**2
            raise TooLarge(f"The answer to {ask} is larger than {mib} MiB.", request=str(ask), status=response.status_code)
    return content


@contextmanager
def _transport_errors(request: str, way: Way) -> Iterator[None]:
    """Turn httpx's errors into ours, with the one thing that decides about repeating: was the request sent."""
    try:
        yield
    except httpx.DecodingError as error:
        raise UndecodableBody(
            f"The answer to {request} can't be decompressed: {_reason(error)}.", request=request, status=200
        ) from error
    except (UnicodeError, httpx.InvalidURL) as error:  # a host's name that nobody can look up
        message = f"No connection for {request}: {_reason(error)}."
        raise TransportError(message, request=request, sent=False, permanent=True) from error
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
