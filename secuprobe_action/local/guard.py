"""The way out for what scans: a SOCKS5 proxy on loopback that reaches only what may be scanned.

What is checked before a scan can be something else during it: a page redirects, a name is pointed elsewhere. So each connection
is checked as it is made, and goes to the very address that was checked. It knows nothing of HTTP, and need not for TLS either.
"""

import asyncio
import contextlib
import ipaddress
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from secuprobe_action.local.background import LOOPBACK
from secuprobe_action.local.reach import Address, Reach, effective, parse

Result = TypeVar("Result")
Resolve = Callable[[str], Coroutine[Any, Any, list[Address]]]

LOOK_UP_S = 5.0
CONNECT_S = 10.0
_CHUNK = 65_536

# RFC 1928
_VERSION, _NO_AUTHENTICATION, _CONNECT = 5, 0, 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_GRANTED, _NOT_ALLOWED, _UNREACHABLE, _UNSUPPORTED = 0, 2, 4, 7


async def in_daemon(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, done in a thread of its own, which holds up nothing: not the loop, nor the process's end."""
    loop, future = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def settle(set_it: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_it(value)

    def run() -> None:
        try:
            outcome, set_it = work(), future.set_result
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(settle, future.set_exception, error)
        else:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, set_it, outcome)

    threading.Thread(target=run, daemon=True).start()
    result: Result = await future
    return result


async def resolve(host: str) -> list[Address]:
    """Return the addresses of a name or address; none where there are none, or not in time."""
    try:
        async with asyncio.timeout(LOOK_UP_S):
            entries = await in_daemon(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        return [parse(str(entry[4][0])) for entry in entries]
    except (OSError, ValueError):  # UnicodeError: a name that can't be one
        return []


class Guard:
    """A context in which the proxy listens.

    Args:
        reach: what may be reached.
        look_up: returns the addresses of a name.
        own: the address and port that this SecuProbe itself listens on, which is never reached; None: it has none.

    Attributes:
        refused: why each connection that was refused was; the last hundred at most.
    """

    def __init__(self, reach: Reach, look_up: Resolve = resolve, own: tuple[str, int] | None = None) -> None:
        self.refused: list[str] = []
        self._reach, self._look_up, self._own = reach, look_up, own
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Guard":
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"socks5://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            host, port = await _greet(reader, writer)
            await self._connect(host, port, reader, writer)
        except (OSError, EOFError, ValueError):  # EOFError: asyncio.IncompleteReadError
            pass
        finally:
            writer.close()

    async def _connect(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        addresses = await self._look_up(host)
        refusal = self._reach.refusal(host, addresses)
        if refusal:
            await self._refuse(refusal, writer)
            return
        there = await _first_that_answers(addresses, port)
        if there is None:
            await _answer(writer, _UNREACHABLE)
            return
        try:
            if self._own is not None and _is_own(there[1], *self._own):
                await self._refuse(f"{host}:{port} is this embedded SecuProbe itself, which is not scanned", writer)
                return
            await _answer(writer, _GRANTED)
            await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
        finally:
            there[1].close()

    async def _refuse(self, why: str, writer: asyncio.StreamWriter) -> None:
        self.refused = [*self.refused[-99:], why]
        await _answer(writer, _NOT_ALLOWED)


def _is_own(connection: asyncio.StreamWriter, address: str, port: int) -> bool:
    """Whether a connection leads to a listener of this machine's; whichever way its address was written, it is known now."""
    (there, there_port), (here, _) = connection.get_extra_info("peername")[:2], connection.get_extra_info("sockname")[:2]
    if there_port != port:
        return False
    peer, listener = effective(parse(there)), effective(parse(address))
    return peer == listener or (listener.is_unspecified and (peer.is_loopback or there == here))


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """Return where the client wants to go.

    Raises:
        ValueError: it doesn't speak the protocol.
    """
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    if version != _VERSION:
        raise ValueError("not SOCKS5")
    writer.write(bytes([_VERSION, _NO_AUTHENTICATION]))
    _, command, _, kind = await reader.readexactly(4)
    if kind == _NAME:
        (length,) = await reader.readexactly(1)
        host = (await reader.readexactly(length)).decode("ascii")
    elif kind in (_IPV4, _IPV6):
        host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == _IPV4 else 16)))
    else:
        raise ValueError("not an address")
    (port,) = struct.unpack(">H", await reader.readexactly(2))
    if command != _CONNECT:
        await _answer(writer, _UNSUPPORTED)
        raise ValueError("not a connection")
    return host, port


async def _answer(writer: asyncio.StreamWriter, reply: int) -> None:
    writer.write(bytes([_VERSION, reply, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
    await writer.drain()


async def _first_that_answers(addresses: list[Address], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    for address in dict.fromkeys(addresses):
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(str(address), port)
        except OSError:  # TimeoutError is one
            continue
    return None


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on all that comes, and then its end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
