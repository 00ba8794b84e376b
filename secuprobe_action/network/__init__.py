"""The ways out of this machine: which proxy, whom to trust, who we are. Decided once, for everything that is asked."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from secuprobe_action.network.proxies import PROXY_VARIABLES, Proxy, proxy_for
from secuprobe_action.network.trust import TRUST_VARIABLES, tls_context

if TYPE_CHECKING:
    import httpx

__all__ = ["Network", "Proxy"]


@dataclass(frozen=True)
class Network:
    """What the environment says of proxies and certificates. It is read when asked, so that only what is used can be wrong.

    Args:
        variables: the environment's variables that matter here; they may hold passwords.
    """

    variables: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Network":
        """Return the network that an environment describes."""
        names = (*PROXY_VARIABLES, *TRUST_VARIABLES)
        return cls({name: environment[name] for name in names if name in environment})

    def proxy_for(self, url: str) -> Proxy | None:
        """Return the proxy for a URL, or None.

        Raises:
            InputError: it can't be used; the error names the variable and not its value.
        """
        return proxy_for(self.variables, url)

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The one TLS context for servers and proxies alike.

        Raises:
            InputError: a variable names what can't be used as a certificate.
        """
        return tls_context(self.variables)

    def client(self, url: str, **options: Any) -> "httpx.Client":
        """Return an HTTP client for the host of `url`, which follows no redirect.

        Args:
            url: an http or https URL; every request of the client goes to its host.
            options: of `httpx.Client`: headers, timeout, base_url.

        Raises:
            InputError: a variable that is needed for this host can't be used.
        """
        return self.client_through(self.proxy_for(url), **options)

    def client_through(self, proxy: Proxy | None, **options: Any) -> "httpx.Client":
        """Return an HTTP client that goes through `proxy`, whatever the environment says, or directly where it is None."""
        import httpx

        from secuprobe_action.network.transport import transport

        return httpx.Client(transport=transport(self.tls, proxy), trust_env=False, follow_redirects=False, **options)
