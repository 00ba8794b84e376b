"""What the key may still ask: believed as the answers tell it, in whatever order they come."""

import random
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.ratelimit import WINDOW_S
from secuprobe_action.api.steps import drive
from secuprobe_action.api.window import ASSUMED_LIMIT, Room, Window
from secuprobe_action.clock import Deadline
from tests.support import RecordedLog, SimulatedClock, tell_the_way

EPOCH = SimulatedClock.epoch


class Key:
    """A window, and answers to it.

    Args:
        now: when the test begins, in monotonic seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.clock = SimulatedClock(now)
        self.window = Window()

    def hears(self, left: int | None, resets_at: float = 60.0, *, at: float, limit: int = 60, **more: Any) -> None:
        """Hear an answer.

        Args:
            left: what it says is left, or None where it says nothing of the limit.
            resets_at: when it says that the window is over, in monotonic seconds.
            at: when it is heard, in monotonic seconds.
            limit: what it says is the limit.
            more: `refused`, and other headers by their name with underscores.
        """
        self.clock.now = at
        refused = more.pop("refused", False)
        told = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": left, "X-RateLimit-Reset": int(EPOCH + resets_at)}
        headers = {**(told if left is not None else {}), **{name.replace("_", "-"): value for name, value in more.items()}}
        self.window.observe(httpx.Headers({name: str(value) for name, value in headers.items()}), self.clock, refused=refused)

    def room(self, at: float | None = None) -> Room | None:
        return self.window.room(self.clock.now if at is None else at)


def test_before_any_answer_nothing_is_known() -> None:
    assert Key().room() is None


def test_an_answer_tells_what_is_left_until_the_reset() -> None:
    key = Key()
    key.hears(48, 60, at=10)

    assert key.room() == Room(60, 48, 50.0)
    assert key.room(59) == Room(60, 48, 1.0)


def test_a_window_that_is_over_is_fresh_until_it_is_heard_of() -> None:
    key = Key()
    key.hears(0, 60, at=10)

    assert key.room(60) == Room(60, 60, WINDOW_S, fresh=True)
    key.hears(41, 120, at=61)
    assert key.room() == Room(60, 41, 59.0), "others have asked, too"


@given(st.permutations(range(12)), st.lists(st.floats(0, 2), min_size=12, max_size=12))
def test_of_one_window_the_least_that_was_told_counts_in_whatever_order(order: list[int], gaps: list[float]) -> None:
    key, at = Key(), 0.0
    for left, gap in zip(order, gaps, strict=True):
        at += gap
        key.hears(left, 60, at=at)

    room = key.room()
    assert room is not None
    assert room.left == 0


def test_an_answer_of_the_window_before_that_others_overtook_is_passed_over() -> None:
    key = Key()
    key.hears(3, 60, at=59)
    key.hears(58, 120, at=60.5)
    key.hears(2, 61, at=60.6)

    assert key.room() == Room(60, 58, 59.4)


def test_a_limit_that_changes_is_believed() -> None:
    key = Key()
    key.hears(10, 60, at=0)
    key.hears(190, 120, at=61, limit=200)

    room = key.room()
    assert room is not None
    assert (room.limit, room.left) == (200, 190)


def test_an_answer_whose_body_is_long_in_coming_tells_of_when_it_began() -> None:
    """A list of 100 MB takes a minute to arrive; its headers tell of the window in which it began."""
    key = Key()

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'{"total": 0, '
            key.clock.now = 75.0
            yield b'"vulnerabilities": []}'

    def answer(request: httpx.Request) -> httpx.Response:
        tell_the_way(request, sent=True)
        told = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "20", "X-RateLimit-Reset": str(int(EPOCH) + 60)}
        return httpx.Response(200, headers={**told, "Date": formatdate(EPOCH + 15, usegmt=True)}, stream=Body())

    key.clock.now = 15.0
    client = SecuProbeClient(
        httpx.Client(transport=httpx.MockTransport(answer)),
        base_url="https://secuprobe.io/api/v1",
        api_key=SecretStr("sp_live_key"),
        deadline=Deadline.starting_now(key.clock, 600.0),
        clock=key.clock,
        random=random.Random(1),
        log=RecordedLog(),
    )
    drive(client.vulnerabilities("scan-1"), client.wait)

    assert key.clock.now == 75.0
    assert client.window.room(16.0) == Room(60, 20, 44.0)
    room = client.window.room(75.0)
    assert room is not None
    assert room.fresh


# A refusal.


@pytest.mark.parametrize(
    ("told", "closed_s"),
    [
        ({"left": 0, "resets_at": 40}, 30.0),
        ({"left": 0, "resets_at": 40, "Retry_After": 5}, 5.0),
        ({"left": None, "Retry_After": 12}, 12.0),
        ({"left": None}, WINDOW_S / 10),
    ],
    ids=["reset", "both", "retry", "nothing"],
)
def test_a_refusal_closes_the_window_for_as_long_as_it_says(told: dict[str, Any], closed_s: float) -> None:
    key = Key()
    key.hears(30, 60, at=9)
    key.hears(at=10, refused=True, **told)

    assert key.room() == Room(60, 0, closed_s)
    room = key.room(10 + closed_s)
    assert room is not None
    assert room.fresh, "one is asked then, and tells"


def test_a_refusal_that_is_the_first_answer_tells_as_much_as_it_does() -> None:
    key = Key()
    key.hears(None, at=0, refused=True)

    assert key.room() == Room(ASSUMED_LIMIT, 0, WINDOW_S / 10)


def test_answers_of_a_refused_window_that_come_late_do_not_open_it() -> None:
    key = Key()
    key.hears(0, 60, at=10, refused=True)
    key.hears(7, 60, at=11)

    assert key.room() == Room(60, 0, 49.0)


def test_the_first_good_answer_after_a_refusal_without_headers_opens_the_window() -> None:
    key = Key()
    key.hears(20, 12, at=9)
    key.hears(None, at=10, refused=True)
    key.hears(59, 72, at=16.5)

    assert key.room() == Room(60, 59, 55.5)


# A server that tells nothing.


def test_without_headers_the_smallest_plans_limit_is_counted_down() -> None:
    key = Key()
    for at in range(5):
        key.hears(None, at=at)

    assert key.room() == Room(ASSUMED_LIMIT, ASSUMED_LIMIT - 5, 56.0)
    room = key.room(60)
    assert room is not None
    assert room.fresh


def test_a_limit_that_is_told_alone_is_counted_down() -> None:
    key = Key()
    key.hears(None, at=0, X_RateLimit_Limit=20)

    assert key.room() == Room(20, 19, 60.0)


def test_what_is_told_counts_for_more_than_what_was_counted() -> None:
    """A slow answer's reset may be past when it comes, so that it says nothing; the next one knows better."""
    key = Key()
    key.hears(None, at=50)
    key.hears(12, 60, at=51)

    assert key.room() == Room(60, 12, 9.0)
    assert key.room(61) is not None
    assert key.room(61).fresh  # type: ignore[union-attr]
