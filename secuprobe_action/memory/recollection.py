"""Earlier runs, looked up while the scan runs: whoever launches, polls, compares or publishes asks here what is known."""

from collections.abc import Sequence

from secuprobe_action.clock import Clock, Task
from secuprobe_action.memory.keeper import Keeper, Whose
from secuprobe_action.memory.record import Signer
from secuprobe_action.memory.rules import Believed, Recalled
from secuprobe_action.platforms.base import Forge, ForgeError
from secuprobe_action.platforms.desk import Desk

FIRST_PAUSE_S, MAX_PAUSE_S = 5.0, 60.0
"""Between two looks where the forge could not be asked; each is twice as long as the one before."""


class Recollection:
    """What is known of earlier runs of a site.

    Args:
        desk: where the forge is asked.
        clock: what the time is.
        signer: what signs memories.
        name: the check's name.
    """

    def __init__(self, desk: Desk, clock: Clock, signer: Signer, name: str) -> None:
        self._desk = desk
        self._clock = clock
        self._signer = signer
        self._name = name
        self._site: str | None = None
        self._task: Task[Recalled] | None = None
        self._pause_s = FIRST_PAUSE_S
        self._again_at = 0.0
        self._given_up = False

    def keeper(self, forge: Forge, site: str) -> Keeper:
        """Return what reads and writes the site's memories; for work at the desk."""
        return Keeper(forge, self._signer, Whose(self._name, site), self._clock.time)

    def earlier_attempt(self, site: str) -> Believed | None:
        """Return what an earlier attempt of this workflow run launched and didn't judge, or None; this waits.

        Raises:
            ForgeError: the forge can't be asked.
        """
        desk = self._desk
        return desk.finish(desk.begin(lambda: self.keeper(desk.forge, site).earlier_attempt()), in_budget=True, share=0.25)

    def begin(self, site: str) -> None:
        """Begin the look-up."""
        self._site = site
        self._ask(site)

    def lengths(self) -> Sequence[float]:
        """Return how many seconds earlier scans took, as far as that is known by now.

        Where the forge could not be asked, this asks again after a while; so it is to be called while the scan runs.
        """
        task = self._task
        if task is None or not task.finished.is_set():
            return ()
        try:
            memory = task.result().memory
        except Exception:  # noqa: BLE001  # told by `recalled`, should it stay so
            self._ask_again()
            return ()
        return memory.lengths if memory else ()

    def known(self) -> Recalled | None:
        """Return what is known by now, or None; this waits for nothing."""
        task = self._task
        return task.result() if task and task.finished.is_set() and not task.failed else None

    def give_up(self) -> None:
        """Ask nothing more: the run has ended without needing it, and what is still to be published must not wait for it."""
        self._given_up = True

    def recalled(self) -> Recalled:
        """Return what is known, once it is; to be called when the scan has ended: nothing more is asked then.

        Raises:
            ForgeError: the forge could not be asked.
        """
        if self._task is None:
            raise ForgeError("it isn't known which site was scanned")
        return self._desk.finish(self._task, in_budget=True)

    def _ask(self, site: str) -> None:
        desk = self._desk
        self._again_at = self._clock.monotonic() + self._pause_s
        self._task = desk.begin(lambda: self.keeper(desk.forge, site).recall(lambda: self._given_up))

    def _ask_again(self) -> None:
        if self._site is None or self._clock.monotonic() < self._again_at:
            return
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)
        self._ask(self._site)
