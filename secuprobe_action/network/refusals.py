"""Pure: refusals of a connection that have a cause of their own, and what to do about each."""

import re
import ssl
from dataclasses import dataclass

import httpx

from secuprobe_action.text import one_line

_LASTING = (401, 403, 405, 407)
"""What a proxy that answers CONNECT so will answer again. Others (502, 503) tell of what is behind it, and pass."""

_CERTIFICATE_WANTED = ("TLSV13_ALERT_CERTIFICATE_REQUIRED",)
_CERTIFICATE_REFUSED = (
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "TLSV1_ALERT_UNKNOWN_CA",
    "TLSV1_ALERT_ACCESS_DENIED",
)
"""Alerts of RFC 8446, section 6.2, by OpenSSL's names. A server sends these only about the certificate that we showed it."""

_HANDSHAKE_FAILED = ("SSLV3_ALERT_HANDSHAKE_FAILURE",)
_GIVE_CERTIFICATE = (
    "Name the certificate and its private key, as PEM files, in the environment variables SECUPROBE_CLIENT_CERT and "
    "SECUPROBE_CLIENT_KEY."
)


class ProxyRefused(httpx.ProxyError):
    """A proxy that did not do what it was asked.

    Args:
        message: what it said, with its name.
        status: the HTTP status of its answer, or None where it gave none.
    """

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Refusal:
    """Why there is no connection. The request was not processed, even where the refusal came after it was sent.

    Args:
        message: what happened, without a full stop.
        advice: what to do, in whole sentences.
        permanent: whether trying again is pointless.
    """

    message: str
    advice: str
    permanent: bool


def refusal(error: httpx.TransportError) -> Refusal | None:
    """Return what is behind a failed request, where it is a refusal that a user can do something about."""
    said = one_line(str(error), 200).rstrip(".")
    if isinstance(error, ProxyRefused) and error.status in _LASTING:
        return Refusal(said, _proxy_advice(error.status), permanent=True)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            advice = (
                "If a proxy or server of your own signs with an authority of its own, name its CA file in the environment "
                "variable SECUPROBE_EXTRA_CA_CERTS."
            )
            return Refusal(said, advice, permanent=True)
        if isinstance(cause, ssl.SSLError):
            return _alert(cause.reason or "", said)
    return None


def _alert(reason: str, said: str) -> Refusal | None:
    if reason in _CERTIFICATE_WANTED:
        return Refusal("the server wants a client certificate", _GIVE_CERTIFICATE, permanent=True)
    if reason in _CERTIFICATE_REFUSED:
        advice = "Check that the certificate in SECUPROBE_CLIENT_CERT is the one that the server asks for, and still valid."
        return Refusal(f"the server refused the client certificate ({said})", advice, permanent=True)
    if reason in _HANDSHAKE_FAILED:  # what TLS 1.2 has for that, and for a dozen other things
        return Refusal(f"{said}; the server may want a client certificate", _GIVE_CERTIFICATE, permanent=False)
    return None


def _proxy_advice(status: int | None) -> str:
    if status in (401, 407):
        return (
            "Give the proxy's user name and password in its variable (http://user:password@proxy.example:3128); it must offer "
            "Basic authentication."
        )
    return "Have the proxy allow the host, or exempt the host in NO_PROXY where it can be reached without the proxy."


def through_proxy(error: httpx.TransportError, proxy: str) -> httpx.TransportError:
    """Return an error of a connection through a proxy, which doesn't say so, as one that names it.

    Args:
        error: httpx's.
        proxy: the proxy's host and port.
    """
    if not isinstance(error, httpx.ProxyError):
        return type(error)(f"{str(error).rstrip('.') or type(error).__name__}, through the proxy {proxy}")
    # httpcore: `407 Proxy Authentication Required`, without saying whose answer that is.
    status = re.match(r"[1-9][0-9]{2}\b", str(error))
    return ProxyRefused(f"the proxy {proxy} answered CONNECT with {str(error).strip()}", int(status[0]) if status else None)


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes
