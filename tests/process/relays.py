"""What stands between the program and a server in companies: proxies that tunnel, and TLS in front of a plain server."""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Tunnels:
    """A proxy, and what it was asked.

    Attributes:
        address: its host and port.
        targets: the `host:port` of each CONNECT, refused or not.
        credentials: what each CONNECT said of the user, `name:password`, or None.
    """

    address: str
    targets: list[str] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)


@contextmanager
def tunnelling(answer: str = "200 Connection established", tls: ssl.SSLContext | None = None) -> Iterator[Tunnels]:
    """Run a proxy that answers CONNECT so, and tunnels where that is a 200.

    Every name leads to this machine: what is asked for by name is what the proxy resolves.
    """
    tunnels = Tunnels("")

    def serve(client: socket.socket) -> None:
        head = _head(client)
        target = re.match(r"CONNECT (\S+) ", head)
        if target is None:
            return
        tunnels.targets.append(target[1])
        said = re.search(r"(?mi)^proxy-authorization: basic (\S+)", head)
        tunnels.credentials.append(base64.b64decode(said[1]).decode() if said else None)
        if not answer.startswith("200 "):
            client.sendall(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with closing(socket.create_connection(("127.0.0.1", int(target[1].rpartition(":")[2])))) as server:
            client.sendall(f"HTTP/1.1 {answer}\r\n\r\n".encode())
            _relay(client, server)

    with _accepting(serve, tls) as tunnels.address:
        yield tunnels


@contextmanager
def tls_in_front_of(port: int, tls: ssl.SSLContext) -> Iterator[int]:
    """Run a server that speaks TLS and hands all on to a port of loopback; yield its own port."""

    def serve(client: socket.socket) -> None:
        with closing(socket.create_connection(("127.0.0.1", port))) as server:
            _relay(client, server)

    with _accepting(serve, tls) as address:
        yield int(address.rpartition(":")[2])


@contextmanager
def _accepting(serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None) -> Iterator[str]:
    """Serve each connection in a thread of its own, and yield the address."""

    def one(raw: socket.socket) -> None:
        with suppress(OSError), closing(raw if tls is None else tls.wrap_socket(raw, server_side=True)) as client:
            serve(client)

    def loop() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _head(client: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        part = client.recv(4096)
        if not part:
            break
        received += part
    return received.decode()


def _relay(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join(10)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
