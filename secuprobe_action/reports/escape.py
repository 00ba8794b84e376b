"""One escape function a destination. Each takes any text at all and returns text that means just itself there."""

import re
from urllib.parse import quote

from secuprobe_action.text import one_line, printable

# What is markup to CommonMark, GFM (pipes, strikethrough, autolinks), GitHub (math) or HTML. As a character reference it
# never is (CommonMark 0.31, 2.5), and a reference works in a table cell, in a paragraph and in an HTML block alike.
_MARKUP = r"[\\`*_\[\]<>&|~$\"']|:(?=//)|(?<=www)\."
# What GitHub, or GitLab, links or replaces after the Markdown is rendered, in the text of the page: mentions and e-mail
# addresses, references to issues, merge requests, milestones, labels, epics and snippets, long references as in
# `[vulnerability:1]`, wiki links and tables of contents in brackets, emoji. It looks at one text node at a time, so an element
# around the sign undoes it, and unlike an invisible character leaves the text as it was.
_REFERENCE = (
    r"@|#(?=[0-9])|(?<=GH)-(?=[0-9])|(?<=GL)-(?=[0-9])|:(?=[a-z0-9_+-]+:)|!(?=[0-9])|%(?=[0-9a-z\"])|~(?=[0-9a-z_\"])"
    r"|[&$](?=[0-9])|\*(?=iteration:)|\[(?=[\[_]|[a-z_]+:|toc\])"
)
_MARKDOWN = re.compile(f"(?P<reference>{_REFERENCE})|(?:{_MARKUP})", re.IGNORECASE)


def markdown(text: str, limit: int | None = None) -> str:
    """Return `text` as inline GitHub Markdown on one line; good in table cells and between HTML tags too.

    It must not begin a Markdown block: what is a list or a heading only at the start of a line is left as it is.

    Args:
        text: any text.
        limit: the most characters of it to show, or None for all.
    """
    return _MARKDOWN.sub(_markdown_reference, one_line(text, limit))


def markdown_lines(text: str, limit: int) -> str:
    """Return `text` like `markdown`, with its line breaks kept as `<br>`.

    Args:
        text: any text.
        limit: the most characters of it to show; a longer text ends in an ellipsis.
    """
    shown = printable(text).strip()
    if len(shown) > limit:
        shown = shown[: limit - 1].rstrip() + "…"
    return "<br>".join(markdown(line) for line in shown.split("\n"))


def markdown_block(text: str, limit: int, max_length: int) -> str:
    """Return `text` as a Markdown document of its own that holds nothing but the text, its line breaks kept.

    Args:
        text: any text.
        limit: the most characters of it to show; a longer text ends in an ellipsis.
        max_length: the most characters to return, which are more than what is shown: at least 100.
    """
    # The empty element keeps the text from beginning a Markdown block: a list, a heading, a code block.
    start = "<span></span>"
    shown = markdown_lines(text, limit)
    while len(start) + len(shown) > max_length:
        limit = min(limit, len(text)) * (max_length - len(start)) // len(shown) - 1
        shown = markdown_lines(text, max(1, limit))
    return start + shown


def _markdown_reference(match: re.Match[str]) -> str:
    if match["reference"]:
        return f"<span>&#{ord(match[0])};</span>"
    return f"&#{ord(match[0])};"


def html_attribute(text: str) -> str:
    """Return `text` for a double-quoted HTML attribute, in an HTML page or inside Markdown."""
    return re.sub(r"[&<>\"'`]", lambda match: f"&#{ord(match[0])};", one_line(text))


def xml(text: str) -> str:
    """Return `text` without what XML 1.0 can't carry, on one line; an XML writer does the rest."""
    return one_line(text)


def uri(text: str) -> str:
    """Return a URL or a relative path as RFC 3986 writes it: what it does not allow is percent-encoded, what is encoded stays."""
    kept = quote(text, safe=":/?#@!$&'()*+,;=%[]", errors="replace")
    kept = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", kept)
    authority = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", kept)
    host, rest = (authority[0], kept[authority.end() :]) if authority else ("", kept)
    before, hash_sign, fragment = rest.partition("#")  # brackets belong to an IPv6 host, and `#` is there once
    return host + (before + hash_sign + fragment.replace("#", "%23")).replace("[", "%5B").replace("]", "%5D")


def path_uri(path: str) -> str:
    """Return a file's path, relative to the repository, as a relative URI reference (RFC 3986, 4.2)."""
    # Encoded, a colon can't be taken for a scheme's, nor `?`, `#` and `%` for what they mean in a URL.
    return quote(path, safe="/", errors="replace")


def ascii_xml(document: str) -> str:
    """Return an XML document with a character reference for all that isn't ASCII: it reads the same in any encoding."""
    return document.encode("ascii", "xmlcharrefreplace").decode("ascii")


def sarif_message(text: str) -> str:
    """Return `text` for a SARIF message, in which square brackets make links (SARIF 2.1.0, 3.11.6)."""
    return re.sub(r"[\[\]\\]", lambda match: f"\\{match[0]}", printable(text))
