"""Faults of a scenario, brought about on the wire: an ASGI application around the server's own."""

import asyncio
import gzip
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from secuprobe_action.local.scripted import Endpoint, Fault

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

_ENDPOINTS: dict[Endpoint, re.Pattern[str]] = {
    "POST /scans": re.compile(r"POST /api/v1/scans"),
    "GET /scans/{id}": re.compile(r"GET /api/v1/scans/[^/]+"),
    "GET /scans/{id}/vulnerabilities": re.compile(r"GET /api/v1/scans/[^/]+/vulnerabilities"),
    "GET /domains": re.compile(r"GET /api/v1/domains"),
}
_JSON = {"content-type": "application/json"}


class FaultInjector:
    """Lets each fault befall the requests it is meant for, and the rest through.

    Args:
        application: the server.
        faults: what goes wrong, in the order of a scenario.
    """

    def __init__(self, application: Any, faults: Sequence[Fault]) -> None:
        self._application = application
        self._faults = list(faults)
        self._seen = [0] * len(self._faults)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        fault = self._next(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._application(scope, receive, send)
            return
        answer = _Answer(200, {}, b"")
        if fault.processed or fault.kind in ("gzip", "bad_gzip", "content_type", "skew"):
            answer = await self._real_answer(scope, receive)
        await _deliver(fault, answer, send)

    def _next(self, scope: Any) -> Fault | None:
        request = f"{scope['method']} {scope['path']}"
        for index, fault in enumerate(self._faults):
            if self._seen[index] < fault.after + fault.times and _ENDPOINTS[fault.on].fullmatch(request):
                self._seen[index] += 1
                if self._seen[index] > fault.after:
                    return fault
        return None

    async def _real_answer(self, scope: Any, receive: Receive) -> "_Answer":
        answer = _Answer(200, {}, b"")

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        await self._application(scope, receive, keep)
        return answer


class _Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    async def send(self, send: Send) -> None:
        headers = {**self.headers, "content-length": str(len(self.body))}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


def _body(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


async def _deliver(fault: Fault, answer: _Answer, send: Send) -> None:
    if fault.kind in _ON_THE_CONNECTION:
        await _ON_THE_CONNECTION[fault.kind](send, fault.seconds)
        return
    match fault.kind:
        case "answer":
            answer = _Answer(fault.status, {**_JSON, **fault.headers}, _body(fault.body))
        case "gzip":
            answer.body = gzip.compress(answer.body)
            answer.headers["content-encoding"] = "gzip"
        case "bad_gzip":
            answer.headers["content-encoding"] = "gzip"
        case "content_type":
            answer.headers["content-type"] = "text/html"
        case "skew":
            answer.headers["x-ratelimit-reset"] = str(int(float(answer.headers["x-ratelimit-reset"]) + fault.seconds))
    await answer.send(send)


async def _reset_before(send: Send, seconds: float) -> None:
    _reset(send)


async def _reset_in_headers(send: Send, seconds: float) -> None:
    _transport(send).write(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
    _reset(send)


async def _reset_after_headers(send: Send, seconds: float) -> None:
    _transport(send).write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n")
    _reset(send)


async def _truncate(send: Send, seconds: float) -> None:
    _transport(send).write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"scanId": "5')
    _transport(send).close()


async def _slow_headers(send: Send, seconds: float) -> None:
    await _drip(send, b"HTTP/1.1 200 OK\r\nX-Padding: " + b"." * 10_000, seconds)


async def _slow_body(send: Send, seconds: float) -> None:
    _transport(send).write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    await _drip(send, b" " * 10_000, seconds)


async def _no_answer(send: Send, seconds: float) -> None:
    while not _transport(send).is_closing():
        await asyncio.sleep(0.05)


_ON_THE_CONNECTION: dict[str, Callable[[Send, float], Awaitable[None]]] = {
    "reset_before": _reset_before,
    "reset_in_headers": _reset_in_headers,
    "reset_after_headers": _reset_after_headers,
    "truncate": _truncate,
    "slow_headers": _slow_headers,
    "slow_body": _slow_body,
    "no_answer": _no_answer,
}


def _transport(send: Send) -> Any:
    """Return the connection's transport, from uvicorn's request cycle: ASGI has no word for what is done here."""
    return send.__self__.transport  # type: ignore[attr-defined]


def _reset(send: Send) -> None:
    """Close with RST instead of FIN, as a crashed peer or a middlebox does."""
    transport = _transport(send)
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _drip(send: Send, data: bytes, seconds: float) -> None:
    transport = _transport(send)
    for byte in data:
        if transport.is_closing():
            return
        transport.write(bytes([byte]))
        await asyncio.sleep(seconds)


class RequestLog:
    """Notes each request before anything else sees it, those included that a fault swallows.

    Args:
        application: what the requests go on to.
        requests: where they are noted.
    """

    def __init__(self, application: Any, requests: list[str]) -> None:
        self._application, self._requests = application, requests

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self._requests.append(f"{scope['method']} {scope['path']}")
        await self._application(scope, receive, send)
