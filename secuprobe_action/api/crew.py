"""Many scans on one key: takes the steps of all, each request when it is worth most (`scheduling`), several at a time.

What a scan's steps do between two requests is done by the caller's thread, one scan after another; only requests overlap.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from secuprobe_action.api import exchange
from secuprobe_action.api.jobs import Job, Standing
from secuprobe_action.api.launches import Launches, gap_s
from secuprobe_action.api.polling import FLOOR_S
from secuprobe_action.api.scheduling import PRICE_S, Load, Watched, price_s
from secuprobe_action.api.steps import Kind, Pause, Request, Running, Step, Steps
from secuprobe_action.api.window import Room, Window
from secuprobe_action.clock import Clock, Deadline, Task
from secuprobe_action.errors import Cancelled, OutOfTime

AT_ONCE = 24
"""Requests under way at the most: at 200 a minute and a second an answer, 4 would do; a slow one must not hold up the rest."""

LISTS_AT_ONCE = 4
"""Answers that may be large, each of which is in memory as a whole."""

SLOW_S = 10.0
"""One that takes longer is slow rather than large, and keeps no other from being asked for."""

COUNTED_S = 5.0
"""A request that has no answer for so long has been counted by now: the server does so when it comes."""

LAST_WORDS_S = exchange.LAST_WORD_S + 0.2
"""After a signal, for what `exchange` still waits for."""

PRICE_AGE_S = 0.25
"""How often the price of a poll is found anew."""

SCANS_A_SECOND = 2_000
"""How much less often with many scans: finding a price takes as long as they are many, and changes as little."""


@dataclass(eq=False, slots=True)
class _Scan:
    """A job that has begun.

    Attributes:
        step: what it waits for.
        at: since when, in monotonic seconds.
        asking: what is being asked for it, or None.
        asked_at: since when.
        finished: how much of what follows its end it has got; it keeps that until it is judged.
        task: the request that is, or was last, under way.
    """

    job: Job[Any]
    steps: Steps[Any]
    step: Step
    at: float
    asking: Kind | None = None
    asked_at: float = 0.0
    finished: int = 0
    task: Task[None] | None = None


class Crew:
    """Takes the steps of many scans.

    Args:
        clock: what to wait with, and what requests are made beside.
        deadline: the time budget of all.
        window: what the key may still ask.
        finishing: how many requests a scan takes once its end is seen.
        beat: called at least once a second with how things stand.
    """

    def __init__(
        self, clock: Clock, deadline: Deadline, window: Window, finishing: float, beat: Callable[[Standing], None]
    ) -> None:
        self._clock = clock
        self._deadline = deadline
        self._window = window
        self._finishing = finishing
        self._beat = beat
        self._waiting: deque[Job[Any]] = deque()
        self._scans: dict[_Scan, None] = {}
        self._ended = 0
        self._answers: deque[tuple[_Scan, Any, BaseException | None]] = deque()
        self._bell: Task[None] = Task()
        self._under_way: dict[_Scan, None] = {}
        self._launches = Launches(finishing)
        self._price = (0.0, float("-inf"))

    def run(self, jobs: Iterable[Job[Any]]) -> list[Job[Any]]:
        """Take all steps, and return the jobs that were not begun within the budget.

        Raises:
            Cancelled: a signal came.
        """
        try:
            return self._run(jobs)
        except Cancelled:
            self._hear_last_words()
            raise

    def _hear_last_words(self) -> None:
        """Take the answers to launches that are under way: whose scan isn't known, it is lost."""
        until = self._clock.monotonic() + LAST_WORDS_S
        for scan in self._under_way:
            if scan.asking is Kind.LAUNCH and scan.task is not None:
                scan.task.finished.wait(max(0.0, until - self._clock.monotonic()))
        for scan, answer, error in list(self._answers):
            if error is None and scan.asking is Kind.LAUNCH:
                with contextlib.suppress(Cancelled):  # what comes next waits for something, which is over
                    self._take(scan, answer)

    def _run(self, jobs: Iterable[Job[Any]]) -> list[Job[Any]]:
        self._waiting.extend(sorted(jobs, key=lambda job: job.launches))
        while self._scans or self._has_time():
            self._bell = Task()
            self._take_answers()
            now = self._clock.monotonic()
            self._go_on(now)
            room = self._window.room(now)
            self._finish()
            self._launch(now, room)
            self._poll(now, room)
            self._beat(Standing(len(self._waiting), len(self._scans), self._ended))
            if self._scans or self._waiting:
                self._clock.wait(self._bell, self._idle_s(now))
        return list(self._waiting)

    def _has_time(self) -> bool:
        """Whether there is a job that could still be begun."""
        room = self._window.room(self._clock.monotonic())
        return self._deadline.remaining_s > 0 and self._next_job(room) is not None

    def _take_answers(self) -> None:
        while self._answers:
            scan, answer, error = self._answers.popleft()
            del self._under_way[scan]
            scan.finished = scan.finished + 1 if scan.asking is Kind.FINISH else 0
            self._launches.note(scan.asking, error, self._clock.monotonic())
            scan.asking = None
            self._take(scan, answer, error)

    def _take(self, scan: _Scan, answer: Any = None, error: BaseException | None = None) -> None:
        """Go on with a scan's steps, up to the next one that must wait for something."""
        try:
            scan.step = scan.steps.send(answer) if error is None else scan.steps.throw(error)
        except StopIteration as end:
            self._end(scan, end.value)
        except Cancelled:
            raise
        except Exception as ended_in:  # noqa: BLE001  # whatever became of one scan, the others go on
            self._end(scan, ended_in)
        else:
            scan.at = self._clock.monotonic()

    def _end(self, scan: _Scan, result: Any) -> None:
        del self._scans[scan]
        self._ended += 1
        scan.job.ended(result)

    def _go_on(self, now: float) -> None:
        """Go on with those that have paused for long enough, and end what there is no more time for."""
        left_s, room = self._deadline.remaining_s, self._window.room(now)
        shut = room is not None and not room.fresh and room.left <= 0 and room.resets_in_s >= left_s and not self._under_way
        late = left_s <= 0 or shut
        for scan in list(self._scans):
            if scan.asking is not None:
                continue
            if late:
                self._take(scan, error=OutOfTime("There was no time left to ask for it again."))
            elif isinstance(scan.step, Pause) and (scan.step.refused or now >= scan.at + scan.step.seconds):
                self._take(scan)

    def _free(self) -> int:
        """Return how many requests may be begun now: of those just begun, none is known to be counted."""
        room = self._window.room(self._clock.monotonic())
        left = 1 if room is None or room.fresh else room.left
        uncounted = sum(self._age_s(scan) < COUNTED_S for scan in self._under_way)
        return min(left - uncounted, AT_ONCE - len(self._under_way))

    def _age_s(self, scan: _Scan) -> float:
        """Return for how long a request has been under way."""
        return self._clock.monotonic() - scan.asked_at

    def _finish(self) -> None:
        # Those first that have got something already: they keep it until they have the rest.
        for scan in sorted(self._ready(Kind.FINISH), key=lambda scan: -scan.finished):
            quick = sum(each.asking is Kind.FINISH and self._age_s(each) < SLOW_S for each in self._under_way)
            if self._free() <= 0 or quick >= LISTS_AT_ONCE:
                return
            self._begin(scan)

    def _ready(self, kind: Kind) -> list[_Scan]:
        """Return the scans that wait to make a request of that kind, those first that have waited longest."""
        ready = [s for s in self._scans if s.asking is None and isinstance(s.step, Request) and s.step.kind is kind]
        return sorted(ready, key=lambda scan: scan.at)

    def _launch(self, now: float, room: Room | None) -> None:
        for scan in self._ready(Kind.LAUNCH):
            if self._free() <= 0 or not self._launches.may_repeat(self._under(Kind.LAUNCH), now):
                return
            self._begin(scan)
        while self._free() > 0:
            job = self._next_job(room)
            if job is None:
                return
            if job.launches and not self._launches.is_due(room, len(self._scans), self._under(Kind.LAUNCH), now):
                return
            self._waiting.remove(job)
            if job.launches:
                self._launches.took_place(room, now)
            self._open(job, now)

    def _under(self, kind: Kind) -> int:
        """Return how many requests of a kind are under way."""
        return sum(scan.asking is kind for scan in self._under_way)

    def _open(self, job: Job[Any], now: float) -> None:
        steps = job.begin()
        scan = _Scan(job, steps, Pause(0.0), now)
        self._scans[scan] = None
        self._take(scan)
        self._begin(scan)

    def _next_job(self, room: Room | None) -> Job[Any] | None:
        """Return the first job that there is time for, or None."""
        left_s = self._deadline.remaining_s
        has_room = self._launches.has_room(room, len(self._scans), left_s)
        fits = (job for job in self._waiting if not job.launches or (has_room and (job.length_s() or 0.0) < left_s))
        return next(fits, None)

    def _poll(self, now: float, room: Room | None) -> None:
        for scan in self._ready(Kind.POLL):
            if self._free() <= 0:
                return
            self._begin(scan)
        if room is None:
            return
        price = self._priced(now, room)
        for waited_s, scan in self._by_worth(now):
            # A scan that turns out to have ended is to be listed in the same window, unless the window is all but over.
            follows = 0 if room.fresh or room.resets_in_s <= PRICE_AGE_S else self._finishing * (self._under(Kind.POLL) + 1)
            if waited_s < price or self._free() < 1 + follows:
                return
            self._take(scan)
            self._begin(scan)

    def _by_worth(self, now: float) -> list[tuple[float, _Scan]]:
        worth: list[tuple[float, _Scan]] = []
        for scan in self._scans:
            if scan.asking is None and isinstance(scan.step, Running) and now - scan.at >= FLOOR_S:
                last = now - scan.at >= scan.step.latest_s
                worth.append((float("inf") if last else _watched(scan, scan.step, now).waited_s, scan))
        return sorted(worth, key=lambda each: each[0], reverse=True)

    def _priced(self, now: float, room: Room) -> float:
        price, at = self._price
        if now - at < PRICE_AGE_S + len(self._scans) / SCANS_A_SECOND:
            return price
        watched = [_watched(scan, scan.step, now) for scan in self._scans if isinstance(scan.step, Running)]
        launches = min(len(self._waiting), room.resets_in_s / gap_s(room))
        price = price_s(watched, Load(room, launches, self._finishing))
        if room.fresh and price > PRICE_S:
            return 0.0  # a window that will be used up had better begin, if it is the first request that begins it
        self._price = (price, now)
        return price

    def _begin(self, scan: _Scan) -> None:
        """Begin the request that a scan waits for."""
        request = scan.step
        if scan not in self._scans or not isinstance(request, Request):
            return  # it has ended, or has come to wait for something else
        scan.asking, scan.asked_at = request.kind, self._clock.monotonic()
        self._under_way[scan] = None

        def work() -> None:
            try:
                self._answers.append((scan, request.make(), None))
            except BaseException as error:  # noqa: BLE001  # raised again where the scan's steps are taken
                self._answers.append((scan, None, error))
            self._bell.finished.set()

        scan.task = self._clock.start(work)

    def _idle_s(self, now: float) -> float:
        """Return for how long nothing is to be done unless an answer comes."""
        until = [now + PRICE_AGE_S]
        until += [scan.at + scan.step.seconds for scan in self._scans if isinstance(scan.step, Pause)]
        if self._waiting and self._launches.next_at > now:
            until.append(self._launches.next_at)
        return max(0.01, min(until) - now)


def _watched(scan: _Scan, step: Running, now: float) -> Watched:
    return Watched(step.elapsed_s, step.elapsed_s + now - scan.at, step.prior)
