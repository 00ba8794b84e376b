"""httpx's transport, told what to do rather than reading the environment, with errors that name the proxy."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from secuprobe_action.network.proxies import Proxy
from secuprobe_action.network.refusals import ProxyRefused, through_proxy


def transport(tls: ssl.SSLContext, proxy: Proxy | None) -> httpx.HTTPTransport:
    """Return a transport that goes through `proxy`, or directly where it is None.

    Args:
        tls: for servers, and for a proxy that is spoken to by TLS.
        proxy: the proxy.
    """
    if proxy is None:
        return httpx.HTTPTransport(verify=tls, trust_env=False)
    return _ProxiedTransport(tls, proxy)


class _ProxiedTransport(httpx.HTTPTransport):
    def __init__(self, tls: ssl.SSLContext, proxy: Proxy) -> None:
        auth = None if proxy.username is None else (proxy.username, proxy.password or "")
        own_tls = tls if proxy.scheme == "https" else None
        super().__init__(verify=tls, trust_env=False, proxy=httpx.Proxy(proxy.url, ssl_context=own_tls, auth=auth))
        self._name = proxy.name

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "trace" in request.extensions:
            request.extensions = {**request.extensions, "trace": _without_connect(request.extensions["trace"])}
        try:
            response = super().handle_request(request)
        except httpx.TransportError as error:
            raise through_proxy(error, self._name) from error
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:  # only a proxy says so, here to plain HTTP
            response.close()
            message = f"the proxy {self._name} answered with 407 {response.reason_phrase}"
            raise ProxyRefused(message.strip(), response.status_code)
        return response


_Trace = Callable[[str, Mapping[str, Any]], None]


def _without_connect(trace: _Trace) -> _Trace:
    """Return a trace that isn't told how CONNECT was sent and answered, so that what it sees as sent is the request itself.

    httpcore reports both under the same names; of an event that begins it says to which of them it belongs.
    """
    connecting = False

    def told(name: str, info: Mapping[str, Any]) -> None:
        nonlocal connecting
        if "request" in info:
            connecting = info["request"].method == b"CONNECT"
        if not (connecting and name.startswith("http11.")):
            trace(name, info)

    return told
