"""An issue's text, what is remembered in it, and what is said when something changes: the same whatever it is about. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from secuprobe_action.reports.findings_table import fitting
from secuprobe_action.reports.news import MAX_BYTES, News, Stand
from secuprobe_action.text import one_line, plural

MAX_TITLE = 250
MAX_REMEMBERED, MAX_NAMED = 1_000, 20
MAX_CHARS = 65_536
"""An issue holds that many (GitHub; GitLab's hold more)."""

MIN_BYTES = 4_000
"""Of ours: where people's text leaves less, the forge refuses, and says why."""

_MAX_LIST_BYTES = 20_000
"""Of each of the two lists that a comment may have: it holds 65,536 characters."""

_END = re.compile(r"<!-- secuprobe-scan-action end (?P<stand>[a-z]+) (?P<keys>[0-9a-f,]*|-) -->")


@dataclass(frozen=True, slots=True)
class Told:
    """What the issue says by now.

    Args:
        stand: how the last run ended, or None where that can't be read any more.
        keys: the entries that it tells of, or None where they aren't known.
    """

    stand: Stand | None
    keys: frozenset[str] | None

    @property
    def fails(self) -> bool:
        """Whether the gate has not passed since it failed."""
        return self.stand in (Stand.FAILED, Stand.ERROR)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run changes of what the issue tells of.

    Args:
        came: the entries that it doesn't tell of yet, worst first.
        mended: those that it tells of, and that are known to be mended, by name.
        went: how many more of them are gone.
    """

    came: Sequence[str] = ()
    mended: Sequence[str] = ()
    went: int = 0

    def __bool__(self) -> bool:
        return bool(self.came or self.mended or self.went)


def title(name: str, news: News) -> str:
    """Return the title of a new issue; people may change it."""
    return one_line(f"{name}: {news.about}", MAX_TITLE)


def told(body: str) -> Told:
    """Return what an issue's text says by now. Whoever may edit the issue may change that; nothing else hangs on it."""
    match = _END.search(body)
    if match is None or match["stand"] not in {each.value for each in Stand}:
        return Told(None, None)
    return Told(Stand(match["stand"]), None if match["keys"] == "-" else frozenset(filter(None, match["keys"].split(","))))


def changes(news: News, before: Told) -> Changes:
    """Return what the news changes; nothing where either isn't known.

    Where as many were remembered as there is room for, others may have been there: then nothing is said to have come.
    """
    if before.keys is None or news.entries is None:
        return Changes()
    is_whole = len(before.keys) < MAX_REMEMBERED
    came = [line for key, line in news.entries.items() if key not in before.keys] if is_whole else []
    gone = before.keys - news.entries.keys() - news.unsure
    mended = [line for key, line in news.mended.items() if key in gone]
    return Changes(came, mended, len(gone) - len(mended))


def body(marker: str, news: News, before: str | None = None) -> str:
    """Return the whole text of an issue: ours between two marks, and what people wrote below as it was.

    Args:
        marker: the mark at its beginning.
        news: what this run tells.
        before: the whole text by now, or None for a new issue.
    """
    if news.text is None:
        return with_stand(marker, before or "", news.stand)
    theirs = "\n" if before is None else _below(marker, before)
    end = _end(news.stand, _remembered(news, before))
    room = MAX_CHARS - len(marker) - len(end) - len(theirs) - len("\n\n\n")
    return f"{marker}\n{news.text(max(MIN_BYTES, min(MAX_BYTES, room))).rstrip()}\n\n{end}{theirs}"


def with_stand(marker: str, before: str, stand: Stand) -> str:
    """Return the text with another stand, and nothing else changed; where people took the old one away, it is added."""
    if not _END.search(before):
        return f"{marker}\n{_end(stand, '-')}{_below(marker, before)}"
    return _END.sub(lambda match: _end(stand, match["keys"]), before, count=1)


def _below(marker: str, body: str) -> str:
    """Return what people wrote below our end. Where they took that away, nobody knows which is whose, and all of it stays."""
    end = _END.search(body)
    return body[end.end() :] if end else "\n\n" + body.removeprefix(marker).lstrip()


def passed(news: News) -> str:
    """Return what is said when the gate passes, and the issue is closed."""
    return _said(f"✅ **Passed**: {news.reason}.", news)


def failed_again(news: News, came: Sequence[str]) -> str:
    """Return what is said when the gate fails again, and the issue is reopened."""
    return "\n\n".join(filter(None, (_said(f"❌ **Failed again**: {news.reason}.", news), _list(came))))


def error(news: News) -> str:
    """Return what is said when there is no verdict, on an issue that is open."""
    return f"⚠️ **No verdict**: {news.reason}. The issue stays open."


def changed(news: News, changes: Changes) -> str:
    """Return what is said when something came or went, and the issue stays open."""
    words = news.words
    parts = [
        f"**{plural(len(lines), words.noun)} {verb}**:\n\n{_list(lines)}"
        for lines, verb in ((changes.came, words.came), (changes.mended, words.mended))
        if lines
    ]
    parts += [f"**{plural(changes.went, words.noun)} {words.went}.**"] if changes.went else []
    return "\n\n".join(filter(None, [*parts, news.link]))


def _said(sentence: str, news: News) -> str:
    return f"{sentence} {news.link}".rstrip()


def _end(stand: Stand, keys: str) -> str:
    return f"<!-- secuprobe-scan-action end {stand.value} {keys} -->"


def _remembered(news: News, before: str | None) -> str:
    """Return the entries that are remembered: those of this run, and those of which it doesn't know."""
    if news.entries is None:
        return "-"
    known = told(before).keys if before else None
    return ",".join([*news.entries, *sorted(news.unsure & (known or frozenset()))][:MAX_REMEMBERED])


def _list(lines: Iterable[str]) -> str:
    rows = [f"- {line}\n" for line in lines]
    shown = list(fitting(rows[:MAX_NAMED], _MAX_LIST_BYTES))
    more = [f"- and {len(rows) - len(shown):,} more"] if len(shown) < len(rows) else []
    return "".join([*shown, *more]).rstrip()
