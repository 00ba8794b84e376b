"""One run's dealings with what earlier runs left: it asks the forge, beside the scan, and says what this run leaves.

What it asks for decides, so it isn't a place: whoever compares is told whether there is nothing, or it could not be asked.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport, Started
from secuprobe_action.memory import ages
from secuprobe_action.memory.record import Memory, Place, Signer, State
from secuprobe_action.memory.rules import MAX_PARENTS, Believed, Recalled, believed, remembered, unfinished, usable
from secuprobe_action.platforms.base import Forge, ForgeError
from secuprobe_action.text import plural


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose memory it is.

    Args:
        name: the check's name.
        site: the site.
    """

    name: str
    site: str


class Keeper:
    """What is remembered of a site, at one commit.

    Args:
        forge: where it is kept.
        signer: what signs it.
        whose: whose memory it is.
        now: seconds since the epoch.
    """

    def __init__(self, forge: Forge, signer: Signer, whose: Whose, now: Callable[[], float]) -> None:
        self._forge = forge
        self._now = now
        self._signer = signer
        self._whose = whose

    def earlier_attempt(self) -> Believed | None:
        """Return what an earlier attempt of this workflow run launched and didn't judge, or None.

        Raises:
            ForgeError: the forge can't be asked.
        """
        forge = self._forge
        if not forge.run or forge.attempt <= 1:
            return None
        commit = forge.subject().commit
        memories, _ = self._believed(commit)
        return unfinished(memories, forge.run, forge.attempt)

    def recall(self, given_up: Callable[[], bool]) -> Recalled:
        """Return what is known of earlier runs.

        Args:
            given_up: whether nobody waits for the answer any more; asked before each question.

        Raises:
            ForgeError: the forge can't be asked, or it was given up.
        """
        lineage = self._forge.lineage(self._forge.subject().commit)
        doubts: list[str] = []
        for commit in itertools.islice(lineage.commits, MAX_PARENTS + 1):
            if given_up():
                raise ForgeError("it was given up")
            memories, unbelieved = self._believed(commit)
            doubts += unbelieved
            found = usable(memories, on_default=lineage.on_default)
            if found is not None:
                told = ages.read(found.kept.text, self._signer, self._place(commit), found.memory.seen)
                return Recalled(lineage.on_default, found.memory, commit, _notes(doubts), told)
        return Recalled(lineage.on_default, None, None, _notes(doubts))

    def unjudged(self, scan: Started | ScanReport, at: int, *, of_use: bool) -> str | None:
        """Return the line for a scan that isn't judged.

        Args:
            scan: the scan.
            at: when that was so, in seconds since the epoch.
            of_use: whether a later attempt may attach to it.
        """
        state, forge = State.RUNNING if of_use else State.ENDED, self._forge
        return self._line(Memory(state, False, forge.run, forge.attempt, at, scan.scan_id), scan.report_url)  # noqa: FBT003

    def judged(self, report: ScanReport, verdict: Verdict, at: int, recalled: Recalled | None) -> str | None:
        """Return the line for a judged scan.

        Args:
            report: the scan.
            verdict: what the gate decided.
            at: when, in seconds since the epoch.
            recalled: what was known before, or None where that could not be asked: then nothing is accepted.
        """
        forge = self._forge
        left = replace(remembered(report, verdict, recalled), run=forge.run, attempt=forge.attempt, at=at)
        return self._line(left, report.report_url)

    def ages(self, report: ScanReport, verdict: Verdict, recalled: Recalled | None) -> str:
        """Return what goes beside that line: since when the findings are there; nothing where that isn't known.

        What is remembered but came too late for the verdict is handed on.
        """
        if verdict.history:
            known = verdict.history.ages
        elif recalled and recalled.ages:
            known = replace(recalled.ages, whole=False)
        else:
            return ""
        return ages.write(known, self._signer, self._place(self._forge.subject().commit), report.scan_id)

    def _line(self, memory: Memory, report_url: str) -> str | None:
        room = self._forge.room(memory.seen, report_url)
        return self._signer.write(memory, self._place(self._forge.subject().commit), room)

    def _believed(self, commit: str) -> tuple[list[Believed], list[str]]:
        kept = self._forge.kept(commit, self._whose.name, self._whose.site)
        return believed(kept, self._signer, self._place(commit), self._now())

    def _place(self, commit: str) -> Place:
        return Place(self._forge.repository, commit, self._whose.name, self._whose.site)


def _notes(doubts: list[str]) -> tuple[str, ...]:
    """Return why memories were not believed, each reason once: a rotated key is a reason at many commits."""
    return tuple(
        f"{plural(count, 'memory', 'memories')} of this site {'was' if count == 1 else 'were'} not believed: {reason}."
        for reason, count in Counter(doubts).items()
    )
