"""Many scans on one key in simulated time: none waits for another's trouble, and nothing is asked that can't be had."""

import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from bench.simulation import EPOCH, ConcurrentClock, Simulation
from secuprobe_action.api import launches
from secuprobe_action.api.crew import LAST_WORDS_S, LISTS_AT_ONCE, Crew
from secuprobe_action.api.jobs import Job, Standing
from secuprobe_action.api.polling import Prior
from secuprobe_action.api.steps import Kind, Pause, Request, Running, Steps
from secuprobe_action.api.window import Window
from secuprobe_action.clock import Deadline, SystemClock
from secuprobe_action.errors import ApiError, Cancelled, OutOfTime, RateLimited, ServerError
from secuprobe_action.local.accounts import Limiter

LATENCY_S = 0.1
LENGTH_S = 60.0
"""How long a scan takes where nothing else is said."""

Site = str | int


@dataclass
class Asked:
    """A request that was made: who asked for what, and from when to when, in simulated seconds, in which window."""

    site: Site
    kind: Kind
    began_s: float
    ended_s: float = float("inf")
    window: str = ""


@dataclass
class World:
    """A service with a key, and a crew that scans sites there.

    Args:
        limit: the key's requests a minute.
        budget_s: the crew's time.
        told: whether answers have the limit's headers.
        slow_s: how long an answer takes, by site and kind, where it isn't LATENCY_S.
        down: from when to when, in seconds, the service answers 503.
        length_s: how long a site's scan takes.
    """

    limit: int = 200
    budget_s: float = 3_600.0
    told: bool = True
    slow_s: dict[tuple[Site, Kind], float] = field(default_factory=dict)
    down: tuple[float, float] = (0.0, 0.0)
    length_s: Callable[[Site], float] = lambda site: LENGTH_S
    finishing: int = 1

    def __post_init__(self) -> None:
        self.simulation = Simulation()
        self.clock = ConcurrentClock(self.simulation)
        self.limiter = Limiter(self.limit, lambda: EPOCH + self.simulation.now)
        self.window = Window()
        self.asked: list[Asked] = []
        self.refused = 0
        self.ended: dict[Site, Any] = {}
        self.ended_s: dict[Site, float] = {}
        self.standings: list[tuple[float, Standing]] = []
        self.left: list[Job[Any]] = []
        self.raised: BaseException | None = None
        self.at: list[tuple[float, Callable[[], None]]] = []

    # The service.

    def ask(self, site: Site, kind: Kind, answer: Callable[[], Any] = lambda: None) -> Any:
        """Make a request, and take its time; the server counts it when it comes."""
        asked = Asked(site, kind, self.simulation.now)
        self.asked.append(asked)
        self.simulation.sleep(LATENCY_S / 2)
        admitted = self.limiter.admit()
        asked.window = self.limiter.headers()["X-RateLimit-Reset"]
        self.refused += not admitted
        self.simulation.sleep(self.slow_s.get((site, kind), LATENCY_S) - LATENCY_S / 2)
        asked.ended_s = self.simulation.now
        self.window.observe(httpx.Headers(self.limiter.headers() if self.told else {}), self.clock, refused=not admitted)
        if not admitted:
            raise RateLimited("Slow down")
        if self.down[0] <= asked.began_s < self.down[1]:
            raise ServerError("Down", status=503, own_words=True)
        return answer()

    def steps(self, site: Site, launches: bool = True) -> Steps[str]:
        """Return a scan's steps, as `scan.Scanner` makes them: whatever fails for a passing cause is asked again."""
        yield from self.repeated(site, Kind.LAUNCH if launches else Kind.FINISH)
        began_s = self.simulation.now
        prior = Prior(self.length_s(site), 0.2)
        done = False
        while not done:
            left_s = self.deadline.remaining_s - 2.0
            if left_s <= 0:
                raise OutOfTime("Not finished")
            yield Running("running", self.simulation.now - began_s, prior, left_s)
            done = yield from self.repeated(site, Kind.POLL, lambda: self.simulation.now - began_s >= self.length_s(site))
        for _ in range(self.finishing):
            yield from self.repeated(site, Kind.FINISH)
        return "judged"

    def repeated(self, site: Site, kind: Kind, answer: Callable[[], Any] = lambda: None) -> Steps[Any]:
        """Ask until it goes well."""
        while True:
            try:
                return (yield Request(kind, lambda: self.ask(site, kind, answer)))
            except (RateLimited, ServerError) as error:
                pause = Pause(5.0, refused=isinstance(error, RateLimited))
            yield pause

    # The crew.

    def job(self, site: Site, steps: Callable[[], Steps[Any]] | None = None, **options: Any) -> Job[Any]:
        def ended(result: Any) -> None:
            self.ended[site], self.ended_s[site] = result, self.simulation.now

        return Job(steps or (lambda: self.steps(site, options.get("launches", True))), ended, **options)

    def run(self, jobs: Iterable[Job[Any]] | int) -> None:
        """Run the jobs, or as many usual ones, to their end."""
        listed = [self.job(n) for n in range(jobs)] if isinstance(jobs, int) else list(jobs)

        def body() -> None:
            self.deadline = Deadline.starting_now(self.clock, self.budget_s)
            crew = Crew(self.clock, self.deadline, self.window, self.finishing, self._beat)
            try:
                self.left = crew.run(listed)
            except BaseException as error:  # noqa: BLE001  # looked at by the test
                self.raised = error

        self.simulation.add(body, 0.0)
        for at, what in self.at:
            self.simulation.add(what, at)
        self.simulation.run()

    def _beat(self, standing: Standing) -> None:
        self.standings.append((self.simulation.now, standing))

    # What is looked at.

    def of(self, kind: Kind) -> list[Asked]:
        return [each for each in self.asked if each.kind is kind]

    def at_once(self, kind: Kind) -> int:
        """Return how many requests of a kind were under way at the most."""
        asked = self.of(kind)
        return max((sum(other.began_s <= each.began_s < other.ended_s for other in asked) for each in asked), default=0)


