"""Pure: which memory a run is compared with, and what is accepted after it. docs/gate.md explains the two rules."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from secuprobe_action.findings.baseline import Comparison
from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.history import Ages, History, history, remembered_score
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.memory.record import Memory, NotBelieved, Place, Signer, State
from secuprobe_action.platforms.base import Kept

MAX_PARENTS = 20
"""How many first parents are looked at, where nothing is known of the commit itself."""

_TOLERANCE_S = 1
"""Between a verdict's signed time and that of its check, which are written as one: beyond it, somebody changed the check's, to
have an old memory taken for the newest."""


_MAX_AHEAD_S = 86_400
"""Of a memory's signed time: a clock that is years ahead would make its memory the newest for years."""


@dataclass(frozen=True, slots=True)
class Believed:
    """A memory that is believed, and where it is kept."""

    kept: Kept
    memory: Memory


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of earlier runs.

    Args:
        on_default: whether the run's own commit is one of the default branch.
        memory: the memory to go by, or None where there is none.
        commit: the commit it was made at, or None.
        notes: what was found and not believed, in whole sentences.
        ages: since when the findings of that run are there, or None where it didn't tell.
    """

    on_default: bool
    memory: Memory | None
    commit: str | None
    notes: tuple[str, ...]
    ages: Ages | None = None

    @property
    def compared_with(self) -> str | None:
        """The scan that this run's is compared with: what is accepted on the default branch, what was seen elsewhere."""
        if self.memory is None:
            return None
        return self.memory.accepted if self.on_default else self.memory.seen


def believed(kept: Iterable[Kept], signer: Signer, place: Place, now: float) -> tuple[list[Believed], list[str]]:
    """Return the memories of a place that are believed, the newest first, and the reasons why others aren't.

    Args:
        kept: what is kept there.
        signer: what signed them.
        place: where they belong.
        now: seconds since the epoch.
    """
    found: list[Believed] = []
    doubts: list[str] = []
    for each in kept:
        try:
            memory = signer.read(each.line, place)
            if memory.state is State.JUDGED and not is_concluded(each, memory.at):
                raise NotBelieved("its time was altered")
            refuse_future(memory.at, now)
        except NotBelieved as error:
            if str(error):
                doubts.append(str(error))
            continue
        found.append(Believed(each, memory))
    return sorted(found, key=_age, reverse=True), doubts


def refuse_future(at: float, now: float) -> None:
    """Raise NotBelieved where a memory was written more than a day from now, in seconds since the epoch both."""
    if at > now + _MAX_AHEAD_S:
        raise NotBelieved("its time is more than a day ahead: a clock is or was wrong")


def is_concluded(kept: Kept, at: float) -> bool:
    """Whether a check was concluded when its signed line says that the verdict was, as far as the forge can tell."""
    if not kept.own_time:
        return True
    return kept.completed_at is not None and abs(kept.completed_at - at) <= _TOLERANCE_S


def usable(memories: Sequence[Believed], *, on_default: bool) -> Believed | None:
    """Return the memory of one commit to go by, or None.

    Only what a run of the default branch saw there counts, and a run of the default branch asks for what is accepted: a pull
    request's commit may have become the default branch's since, and nobody accepted what it brought.

    Args:
        memories: as `believed` returned them.
        on_default: whether the run that asks is of the default branch.
    """
    for each in memories:
        memory = each.memory
        if memory.state is State.JUDGED and memory.on_default and (memory.accepted is not None or not on_default):
            return each
    return None


def unfinished(memories: Sequence[Believed], run: str, attempt: int) -> Believed | None:
    """Return what the attempt before this one left, where it launched a scan and came to no verdict.

    Args:
        memories: of the run's own commit, as `believed` returned them.
        run: the workflow run; empty where it isn't known.
        attempt: this attempt of it.
    """
    earlier = [each for each in memories if run and each.memory.run == run and each.memory.attempt < attempt]
    last = max((each.memory.attempt for each in earlier), default=0)
    of_last = [each for each in earlier if each.memory.attempt == last]
    # Jobs that share a name and a site, or a line put back after the verdict: where any came to an end, the site is scanned anew.
    return of_last[0] if of_last and all(each.memory.state is State.RUNNING for each in of_last) else None


def remembered(report: ScanReport, verdict: Verdict, recalled: Recalled | None) -> Memory:
    """Return what a judged scan leaves for later runs; whoever keeps it knows the run, and when.

    Args:
        report: the scan.
        verdict: what the gate decided.
        recalled: what was known before, or None where that could not be asked: then nothing is accepted.
    """
    before = recalled.memory if recalled else None
    length = () if report.length_s is None else (max(1, round(report.length_s)),)
    return Memory(
        State.JUDGED,
        on_default=recalled is not None and recalled.on_default,
        run="",
        attempt=1,
        at=0,
        seen=report.scan_id,
        accepted=accepted_after(recalled, verdict, report.scan_id) if recalled else None,
        lengths=(*(before.lengths if before else ()), *length),
        scores=(*(before.scores if before else ()), remembered_score(report)),
    )


def accepted_after(recalled: Recalled, verdict: Verdict, scan_id: str) -> str | None:
    """Return the scan that is accepted after a run.

    It moves on to the run's own where there was nothing to compare with, or where no new finding reaches the threshold, whether
    a rule accepts it or not. None for a commit off the default branch, which accepts nothing.

    Args:
        recalled: what was known before.
        verdict: what the gate decided; where nothing was compared, every finding counts as new.
        scan_id: the run's own scan.
    """
    if not recalled.on_default:
        return None
    known = recalled.memory.accepted if recalled.memory else None
    named = verdict.baseline is not None and verdict.baseline.scan_id != known
    # What was measured against a scan that somebody named says nothing of what is new since the accepted one.
    if not (verdict.severe if named else verdict.worse):
        return scan_id
    if known is not None:
        return known
    return verdict.baseline.scan_id if verdict.baseline else scan_id


def history_of(recalled: Recalled | None, report: ScanReport, comparison: Comparison | None, now: float) -> History | None:
    """Return what is known of the site's past, or None where it could not be asked.

    Args:
        recalled: what was remembered, or None where that isn't known.
        report: the run's scan.
        comparison: its findings against the baseline's, or None.
        now: seconds since the epoch.
    """
    if recalled is None:
        return None
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    memory = recalled.memory
    return history(report, memory.scores if memory else (), recalled.ages, comparison, today, first=memory is None)


def _age(each: Believed) -> tuple[int, int]:
    # Of a verdict that is believed this is `completed_at`, of a scan that runs `started_at`; signed, so that nobody changes it.
    return each.memory.at, each.kept.id
