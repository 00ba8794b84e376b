"""What earlier runs tell of a site: its score from run to run, and since when each finding is there. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secuprobe_action.findings.baseline import Change, Comparison
from secuprobe_action.findings.identity import identify
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.text import plural

KEY_CHARS = 12
"""Of an identity's key: enough to tell the findings of one site apart."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When a finding was first seen.

    Args:
        on: the day (UTC).
        before: whether it may have been there before: it was when looking began.
    """

    on: dt.date
    before: bool = False


@dataclass(frozen=True, slots=True)
class Ages:
    """When the findings of a run were first seen.

    Args:
        first: by the first KEY_CHARS digits of their identity's key.
        whole: whether a finding that isn't among them wasn't there.
    """

    first: Mapping[str, Seen]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Since:
    """Since when a finding is there, as seen from a run.

    Args:
        seen: when it was first seen.
        today: the run's day (UTC).
        new: whether this run is the first to see it.
    """

    seen: Seen
    today: dt.date
    new: bool = False

    @property
    def text(self) -> str:
        """Return it in words: `new`, `today`, `12 days`, `since before 2026-09-01`; nothing on the day when looking began."""
        if self.new:
            return "new"
        days = (self.today - self.seen.on).days
        if self.seen.before:
            return f"since before {self.seen.on}" if days > 0 else ""
        return plural(days, "day") if days > 0 else "today"


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs tell, and this one added.

    Args:
        scores: of the default branch's earlier runs, the oldest first, and of this one; None where a run had none.
        since: of each listed finding, in the report's order; None where nobody can tell.
        ages: what a later run is told.
    """

    scores: tuple[float | None, ...] = ()
    since: tuple[Since | None, ...] = ()
    ages: Ages = field(default_factory=lambda: Ages({}))


def history(
    report: ScanReport,
    scores: Sequence[float | None],
    ages: Ages | None,
    comparison: Comparison | None,
    today: dt.date,
    *,
    first: bool,
) -> History:
    """Return what is known of the site's past.

    Args:
        report: the run's scan.
        scores: those of earlier runs, the oldest first.
        ages: what the last run left, or None where it left nothing that is believed.
        comparison: with that run's findings, or None; it tells where there are no ages.
        today: the run's day (UTC).
        first: whether no run came before.
    """
    if report.findings is None:
        return History((*scores, remembered_score(report)), (), ages or Ages({}, whole=False))
    keys = [identity.key[:KEY_CHARS] for identity in identify(report.site, report.findings)]
    changes = comparison.changes if comparison else (None,) * len(keys)
    since = tuple(_since(key, change, ages, comparison, today, first=first) for key, change in zip(keys, changes, strict=True))
    # Where it isn't known since when, it is known from now on that it was there today.
    seen = {key: each.seen if each else Seen(today, before=True) for key, each in zip(keys, since, strict=True)}
    return History((*scores, remembered_score(report)), since, Ages(seen, _is_whole(report, len(keys))))


def remembered_score(report: ScanReport) -> int | None:
    """Return a scan's score as later runs remember it: a trend compares like with like."""
    return None if report.score is None else round(report.score)


def _is_whole(report: ScanReport, listed: int) -> bool:
    """Whether the list holds all findings that there are."""
    counted = sum(report.counts.values()) if report.counts else 0
    return max(report.total or 0, counted) <= listed and not report.unreadable


def _since(
    key: str, change: Change | None, ages: Ages | None, comparison: Comparison | None, today: dt.date, *, first: bool
) -> Since | None:
    if first:
        return Since(Seen(today, before=True), today)
    if ages is not None and key in ages.first:
        return Since(ages.first[key], today)
    if ages is not None and ages.whole:
        return Since(Seen(today), today, new=True)
    baseline = comparison.baseline if comparison else None
    if baseline is None or baseline.age_s is None:
        return None
    if change is Change.NEW:
        return Since(Seen(today), today, new=True)
    return Since(Seen(today - dt.timedelta(seconds=baseline.age_s), before=True), today)
