"""Pure: what can be read of a finished scan's fields, whatever their form. A scan that was paid for isn't lost over one of them.

What can't be read is told, so that the gate can doubt it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secuprobe_action.text import one_line

MAX_COUNT = 1_000_000_000
_TOTAL = "total"
_UNKNOWN = "unknown"
_NO_SCORE = ("", "-", "–", "n/a", "na", "none", "null", "unknown", "pending")
_SCORE = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,6})?)\s*(?:%|(?:/|of|out of)\s*([1-9][0-9]{0,5}))?\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields of a finished scan, as far as they can be read.

    Args:
        score: the SecuScore, 0 to 100, or None.
        counts: findings by the API's name of their severity, or None where there are no counts.
        total: how many findings there are, as the counts say, or None where they don't.
        unreadable: the names of severities whose count can't be read; `unknown` stands for counts as a whole.
        doubts: what can't be read, in whole sentences.
    """

    score: float | None = None
    counts: Mapping[str, int] | None = None
    total: int | None = None
    unreadable: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def read(score: Any, counts: Any) -> Reading:
    """Return what the fields of the score and of the counts say, as JSON has them."""
    points, doubt = read_score(score)
    counted = _read_counts(counts)
    return Reading(points, counted.counts, counted.total, counted.unreadable, (*([doubt] if doubt else []), *counted.doubts))


def read_score(value: Any) -> tuple[float | None, str | None]:
    """Return a score of 0 to 100 and, where there is one that can't be read, why there is none.

    Args:
        value: a number, or a text: `78`, `78.5`, `78/100`, `7.8/10`, `78 %`; `n/a` and nothing are no score.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in _NO_SCORE):
        return None, None
    points = _points(value)
    if points is not None and 0 <= points <= 100:
        return points, None
    return None, f"The API's score can't be read ({_quoted(value)}), so there is none."


def _points(value: Any) -> float | None:
    if isinstance(value, str):
        match = _SCORE.match(value.strip().lower())
        if not match:
            return None
        points, full = float(match[1].replace(",", ".")), match[2]
        return points * 100 / int(full) if full else points
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < MAX_COUNT and math.isfinite(value) else None


def _read_counts(value: Any) -> Reading:
    """Return the counts in a mapping, a list of findings to be counted, or a number of all findings."""
    match value:
        case None:
            return Reading()
        case dict():
            return _counts_of(value.items())
        case list():
            return _counts_of(Counter(_severity_name(each) for each in value).items())
    total = _count(value)
    if total is not None:
        return Reading(total=total)
    doubt = f"The API's counts can't be read ({_quoted(value)}): they count as a finding of unknown severity."
    return Reading(unreadable=(_UNKNOWN,), doubts=(doubt,))


def _counts_of(entries: Iterable[tuple[str, Any]]) -> Reading:
    counts: dict[str, int] = {}
    unreadable, doubts = [], []
    total = None
    for name, value in entries:
        is_total = name.strip().lower() == _TOTAL
        count = _count(value)
        if value is None:
            continue
        if count is None:
            unreadable.append(_UNKNOWN if is_total else name)
            doubts.append(
                f"The API's count “{one_line(name, 40)}” can't be read ({_quoted(value)}): it counts as one more than is known."
            )
        elif is_total:
            total = count
        else:
            counts[name] = count
    return Reading(None, counts or None, total, tuple(unreadable), tuple(doubts))


def _count(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,10}\s*", value):
        value = int(value)
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return int(value) if whole and 0 <= value <= MAX_COUNT else None


def _severity_name(listed: Any) -> str:
    severity = listed.get("severity") if isinstance(listed, dict) else None
    # A severity that calls itself `total` is no total.
    return severity if isinstance(severity, str) and severity.strip().lower() != _TOTAL else _UNKNOWN


def _quoted(value: Any) -> str:
    return f"“{one_line(str(value), 40)}”"
