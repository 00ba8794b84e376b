"""A small HTTP API with state, answered by a function: over real HTTP, or within this process."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from secuprobe_action.network import Network


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any

    def only(self, name: str, default: str = "") -> str:
        """Return the first value of a parameter."""
        return self.query.get(name, [default])[0]


class Answer(NamedTuple):
    """What is answered."""

    status: int
    content: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012  # nobody writes to it


@dataclass
class Fake:
    """An API: a subclass says what it answers.

    Attributes:
        url: where it is served.
        requests: what was asked, as `METHOD path`.
        bodies: the body of each writing request.
        refuse: returns a status and a message for what is refused, given `METHOD path`; or None.
        hang_s: how long every answer takes.
    """

    url: str = "http://forge.test"
    requests: list[str] = field(default_factory=list)
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    refuse: Callable[[str], tuple[int, str] | None] = lambda request: None
    hang_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def respond(self, asked: Asked) -> Answer:
        """Return what is answered to a request that isn't refused."""
        raise NotImplementedError

    def answer(self, method: str, url: str, headers: dict[str, str], content: bytes) -> Answer:
        """Note a request and return what is answered."""
        parts = urlsplit(url)
        body = json.loads(content) if content else None
        named = {name.lower(): value for name, value in headers.items()}
        asked = Asked(method, parts.path, parse_qs(parts.query, keep_blank_values=True), named, body)
        with self.lock:
            self.requests.append(f"{method} {parts.path}")
            if body is not None:
                self.bodies.append((f"{method} {parts.path}", body))
            refused = self.refuse(self.requests[-1])
            return Answer(refused[0], {"message": refused[1]}) if refused else self.respond(asked)


@contextmanager
def serving(fake: Fake, port: int = 0) -> Iterator[Fake]:
    """Serve an API on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(fake.hang_s)
            answer = fake.answer(self.command, self.path, dict(self.headers), content)
            payload = b"" if answer.content is None else json.dumps(answer.content).encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815  # the names that http.server looks for

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class WithinThisProcess(Network):
    """A way out that leads to a fake API without leaving this process."""

    def __init__(self, fake: Fake) -> None:
        super().__init__({})
        object.__setattr__(self, "fake", fake)

    def client(self, url: str, **options: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer), **options)

    def client_through(self, proxy: Any, **options: Any) -> httpx.Client:
        return self.client("", **options)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        fake: Fake = self.__dict__["fake"]
        answer = fake.answer(request.method, str(request.url), dict(request.headers), request.content)
        return httpx.Response(answer.status, json=answer.content, headers=answer.headers)
