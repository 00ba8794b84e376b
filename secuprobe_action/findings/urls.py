"""URLs as they may be shown: a query may hold a secret, as a preview's bypass token. Pure."""

import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"

MIN_SECRET = 8
"""A value of so many characters may be a secret. Hiding shorter ones in every text would make the text unreadable."""

_TAIL = re.compile(r"[?#].*", re.DOTALL)
_PART = re.compile(r"([?#&;])([^?#&;]*)")


def shown_url(url: str) -> str:
    """Return a URL with `***` for every value of its query and of its fragment; the values' names stay.

    A part that has no value counts as one (Base64 may end in `=`); a fragment that is one word, the place in a page, stays.

    Args:
        url: any text; one that is no URL is shown as far as that can be told apart.
    """
    return _TAIL.sub(lambda tail: _PART.sub(_shown_part, tail[0]), url)


def _shown_part(match: re.Match[str]) -> str:
    mark, part = match.groups()
    name, value = _name_and_value(mark, part)
    return f"{mark}{name}{HIDDEN if value else ''}"


def _name_and_value(mark: str, part: str) -> tuple[str, str]:
    """Return what may be shown of a part, its `=` included, and what may not."""
    name, equals, value = part.partition("=")
    if value.strip("="):
        return f"{name}{equals}", value
    return (part, "") if mark == "#" and not equals else ("", part)


def secrets_in(url: str) -> tuple[str, ...]:
    """Return what must appear in no other text, the longest first: the values that `shown_url` hides and that may be secrets.

    Args:
        url: any text.

    Returns:
        Each value of at least `MIN_SECRET` characters as it is written, percent-decoded, and in the ways of encoding that. Of
        a value of several lines each long one: the runner masks every line that it is given, however short (actions/runner,
        ActionCommandManager.cs).
    """
    lines = {line for value in _values(url) for spelling in _spellings(value) for line in spelling.splitlines()}
    return tuple(sorted((line for line in lines if len(line.strip()) >= MIN_SECRET), key=lambda line: (-len(line), line)))


def _values(url: str) -> Iterator[str]:
    """Yield each value twice: up to the next `&`, as servers read it, and up to whatever else `shown_url` takes for an end."""
    tail = _TAIL.search(url)
    if tail is None:
        return
    for mark, part in [*re.findall(r"([?#&])([^&#]*)", tail[0]), *_PART.findall(tail[0])]:
        yield _name_and_value(mark, part)[1]


def _spellings(value: str) -> Iterator[str]:
    for plain in (value, unquote(value), unquote_plus(value)):
        for encoded in (plain, quote(plain, safe=""), quote(plain), quote_plus(plain)):
            yield encoded
            yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
