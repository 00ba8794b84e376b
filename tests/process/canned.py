"""A plain HTTP server with ready-made answers, for what the embedded server can't show: TLS, a proxy's view, times of sending."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Canned:
    """What the server was asked, with which headers, and when it had answered."""

    url: str
    asked: list[str] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def serving(answers: Mapping[str, bytes], tls: ssl.SSLContext | None = None, status: int = 200) -> Iterator[Canned]:
    """Serve the answers by the last part of the path, whatever the method.

    Args:
        answers: bodies by the last part of the path.
        tls: a server's TLS context, or None for plain HTTP.
        status: of every answer.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            canned.asked.append(f"{self.command} {self.path}")
            canned.headers.append(dict(self.headers))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = answers[self.path.rsplit("/", 1)[1]]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            canned.sent_at.append(time.monotonic())

        do_POST = do_GET  # noqa: N815  # the name that http.server looks for

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    canned = Canned(f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield canned
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
