"""The transport: what an observer of a request that goes through a proxy is told of it."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from secuprobe_action.network import Network
from tests.process.canned import serving
from tests.process.relays import tunnelling

AUTHORITY = trustme.CA()


def observed(network: Network, url: str) -> list[str]:
    """Ask for a URL and return the names of the events that httpcore reports, whatever becomes of it."""
    events: list[str] = []
    with network.client(url) as http:
        try:
            http.get(url, extensions={"trace": lambda name, info: events.append(name)})
        except httpx.TransportError:
            events.append("failed")
    return events


def test_a_request_that_the_proxy_refused_was_not_sent() -> None:
    with tunnelling("503 Service Unavailable") as proxy:
        events = observed(Network.of({"HTTPS_PROXY": f"http://{proxy.address}"}), "https://secuprobe.test/")

    assert "connection.connect_tcp.complete" in events
    assert [event for event in events if event.startswith("http11.send")] == []
    assert events[-1] == "failed"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_that_went_through_was_sent_once(tmp_path: Path, scheme: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("secuprobe.test").configure_cert(context)
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving({"x": b"{}"}, context if scheme == "https" else None) as server, tunnelling() as proxy:
        way = f"http://{proxy.address}" if scheme == "https" else server.url
        network = Network.of({"ALL_PROXY": way, "SSL_CERT_FILE": str(tmp_path / "ca.pem")})
        events = observed(network, f"{scheme}://secuprobe.test:{urlsplit(server.url).port}/x")

    assert events.count("http11.send_request_headers.started") == 1
    assert events.count("http11.send_request_body.complete") == 1
    assert events.count("http11.receive_response_headers.complete") == 1
    assert "failed" not in events
