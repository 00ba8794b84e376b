"""Pure: which proxy, if any, the environment names for a URL.

Decided here rather than by httpx and requests: they read every proxy variable whether it is needed or not, fail on entries of
NO_PROXY that aren't theirs to understand, and disagree with each other.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings.sites import ascii_host

PROXY_VARIABLES = (
    *("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
    "REQUEST_METHOD",
)
"""What is read of the environment."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ACCEPTED = "must be a proxy's address, as in http://proxy.example:3128 (not repeated here: it may hold a password)"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Proxy:
    """A proxy, with what to tell it.

    Args:
        scheme: how the proxy itself is spoken to, `http` or `https`.
        host: its name or address, an IPv6 address without brackets.
        port: 1 to 65,535.
        username: or None where it wants no authentication.
        password: or None.
    """

    scheme: str
    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The proxy as it can be shown: host and port, never the credentials."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Its address without the credentials."""
        return f"{self.scheme}://{self.name}"


def proxy_for(environment: Mapping[str, str], url: str) -> Proxy | None:
    """Return the proxy that requests for `url` go through, or None where they go directly.

    The rules are curl's: the variable of the URL's scheme, else ALL_PROXY; lower case before upper case; an empty variable is
    none. Unlike curl, HTTP_PROXY counts in upper case, too, except in a CGI program, where it is a header that the client sent
    ("httpoxy"). Variables that aren't needed for `url` are not looked at.

    Args:
        environment: the process's environment.
        url: an http or https URL.

    Raises:
        InputError: the proxy to use can't be understood, or speaks SOCKS; it names the variable and not its value.
    """
    parts = urlsplit(url)
    host, port = ascii_host(parts.hostname or ""), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    variable = next((name for name in _variables(environment, parts.scheme) if environment.get(name, "").strip()), None)
    exempt = next((environment[name] for name in ("no_proxy", "NO_PROXY") if environment.get(name, "").strip()), "")
    if variable is None or _is_exempt(exempt, host, port):
        return None
    return _parsed(variable, environment[variable].strip(), host)


def _variables(environment: Mapping[str, str], scheme: str) -> list[str]:
    names = [f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"]
    return [name for name in names if name != "HTTP_PROXY" or "REQUEST_METHOD" not in environment]


def _parsed(variable: str, value: str, wanted_host: str) -> Proxy:
    """Return the proxy of a variable. Passwords are taken as they come: the last @ ends them, whatever they hold before it."""
    scheme, rest = _scheme_and_rest(value)
    if scheme.startswith("socks"):
        accepted = (
            f"names a SOCKS proxy, which is not supported: name an http:// or https:// proxy, or add {wanted_host} to NO_PROXY "
            "where it can be reached without"
        )
        raise InputError([Mistake(variable, None, accepted)])
    credentials, at, authority = rest.rpartition("@")
    host, port = _host_and_port(re.split(r"[/?#]", authority)[0], _DEFAULT_PORTS.get(scheme))
    if not host or port is None or re.search(r"[\x00-\x1f\x7f]", value):
        raise InputError([Mistake(variable, None, _ACCEPTED)])
    if not at:
        return Proxy(scheme, host, port)
    username, _, password = credentials.partition(":")
    return Proxy(scheme, host, port, unquote(username), unquote(password))


def _scheme_and_rest(value: str) -> tuple[str, str]:
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", value)
    return (match[1].lower(), value[match.end() :]) if match else ("http", value)


def _host_and_port(text: str, default: int | None) -> tuple[str | None, int | None]:
    """Split `host:port`, the port being `default` where there is none; None for what isn't one."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?", text)
    if not match or default is None:
        return None, None
    port = int(match[2]) if match[2] else default
    return _host(match[1]), port if 0 < port < 65_536 else None


def _host(text: str) -> str | None:
    if text.startswith("["):
        address = _address(text[1:-1])
        return str(address) if isinstance(address, ipaddress.IPv6Address) else None
    host = ascii_host(text)
    return host if re.fullmatch(r"[a-z0-9._-]+", host) else None


def _is_exempt(no_proxy: str, host: str, port: int) -> bool:
    """Whether a list like NO_PROXY covers a host. What can't be read in it covers nothing."""
    return any(_covers(entry, host, port) for entry in re.split(r"[\s,]+", no_proxy) if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether one entry covers a host: `*`, a name with all below it, an address, a network, each with a port or without."""
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        return address is not None and _contains(entry, address)
    match = re.fullmatch(r"\[([^\]]+)\](?::([0-9]+|\*))?|([^:\[\]]+):([0-9]+|\*)|([^\[\]]+)", entry)
    if match is None or (match[2] or match[4] or "*") not in ("*", str(port)):
        return False
    named = match[1] or match[3] or match[5]
    if address is not None:
        return _address(named) == address
    name = ascii_host(named.removeprefix("*").lstrip(".") if named.startswith(("*.", ".")) else named)
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _contains(entry: str, address: Address) -> bool:
    try:
        network = ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    return address in network


def _address(text: str) -> Address | None:
    """Return an IP address, one that is an IPv4 address in IPv6's clothes as what it is; None where it isn't one."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
