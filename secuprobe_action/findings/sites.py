"""What a site is: findings belong to one, and what one run remembers for the next is of one. Pure."""

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\Z")

_DEFAULT_PORTS = {"http": 80, "https": 443}


def site_of(url: str) -> str:
    """Return the site that a URL belongs to: scheme, host, port unless it is the scheme's, and path, as text.

    The host is in lower case, as IDNA spells it and without the root's dot; a lone `/` is no path. The query is left out: a
    preview's bypass token differs from run to run, and is a secret.

    Args:
        url: an http or https URL.

    Returns:
        `https://shop.example`, `http://shop.example:8080/admin`; the text itself where it can't be read as a URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = ascii_host(parts.hostname or "")
    if not parts.scheme or not host:
        return url
    host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme.lower())) else f":{port}"
    return f"{parts.scheme.lower()}://{host}{shown_port}{'' if parts.path == '/' else parts.path}"


def named_site(name: str) -> str:
    """Return the site that a user's name for it means: a URL is that URL's site, any other text itself, its blanks folded."""
    if name.lower().startswith(("http://", "https://")):
        return site_of(name)
    return " ".join(name.split())


def host_of(name: str) -> str | None:
    """Return the host that a domain's name means, as it is looked up; None where no host could be called so."""
    host = ascii_host(name)
    return host if _HOST.match(host) else None


def ascii_host(host: str) -> str:
    """Return a host name as it is looked up: in lower case, as IDNA 2008 spells it, without the root's dot.

    A name that IDNA can't spell is returned in lower case.
    """
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    import idna  # takes long to import, and few hosts need it

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host


def spoken_host(host: str) -> str:
    """Return a host name as people write it: in lower case, with what IDNA has encoded decoded, without the root's dot."""
    host = host.rstrip(".").lower()
    if "xn--" not in host:
        return host
    import idna  # as above

    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host