@pytest.mark.parametrize(("sites", "limit"), [(1, 60), (30, 60), (60, 200)])
def test_all_are_judged_and_none_is_refused(sites: int, limit: int) -> None:
    world = World(limit)
    world.run(sites)

    assert list(world.ended.values()) == ["judged"] * sites
    assert (world.raised, world.left, world.refused) == (None, [], 0)


def test_how_it_stands_is_told_at_least_once_a_second() -> None:
    world = World()
    world.run(10)
    times = [at for at, _ in world.standings]

    assert max(later - before for before, later in itertools.pairwise(times)) <= 1.0
    assert all(standing.waiting + standing.running + standing.ended == 10 for _, standing in world.standings)
    assert world.standings[-1][1] == Standing(0, 0, 10)


def test_what_one_scan_ends_in_is_its_own() -> None:
    world = World()

    def broken() -> Steps[Any]:
        yield Request(Kind.LAUNCH, lambda: world.ask("broken", Kind.LAUNCH))
        raise ZeroDivisionError

    def refused() -> Steps[Any]:
        yield Request(Kind.LAUNCH, lambda: world.ask("refused", Kind.LAUNCH, fail))

    def fail() -> None:
        raise ApiError("No")

    world.run([world.job("broken", broken), world.job("refused", refused), world.job("good")])

    assert type(world.ended["broken"]) is ZeroDivisionError
    assert type(world.ended["refused"]) is ApiError
    assert world.ended["good"] == "judged"


def test_those_that_need_no_launch_come_first() -> None:
    world = World(limit=20)
    world.run([*(world.job(n) for n in range(10)), *(world.job(f"known-{n}", launches=False) for n in range(5))])

    assert {each.site for each in world.asked[:5]} == {f"known-{n}" for n in range(5)}
    assert len(world.of(Kind.LAUNCH)) == 10


