"""What may be scanned, and that nothing that happens during a scan leads a connection elsewhere."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.local.depth import DEPTHS
from secuprobe_action.local.engine import EngineError
from secuprobe_action.local.guard import Guard, in_daemon, resolve
from secuprobe_action.local.reach import Address, Reach, effective, parse
from secuprobe_action.local.server import host_of
from secuprobe_action.local.wapiti import Login, WapitiEngine, arguments, default_program

METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "fe80::a9fe:a9fe",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:42::42",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "224.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("address", METADATA)
@pytest.mark.parametrize(
    "reach", [Reach(), Reach(public=True), Reach(frozenset({"host", "*.host"}))], ids=["-", "public", "named"]
)
def test_a_clouds_metadata_is_never_scanned_whatever_is_allowed(reach: Reach, address: str) -> None:
    assert "never scanned" in (reach.refusal("host", [parse(address)]) or "")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "172.17.0.2", "192.168.1.1", "fd12::1", "::ffff:10.0.0.1", "0.0.0.0"]
)
def test_loopback_and_private_addresses_may_be_scanned(address: str) -> None:
    assert Reach().refusal("host", [parse(address)]) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_a_public_address_may_be_only_where_it_is_named(address: str) -> None:
    known = [parse(address)]

    assert "--allow-host a.example" in (Reach().refusal("a.example", known) or "")
    assert Reach(frozenset({"a.example"})).refusal("A.example.", known) is None
    assert Reach(frozenset({"*.example"})).refusal("a.example", known) is None
    assert Reach(frozenset({"*.a.example", "b.example"})).refusal("a.example", known) is not None
    assert Reach(public=True).refusal("a.example", known) is None


def test_one_address_that_may_not_be_reached_is_enough() -> None:
    mixed = [parse("127.0.0.1"), parse("169.254.169.254")]

    assert Reach(public=True).refusal("host", mixed) is not None
    assert Reach().refusal("host", [parse("127.0.0.1"), parse("8.8.8.8")]) is not None
    assert Reach(public=True).refusal("host", []) is not None


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_held_to_the_same(inner: Address) -> None:
    refused = Reach().refusal("host", [inner]) is None
    for outer in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
        assert effective(parse(outer)) == inner
        assert (Reach().refusal("host", [parse(outer)]) is None) is refused


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:169.254.169.254]"])
def test_an_odd_spelling_of_an_address_is_that_address(host: str) -> None:
    refusal = WapitiEngine(Path("x"), Reach(public=True)).refusal(f"http://{host}/latest/meta-data/")

    assert refusal is not None


@pytest.mark.parametrize("host", ["x" * 300, "a..b", "\udcff", "", "no-such-host.invalid"])
def test_a_name_that_can_not_be_one_has_no_address(host: str) -> None:
    assert asyncio.run(resolve(host)) == []


def test_a_look_up_that_hangs_holds_nothing_up() -> None:
    never = threading.Event()

    async def impatient() -> None:
        async with asyncio.timeout(0.1):
            await in_daemon(never.wait)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())


class Site(BaseHTTPRequestHandler):
    """A site that notes what it is asked, and answers as it is told."""

    asked: ClassVar[list[str]]
    answer: ClassVar[Callable[["Site"], None]]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        type(self).answer(self)

    do_POST = do_GET  # noqa: N815

    def page(self, body: str = "", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": "text/html", "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site(answer: Callable[[Site], None]) -> Iterator[tuple[int, list[str]]]:
    """Serve, and yield the port and what is asked."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (Site,), {"asked": asked, "answer": answer}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Names:
    """A resolver whose answers change: each name has a list of them, of which the last stays."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers, self.asked = answers, list[str]()

    async def __call__(self, host: str) -> list[Address]:
        self.asked.append(host)
        if host in self.answers:
            left = self.answers[host]
            return [parse(left.pop(0) if len(left) > 1 else left[0])]
        return await resolve(host)


async def through(guard: Guard, host: str, port: int) -> tuple[int, bytes]:
    """Ask a host for a page through the guard; return its reply, and the page."""
    proxy_port = int(guard.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy_port)
    writer.write(b"\x05\x01\x00\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + port.to_bytes(2, "big"))
    reply = (await reader.readexactly(12))[3]
    page = b""
    if reply == 0:
        writer.write(b"GET /page HTTP/1.0\r\n\r\n")
        page = await reader.read()
    writer.close()
    return reply, page


def test_the_guard_lets_through_what_may_be_reached_and_nothing_else() -> None:
    async def try_all(port: int) -> list[int]:
        async with Guard(Reach()) as guard:
            hosts = ("127.0.0.1", "localhost", "169.254.169.254", "::ffff:169.254.169.254", "8.8.8.8", "no-such-host.invalid")
            replies = [(await through(guard, host, port))[0] for host in hosts]
            assert len(guard.refused) == 4
            return replies

    with site(Site.page) as (port, asked):
        assert asyncio.run(try_all(port)) == [0, 0, 2, 2, 2, 2]
    assert asked == ["/page", "/page"]


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_the_guard_never_leads_to_the_server_itself(bound: str) -> None:
    async def try_all(port: int, own: int) -> list[int]:
        async with Guard(Reach(), own=(bound, own)) as guard:
            hosts = ("127.0.0.1", "localhost", "0.0.0.0", "::ffff:127.0.0.1")
            replies = [(await through(guard, host, port))[0] for host in hosts]
            assert all("is this embedded SecuProbe itself" in each for each in guard.refused)
            return replies

    with site(Site.page) as (port, asked):
        assert asyncio.run(try_all(port, port)) == [2] * 4
        assert asked == []
        assert asyncio.run(try_all(port, port - 1)) == [0] * 4


def test_a_connection_goes_to_the_address_that_was_checked() -> None:
    names = Names(rebound=["127.0.0.1", "169.254.169.254", "127.0.0.1"])

    async def three_times(port: int) -> list[int]:
        async with Guard(Reach(), names) as guard:
            return [(await through(guard, "rebound", port))[0] for _ in range(3)]

    with site(Site.page) as (port, asked):
        assert asyncio.run(three_times(port)) == [0, 2, 0]
    assert names.asked == ["rebound"] * 3, "one look-up a connection, and none between the check and the connection"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "said", [b"", b"\x04\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50"]
)
def test_what_is_not_its_protocol_gets_nowhere(said: bytes) -> None:
    async def say() -> bytes:
        async with Guard(Reach()) as guard:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(guard.url.rpartition(":")[2]))
            writer.write(said)
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            return answer

    assert asyncio.run(say()) in (b"", b"\x05\x00", b"\x05\x00\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00")


def scan(url: str, **options: Any) -> Any:
    """Scan for real, and return the outcome."""

    async def run() -> Any:
        engine = WapitiEngine(default_program(), **options)
        await engine.wait_in_queue(url)
        return await engine.scan(url)

    return asyncio.run(run())


@pytest.mark.wapiti
@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://8.8.8.8/"]
)
def test_a_redirect_to_what_may_not_be_reached_is_not_followed(to: str) -> None:
    def answer(self: Site) -> None:
        if self.path == "/":
            self.page('<a href="/away">away</a>')
        else:
            self.page(status=302, location=to)

    with site(answer) as (port, asked):
        outcome = scan(f"http://127.0.0.1:{port}/")

    assert "/away" in asked
    assert all("169.254" not in json.dumps(each.model_dump()) for each in outcome.findings)


@pytest.mark.wapiti
def test_a_name_that_is_pointed_to_metadata_after_the_check_is_not_scanned() -> None:
    names = Names(rebound=["127.0.0.1", "169.254.169.254"])
    engine = WapitiEngine(default_program(), look_up=names)

    assert engine.refusal("http://rebound/") is None
    with pytest.raises(EngineError, match="never scanned"):
        scan("http://rebound/", look_up=names)


@pytest.mark.wapiti
def test_a_site_that_does_not_answer_is_a_failed_scan_and_not_one_without_findings() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(EngineError, match="nothing was scanned"):
        scan(f"http://127.0.0.1:{port}/")


@pytest.mark.wapiti
@pytest.mark.timeout(300)
def test_a_site_of_500_pages_is_scanned_within_its_limits() -> None:
    def answer(self: Site) -> None:
        self.page("".join(f'<a href="/page-{n}?id=1">x</a>' for n in range(500)))

    with site(answer) as (port, asked):
        outcome = scan(f"http://127.0.0.1:{port}/")

    pages = {path.partition("?")[0] for path in asked if path.startswith("/page-")}
    assert 10 < len(pages) <= DEPTHS["quick"].links_per_page + DEPTHS["quick"].pages_per_folder
    assert outcome.findings


@pytest.mark.wapiti
def test_a_login_is_sent_with_every_request_and_an_openapi_files_operations_are_asked(tmp_path: Path) -> None:
    cookies: set[str] = set()

    def answer(self: Site) -> None:
        cookies.add(self.headers.get("Cookie", ""))
        self.page("<p>hello</p>")

    with site(answer) as (port, asked):
        api = {
            "openapi": "3.0.0",
            "info": {"title": "t", "version": "1"},
            "servers": [{"url": f"http://127.0.0.1:{port}"}],
            "paths": {
                "/hidden/orders": {
                    "get": {
                        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        }
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(api), encoding="utf-8")
        scan(f"http://127.0.0.1:{port}/", login=Login(("Cookie: session=abc",), str(file)))

    assert cookies == {"session=abc"}
    assert any(path.startswith("/hidden/orders") for path in asked)


@given(st.one_of(st.text(), st.text().map(lambda text: f"http://{text}"), st.text().map(lambda text: f"http://h/{text}")))
def test_whatever_is_asked_to_be_scanned_is_never_an_option_of_wapiti(url: str) -> None:
    if host_of(url) is None:
        return
    listed = arguments(url, Path("/f"), "socks5://127.0.0.1:1", DEPTHS["quick"], Login())

    assert listed[0] == f"--url={url}"
    assert url.lower().startswith(("http://", "https://"))
    assert not any(character <= " " or character == "\x7f" for character in url)
    assert all(argument.startswith("--") for argument in listed)
    "".join(listed).encode()


@pytest.mark.parametrize(
    "url",
    [
        "-x http://a",
        "--url=http://a",
        " http://a/",
        "http://a/\n--x",
        "http://a/\x00",
        "http://a/\ud800",
        "http:///x",
        "http://a:0/",
    ],
)
def test_what_a_command_line_could_misread_is_no_url(url: str) -> None:
    assert host_of(url) is None
