"""What every check at a commit does: one is made, or an earlier attempt's gone on with, and changed until it is concluded."""

from collections.abc import Callable

from secuprobe_action.places.base import Place
from secuprobe_action.places.comment import is_current
from secuprobe_action.platforms.base import Check, ForgeError
from secuprobe_action.platforms.desk import Desk


class CommitCheck(Place):
    """A check at the commit.

    What it does at the desk is done one thing after another, so the identifier that one leaves the next one finds.

    Args:
        desk: where the forge is asked.
        name: the check's name.
        now: seconds since the epoch.
    """

    def __init__(self, desk: Desk, name: str, now: Callable[[], float]) -> None:
        self._desk = desk
        self._name = name
        self._now = now
        self._check_id: int | None = None
        self._is_adopted = False
        self._stale = False

    def adopt(self, check_id: int) -> None:
        """Go on with the check of an earlier attempt, whose scans this run attaches to."""
        self._check_id, self._is_adopted = check_id, True

    def _publish(self, check: Check) -> None:
        """Make the check, or change it; for work at the desk. A run of an older commit leaves it alone."""
        forge = self._desk.forge
        subject = forge.subject()
        if self._check_id is None:
            self._stale = not is_current(forge, subject)
            if self._stale:
                return
        try:
            self._check_id = forge.publish_check(check, subject.commit, self._check_id)
        except ForgeError:
            if not self._is_adopted:
                raise
            self._check_id = forge.publish_check(check, subject.commit, None)  # the earlier attempt's can't be changed any more
        self._is_adopted = False

    def _describe(self, check: Check) -> None:
        """Change what the check says while it runs, and nothing else: carried out late, it takes no conclusion back."""
        if self._check_id is not None:
            forge = self._desk.forge
            forge.describe_check(check, forge.subject().commit, self._check_id)
