"""Text that came from outside, made fit to be shown. It must not know where it will be shown: each destination escapes."""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATES = re.compile("[\ud800-\udfff]")
# C0 and C1 controls (an ESC starts a terminal sequence), bidirectional controls (they make text read differently from
# what it is, CVE-2021-42574), lone surrogates and non-characters (neither UTF-8 nor XML can carry them).
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def encodable(text: str) -> str:
    """Return `text` with lone surrogates replaced, so that it can be encoded as UTF-8."""
    return _SURROGATES.sub(REPLACEMENT, text)


def printable(text: str) -> str:
    """Return `text` with line ends as `\\n` and with a visible replacement for all that can't be printed."""
    return _UNPRINTABLE.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int | None = None) -> str:
    """Return `text` printable and on one line, its white space folded.

    Args:
        text: any text.
        limit: the most characters to return, at least 1; a longer text ends in an ellipsis. None: no limit.
    """
    line = " ".join(printable(text).split())
    if limit is not None and len(line) > limit:
        return line[: limit - 1].rstrip() + "…"
    return line


def sharing(first: str, second: str, limit: int) -> tuple[str, str]:
    """Return two texts that fit in one place together: a long one leaves at least half of it to the other.

    Args:
        first: the text that stands first.
        second: the one that comes after it, and must not be lost behind it.
        limit: the most characters of both, at least 2; what is cut ends in an ellipsis.
    """
    half = limit // 2
    return _ending(first, max(half, limit - len(second))), _ending(second, max(half, limit - len(first)))


def _ending(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def number(value: float) -> str:
    """Return `value` as people write it: `78`, not `78.0`."""
    return f"{value:.10g}"


def duration(seconds: float) -> str:
    """Return a length of time as people say it: `8 s`, `2 min 5 s`, `1 h 0 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def about(seconds: float) -> str:
    """Return a length of time that is only estimated: to the nearest 10 s from a minute on: `1 min 50 s`, `2 min`."""
    return duration(seconds if round(seconds) < 60 else round(seconds, -1)).removesuffix(" 0 s")


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return `count` with its noun: `1 finding`, `2 findings`; `nouns` where an s doesn't make the plural."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def age(seconds: float | None) -> str:
    """Return how old something is, roughly: `5 min`, `7 h`, `3 days`; nothing where that isn't known."""
    if seconds is None:
        return ""
    if seconds < 3600:
        return f"{max(0, seconds) // 60:.0f} min"
    return f"{seconds // 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds // 86400:.0f} days"


def capitalised(text: str) -> str:
    """Return `text` with its first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]
