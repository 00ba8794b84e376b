"""What earlier runs left of many sites, looked up while the scans run, and what this run leaves of them.

The rules of what is compared with what, and of what is accepted, are those of a single site (`rules`).
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from secuprobe_action.clock import Clock, Task
from secuprobe_action.findings.endings import Judged
from secuprobe_action.memory.ledger import ESTATE, Ledger, digest_of, read, write
from secuprobe_action.memory.record import Memory, NotBelieved, Place, Signer, State
from secuprobe_action.memory.rules import MAX_PARENTS, Believed, Recalled, is_concluded, refuse_future, remembered, usable
from secuprobe_action.platforms.base import Forge, ForgeError, Kept
from secuprobe_action.platforms.desk import Desk
from secuprobe_action.text import plural

FRESH_S = 6 * 3600
"""What a job on a GitHub-hosted runner may take."""

AGAIN_S = 15.0
"""Between two looks where the forge could not be asked."""


class EstateMemory:
    """What is known of many sites, before and after this run.

    Args:
        desk: where the forge is asked.
        clock: what the time is.
        signer: what signs memories.
        name: the check's name.

    Attributes:
        scans: this run's scans by site, each with what is to be remembered of it.
    """

    def __init__(self, desk: Desk, clock: Clock, signer: Signer, name: str) -> None:
        self._desk = desk
        self._clock = clock
        self._signer = signer
        self._name = name
        self.scans: dict[str, Memory] = {}
        self._task: Task[Mapping[str, Recalled]] | None = None
        self._sites: Sequence[str] = ()
        self._asked_at = 0.0
        self._last: Ledger | None = None

    def begin(self, sites: Sequence[str]) -> None:
        """Begin to look up what is known of the sites."""
        self._sites, self._asked_at = sites, self._clock.monotonic()
        self._task = self._desk.begin(lambda: self._recall(sites))

    def look_again(self) -> None:
        """Ask again where the forge could not be asked; to be called while the scans run."""
        if self._task is None or not self._task.finished.is_set() or self._clock.monotonic() < self._asked_at + AGAIN_S:
            return
        try:
            self._task.result()
        except Exception:  # noqa: BLE001  # told by `recalled`, should it stay so
            self.begin(self._sites)

    def lengths(self, site: str) -> Sequence[float]:
        """Return how many seconds earlier scans of a site took, as far as that is known by now."""
        if self._task is None or not self._task.finished.is_set():
            return ()
        try:
            memory = self._task.result()[site].memory
        except Exception:  # noqa: BLE001  # as above
            return ()
        return memory.lengths if memory else ()

    def recalled(self, site: str) -> Recalled:
        """Return what is known of a site by now; this waits for nothing.

        Raises:
            ForgeError: the forge could not be asked.
        """
        if self._task is None:
            raise ForgeError("nothing is kept of the sites")
        if not self._task.finished.is_set():
            raise ForgeError("it took too long")
        return self._desk.finish(self._task, in_budget=True)[site]

    def knew(self, site: str) -> bool:
        """Whether the newest run of the default branch that is known has judged a site."""
        memory = self._last.of(site) if self._last else None
        return memory is not None and memory.state is State.JUDGED

    def gone(self, sites: Iterable[str]) -> int:
        """Return how many sites that run has judged that are not among these."""
        judged = {digest for digest, memory in self._last.sites.items() if memory.state is State.JUDGED} if self._last else set()
        return len(judged - set(map(digest_of, sites)))

    def earlier_attempt(self) -> tuple[int, Mapping[str, str]] | None:
        """Return what an earlier attempt of this workflow run left unfinished; this waits.

        What that attempt judged is gone on with as well, for as long as one run may take: later the site may be another one.

        Returns:
            The check that keeps it, and its scans by site, as `digest_of` calls them in hexadecimal; None where there is none.

        Raises:
            ForgeError: the forge can't be asked.
        """
        desk = self._desk
        return desk.finish(desk.begin(self._earlier_attempt), in_budget=True, share=0.25)

    def is_known(self) -> bool:
        """Whether the look-up has ended, however."""
        return self._task is None or self._task.finished.is_set()

    def go_on_with(self, sites: Iterable[str], scans: Mapping[str, str]) -> None:
        """Take note of an earlier attempt's scans before anything is written in place of what it left.

        Args:
            sites: this run's.
            scans: as `earlier_attempt` returned them.
        """
        for site in sites:
            scan_id = scans.get(digest_of(site).hex())
            if scan_id:
                self.began(site, scan_id)

    def began(self, site: str, scan_id: str) -> None:
        """Take note that a site's scan runs."""
        self.scans[site] = self._memory(State.RUNNING, scan_id)

    def ended(self, site: str) -> None:
        """Take note that a site's scan is of no use to a later attempt."""
        if site in self.scans:
            self.scans[site] = self._memory(State.ENDED, self.scans[site].seen)

    def judged(self, site: str, judged: Judged) -> None:
        """Take note of a verdict."""
        try:
            recalled: Recalled | None = self.recalled(site)
        except ForgeError:
            recalled = None
        self.scans[site] = remembered(judged.report, judged.verdict, recalled)

    def written(self, at: int, *, whole: bool) -> tuple[str, str, int]:
        """Return the line and the text of what is to be kept, and how many sites they have no room for; for work at the desk.

        Args:
            at: when this is so, in seconds since the epoch.
            whole: whether every site's scan came to its end.
        """
        forge = self._desk.forge
        scans = dict(self.scans)  # the main thread goes on
        on_default = any(memory.on_default for memory in scans.values())
        sites = {digest_of(site): memory for site, memory in scans.items()}
        ledger = Ledger(whole, on_default, forge.run, forge.attempt, at, sites)
        return write(ledger, self._signer, self._place(forge, forge.subject().commit))

    @staticmethod
    def _memory(state: State, scan_id: str) -> Memory:
        return Memory(state, on_default=False, run="", attempt=1, at=0, seen=scan_id)

    def _place(self, forge: Forge, commit: str) -> Place:
        return Place(forge.repository, commit, self._name, ESTATE)

    def _ledgers(self, forge: Forge, commit: str) -> tuple[list[tuple[Kept, Ledger]], list[str]]:
        """Return the ledgers at a commit that were written with this key, the newest first, and why others weren't believed."""
        found: list[tuple[Kept, Ledger]] = []
        doubts: list[str] = []
        for kept in forge.kept(commit, self._name, ESTATE):
            try:
                ledger = read(kept.line, kept.text, self._signer, self._place(forge, commit))
                refuse_future(ledger.at, self._clock.time())
                found.append((kept, ledger))
            except NotBelieved as error:
                doubts += [str(error)] if str(error) else []
        return sorted(found, key=lambda each: (each[1].at, each[0].id), reverse=True), doubts

    def _recall(self, sites: Iterable[str]) -> Mapping[str, Recalled]:
        forge = self._desk.forge
        lineage = forge.lineage(forge.subject().commit)
        missing = dict.fromkeys(sites)
        found: dict[str, Recalled] = {}
        doubts: list[str] = []
        for commit in itertools.islice(lineage.commits, MAX_PARENTS + 1):
            ledgers, unbelieved = self._ledgers(forge, commit)
            concluded = [(kept, ledger) for kept, ledger in ledgers if is_concluded(kept, ledger.at)]
            doubts += unbelieved
            if self._last is None:
                self._last = next((ledger for _, ledger in concluded if ledger.on_default), None)
            for site in list(missing):
                memories = [Believed(kept, memory) for kept, ledger in concluded if (memory := ledger.of(site))]
                known = usable(memories, on_default=lineage.on_default)
                if known is not None:
                    del missing[site]
                    found[site] = Recalled(lineage.on_default, known.memory, commit, ())
            if not missing:
                break
        notes = tuple(f"{plural(count, 'check')} not believed: {why}." for why, count in Counter(doubts).items())
        return found | {site: Recalled(lineage.on_default, None, None, notes) for site in missing}

    def _earlier_attempt(self) -> tuple[int, Mapping[str, str]] | None:
        forge = self._desk.forge
        if not forge.run or forge.attempt <= 1:
            return None
        ledgers, _ = self._ledgers(forge, forge.subject().commit)
        earlier = [each for each in ledgers if each[1].run == forge.run and each[1].attempt < forge.attempt]
        last = max((ledger.attempt for _, ledger in earlier), default=0)
        of_last = [each for each in earlier if each[1].attempt == last]
        if not of_last or any(ledger.whole for _, ledger in of_last):
            return None
        kept, ledger = of_last[0]
        of_use = {State.RUNNING, State.JUDGED} if self._clock.time() - ledger.at < FRESH_S else {State.RUNNING}
        return kept.id, {digest.hex(): memory.seen for digest, memory in ledger.sites.items() if memory.state in of_use}
