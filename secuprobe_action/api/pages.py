"""Pure: whether a list goes on, and where. Nobody documented that SecuProbe's does; what says that it isn't whole is believed."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

MAX_PAGES = 1_000

_NEXT = ("next", "nextPage", "next_page", "nextUrl", "next_url")
_MORE = ("hasMore", "has_more", "hasNext", "has_next", "truncated")
_NESTED = ("pagination", "paging", "meta", "links", "_links", "page", "pageInfo")


def next_page(data: Any, link: str | None, url: str, base_url: str) -> str | None:
    """Return the address of the next page of a list, None where this one is the last.

    Args:
        data: the answer, decoded.
        link: its header `Link` (RFC 8288), or None.
        url: the address that was asked.
        base_url: the API's address: the key goes to nothing that isn't below it.

    Raises:
        ValueError: it isn't the last, and the next one can't be asked for: no address is named, or one of another origin.
    """
    targets = [*_linked(link), *_named(data)]
    if not targets:
        if _more(data):
            raise ValueError("it says that there is more, but not where")
        return None
    target = targets[0]
    if isinstance(target, str) and not target.startswith(("http://", "https://", "/", "?")):
        raise ValueError("it names a cursor for the next page, and not its address")
    following = _numbered(url, target) if isinstance(target, int) else urljoin(url, target)
    try:
        httpx.URL(following)
    except httpx.InvalidURL as error:
        raise ValueError("the address of its next page is none") from error
    if not following.startswith(f"{base_url}/") or "/../" in following:
        raise ValueError("its next page is not below the API's address, and the API key must not travel elsewhere")
    return following


def _linked(link: str | None) -> Iterator[str]:
    headers = {"Link": link} if link else {}
    following = httpx.Response(200, headers=headers).links.get("next", {}).get("url")
    if following:
        yield following


def _named(data: Any) -> Iterator[str | int]:
    for level in _levels(data):
        for name in _NEXT:
            value = level.get(name)
            value = value.get("href") if isinstance(value, dict) else value
            if (isinstance(value, str) and value.strip()) or (isinstance(value, int) and not isinstance(value, bool) and value):
                yield int(value) if isinstance(value, str) and value.isdigit() else value


def _more(data: Any) -> bool:
    return any(level.get(name) is True or str(level.get(name)).lower() == "true" for level in _levels(data) for name in _MORE)


def _levels(data: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, dict):
        yield data
        yield from (data[name] for name in _NESTED if isinstance(data.get(name), dict))


def _numbered(url: str, page: int) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "page"]
    return parts._replace(query=urlencode([*query, ("page", str(page))])).geturl()