# The window.


def test_of_a_fresh_window_one_answer_is_waited_for_before_the_next_is_asked() -> None:
    """Others may have used it up, and only an answer tells."""
    world = World(limit=60)
    world.run(60)
    windows = itertools.groupby(world.asked, key=lambda each: each.window)
    firsts = [tuple(itertools.islice(asked, 2)) for _, asked in windows]

    assert len(firsts) >= 3
    for first, second in (pair for pair in firsts if len(pair) == 2):
        assert second.began_s >= first.ended_s


def test_before_the_first_answer_one_request_is_made() -> None:
    world = World(slow_s={(0, Kind.LAUNCH): 20.0})
    world.run(5)

    assert [each.site for each in world.asked if each.began_s < 20] == [0]


def test_a_refusal_without_headers_is_no_storm() -> None:
    """A server that tells nothing of its limit, which is lower than any plan's."""
    world = World(limit=10, told=False, budget_s=1_800.0)
    world.run(12)

    assert list(world.ended.values()) == ["judged"] * 12
    assert world.refused <= 12 * world.simulation.now / 60, "one in six seconds, as it was told nothing"


def test_others_on_the_key_are_seen_in_the_headers() -> None:
    world = World(limit=60)

    def other() -> None:
        for _ in range(300):
            world.limiter.admit()
            world.simulation.sleep(1.5)

    world.at.append((0.0, other))
    world.run(30)

    assert list(world.ended.values()) == ["judged"] * 30
    assert world.refused <= 0.05 * len(world.asked)


# Slow answers.


def test_a_slow_list_holds_up_nobody_else() -> None:
    usual, slow = World(limit=60), World(limit=60, slow_s={(3, Kind.FINISH): 400.0})
    for world in (usual, slow):
        world.run(30)

    others = [site for site in range(30) if site != 3]
    assert slow.ended[3] == "judged"
    assert max(slow.ended_s[site] for site in others) <= max(usual.ended_s[site] for site in others) + 10
    assert slow.refused == 0


def test_lists_that_trickle_keep_no_other_list_from_being_asked_for() -> None:
    usual, slow = World(), World(slow_s={(site, Kind.FINISH): 400.0 for site in range(LISTS_AT_ONCE)})
    for world in (usual, slow):
        world.run(24)

    others = range(LISTS_AT_ONCE, 24)
    assert max(slow.ended_s[site] for site in others) <= max(usual.ended_s[site] for site in others) + 30


def test_answers_that_may_be_large_are_not_in_memory_together() -> None:
    world = World(slow_s={(site, Kind.FINISH): 8.0 for site in range(24)})
    world.run(24)

    assert world.at_once(Kind.FINISH) == LISTS_AT_ONCE
    assert list(world.ended.values()) == ["judged"] * 24


def test_who_has_a_list_gets_what_it_is_compared_with_before_others_get_theirs() -> None:
    """A list that waits for its baseline's is in memory all the while."""
    world = World(limit=200, finishing=3)
    world.run(60)
    asked = world.of(Kind.FINISH)

    def holding(at_s: float) -> int:
        begun = {each.site for each in asked if each.began_s <= at_s}
        return sum(world.ended_s[site] > at_s for site in begun)

    assert max(holding(each.began_s) for each in asked) <= 2 * LISTS_AT_ONCE


# Trouble.


def test_launches_are_held_while_the_service_is_in_trouble() -> None:
    world = World(down=(5.0, 125.0))
    world.run(100)
    amid = [each for each in world.of(Kind.LAUNCH) if 5.0 + LATENCY_S < each.began_s < 125.0]
    after = [each for each in world.of(Kind.LAUNCH) if each.began_s >= 125.0]

    assert list(world.ended.values()) == ["judged"] * 100
    assert world.at_once(Kind.LAUNCH) <= launches.AT_ONCE
    assert len(amid) <= launches.AT_ONCE + 8, "each may be a scan that is paid for"
    assert after[0].began_s <= 125.0 + launches.MAX_HOLD_S + 1


