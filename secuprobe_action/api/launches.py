"""Pure: when the next scan of many may be launched. Each may cost something, and each is a promise to see its end."""

from secuprobe_action.api.ratelimit import WINDOW_S
from secuprobe_action.api.steps import Kind
from secuprobe_action.api.window import Room
from secuprobe_action.errors import Intercepted, ProtocolError, ServerError, TransportError

AT_ONCE = 4
"""Launches under way: of those whose answers are all lost where the service goes down, nobody knows whether a scan runs."""

SPREAD = 0.5
"""How far launches are apart, of a minute's requests at even distances: what begins together ends together, and no window can see
all of the ends."""

MAX_HOLD_S = 30.0
"""After trouble, launches are held for 2, 4, ... and at most as many seconds, and until a request goes well; where a launch was
lost, until another one does."""

NEEDS_S = 3.0
"""With less of the budget left nothing is launched: its answer would be lost (`client.LAUNCH_NEEDS_S`), or its end."""

MINUTES_AHEAD = 5.0
"""No more scans run than the key can see the end of and list within these: where a run is cut short, few are left behind."""


class Launches:
    """When the next launch is due. All times are monotonic, in seconds.

    Args:
        finishing: how many requests a scan takes once its end is seen.
    """

    def __init__(self, finishing: float) -> None:
        self._finishing = finishing
        self._troubles = 0
        self._held_until = 0.0
        self._lost = False
        self.next_at = 0.0

    def note(self, kind: Kind | None, error: BaseException | None, now: float) -> None:
        """Hold launches back while the service is in trouble: each that is sent then may be lost.

        A launch that was lost is forgotten by one that wasn't only: what only reads may go well all along.

        Args:
            kind: what the request was for.
            error: what it ended in, or None.
            now: when.
        """
        if error is None:
            if kind is Kind.LAUNCH or not self._lost:
                self._troubles, self._held_until, self._lost = 0, 0.0, False
        elif isinstance(error, ServerError | TransportError | Intercepted | ProtocolError):
            self._troubles += 1
            self._lost |= kind is Kind.LAUNCH
            self._held_until = now + min(MAX_HOLD_S, 2.0**self._troubles)

    def took_place(self, room: Room | None, now: float) -> None:
        """Take note of a launch."""
        self.next_at = max(self.next_at, now - 1.0) + (gap_s(room) if room else 0.0)

    def may_repeat(self, under_way: int, now: float) -> bool:
        """Whether a launch that was refused may be made again, with so many under way."""
        return now >= self._held_until and under_way < (1 if self._troubles else AT_ONCE)

    def is_due(self, room: Room | None, running: int, under_way: int, now: float) -> bool:
        """Whether another scan may be launched now.

        Args:
            room: what the key's window has left, or None where nothing is known of it yet.
            running: how many scans have begun and not ended.
            under_way: how many launches are.
            now: when.
        """
        if room is None:
            return running == 0  # the first answer tells
        most = max(1.0, room.limit * MINUTES_AHEAD / (1 + self._finishing))
        return now >= self.next_at and running < most and self.may_repeat(under_way, now)

    def has_room(self, room: Room | None, running: int, left_s: float) -> bool:
        """Whether the key may still ask what another scan takes, and those that run, within the seconds that are left."""
        if left_s <= NEEDS_S:
            return False
        if room is None:
            return True
        needed = (1 + self._finishing) * (running + 1) + 1
        possible = room.left + room.limit * max(0.0, left_s - room.resets_in_s) / WINDOW_S
        return needed <= possible


def gap_s(room: Room) -> float:
    """Return how far launches are apart, in seconds."""
    return SPREAD * WINDOW_S / room.limit
