"""PyGithub's connections, by way of the program's own proxy and trust instead of what requests makes of the environment."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester
from requests import Session
from requests.adapters import HTTPAdapter

from secuprobe_action.errors import InputError
from secuprobe_action.network import Network, Proxy
from secuprobe_action.platforms.base import ForgeError


@contextmanager
def connected_by(network: Network) -> Iterator[None]:
    """Return a context in which `github.Github` is made with connections through `network`.

    PyGithub takes the classes of its connections for all objects at once, and each object keeps those of its making. What is
    wrong with the network shows at the first request, as a ForgeError.
    """

    class Http(HTTPRequestsConnectionClass):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            _route(self.session, network, f"http://{_authority(self.host, self.port)}", self.adapter)

    class Https(HTTPSRequestsConnectionClass):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            _route(self.session, network, f"https://{_authority(self.host, self.port)}", self.adapter)

    Requester.injectConnectionClasses(Http, Https)
    try:
        yield
    finally:
        Requester.resetConnectionClasses()


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _route(session: Session, network: Network, url: str, adapter: HTTPAdapter) -> None:
    """Have a session go the network's way to `url`, and look at the environment no more."""
    try:
        proxy, tls = network.proxy_for(url), network.tls
    except InputError as error:
        raise ForgeError(f"GitHub can't be asked: {error.message}") from error
    session.trust_env = False
    session.proxies = {"http": proxy.url, "https": proxy.url} if proxy else {}
    # Of the adapter that PyGithub made, only how often it repeats is PyGithub's.
    session.mount(f"{url.partition(':')[0]}://", _Adapter(tls, proxy, max_retries=adapter.max_retries))


class _Adapter(HTTPAdapter):
    """Connects with the TLS context given, to which requests would otherwise add the public authorities.

    Args:
        tls: for the server, and for a proxy that is spoken to by TLS.
        proxy: whose credentials are sent to it, or None.
        options: of `HTTPAdapter`.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: Proxy | None, **options: Any) -> None:
        self._tls, self._proxy = tls, proxy
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._tls, proxy_ssl_context=self._tls, **options)

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        if self._proxy is None or self._proxy.username is None:
            return {}
        credentials = f"{self._proxy.username}:{self._proxy.password or ''}".encode()
        return {"Proxy-Authorization": f"Basic {base64.b64encode(credentials).decode()}"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"  # and no `ca_certs`: the context knows whom to trust