def test_one_that_is_in_trouble_alone_holds_up_nobody_else() -> None:
    usual, world = World(), World()

    def down() -> Steps[Any]:
        yield from world.repeated("down", Kind.LAUNCH)
        while True:
            try:
                yield Request(Kind.FINISH, lambda: world.ask("down", Kind.FINISH, fail))
            except ServerError:
                pause = Pause(10.0)
            yield pause

    def fail() -> None:
        raise ServerError("Down", status=503)

    usual.run(30)
    world.budget_s = 900.0
    world.run([world.job("down", down), *(world.job(n) for n in range(30))])

    assert type(world.ended["down"]) is OutOfTime
    assert max(world.ended_s[n] for n in range(30)) <= max(usual.ended_s.values()) + 30


# The end.


def test_the_deadline_ends_everything() -> None:
    world = World(limit=20, budget_s=150.0)
    world.run(60)

    assert world.simulation.now <= 150.0 + 1
    assert world.refused == 0
    assert {type(each) if isinstance(each, Exception) else each for each in world.ended.values()} <= {"judged", OutOfTime}
    assert len(world.ended) + len(world.left) == 60
    assert len(world.of(Kind.LAUNCH)) == len(world.ended), "what can't be begun any more is not launched"
    assert list(world.ended.values()).count("judged") >= 0.8 * len(world.ended), "no scan is spent whose end nobody can see"


def test_what_takes_longer_than_there_is_time_is_not_launched_and_holds_up_nobody_else() -> None:
    world = World(budget_s=300.0)
    long = world.job("long", length_s=lambda: 900.0)
    world.run([long, *(world.job(n, length_s=lambda: LENGTH_S) for n in range(20))])

    assert world.left == [long]
    assert [world.ended[n] for n in range(20)] == ["judged"] * 20
    assert world.simulation.now < 150.0, "nothing is waited for any more"


@pytest.mark.parametrize("seed", range(3))
def test_none_starves(seed: int) -> None:
    """Short scans among long ones, a scarce key: a long one that has ended is seen, too."""
    source = random.Random(seed)
    lengths = {site: source.choice((20.0, 120.0, 600.0)) for site in range(40)}
    world = World(limit=20, length_s=lambda site: lengths[int(site)])
    world.run(40)
    launched = {each.site: each.ended_s for each in world.of(Kind.LAUNCH)}

    assert list(world.ended.values()) == ["judged"] * 40
    assert max(world.ended_s[site] - launched[site] - lengths[site] for site in lengths) < 300.0


def test_a_signal_ends_it_soon_and_launches_that_are_answered_then_are_known() -> None:
    launched: list[int] = []
    ends_at = time.monotonic() + 0.2
    window = Window()

    def check() -> None:
        if time.monotonic() >= ends_at:
            raise Cancelled(15)

    clock = SystemClock(check)
    window.observe(httpx.Headers(Limiter(200, clock.time).headers()), clock, refused=False)

    def launch(site: int) -> None:
        time.sleep(0.4 if site else 60.0)

    def steps(site: int) -> Steps[Any]:
        yield Request(Kind.LAUNCH, lambda: launch(site))
        launched.append(site)
        yield Running("running", 0.0, None, 60.0)

    jobs: list[Job[Any]] = [Job(partial(steps, site), lambda result: None) for site in range(20)]
    with pytest.raises(Cancelled):
        Crew(clock, Deadline.starting_now(clock, 60.0), window, 1, lambda standing: None).run(jobs)

    assert time.monotonic() < ends_at + LAST_WORDS_S + 0.5
    assert sorted(launched) == [1, 2, 3], "beside the one that hangs, and no others"
