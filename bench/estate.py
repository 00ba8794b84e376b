"""Many sites in one process on one key: the real client, scheduler and scan in simulated time, beside a matrix of jobs."""

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

import httpx

from bench.fleet import API, Server, Silence, client_of, scan
from bench.fleet import run as run_matrix
from bench.simulation import ConcurrentClock, SimulatedClock, Simulation
from secuprobe_action.api.crew import Crew
from secuprobe_action.api.jobs import Job
from secuprobe_action.api.scan import Scanner
from secuprobe_action.api.steps import Steps
from secuprobe_action.clock import Deadline
from secuprobe_action.findings.model import ScanReport, Started

BUDGET_S = 6 * 3600.0


class Quiet(Silence):
    """Who tells nobody how a scan stands."""

    def scan_is(self, status: str, estimate_s: float | None) -> bool:
        """Take note of nothing."""
        return False


class Counted(httpx.BaseTransport):
    """The way to the server, with a count of what goes it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.requests = self.refused = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        response = self._server.handle_request(request)
        self.refused += response.status_code == 429
        return response


@dataclass(frozen=True)
class Estate:
    """What became of an estate.

    Args:
        sites: how many there were.
        limit: the key's requests a minute.
        judged: how many of them were judged.
        overview_s: when the last one was.
        longest_s: the longest scan.
        mean_lag_s: seconds from a scan's end to when it was judged.
        requests: how many it made.
        refused: how many of them for the key's limit.
    """

    sites: int
    limit: int
    judged: int
    overview_s: float
    longest_s: float
    mean_lag_s: float
    requests: int
    refused: int


def run(sites: int, limit: int, seed: int = 1, others: int = 0) -> Estate:
    """Run an estate.

    Args:
        sites: how many sites.
        limit: the key's requests a minute.
        seed: of every random choice.
        others: how many other jobs use the key, each for one scan, spread over five minutes.
    """
    simulation = Simulation()
    server = Server(simulation, limit, random.Random(seed + 1))
    counted = Counted(server)
    lags: list[float] = []
    lengths: list[float] = []
    begun: dict[str, float] = {}
    last_s = 0.0

    def ended(result: ScanReport | Exception) -> None:
        nonlocal last_s
        if isinstance(result, ScanReport):
            last_s = simulation.now
            lags.append(last_s - server.ends[result.scan_id])
            lengths.append(server.ends[result.scan_id] - begun[result.scan_id])

    def estate() -> None:
        clock = SimulatedClock(simulation)
        deadline = Deadline.starting_now(clock, BUDGET_S)
        client = client_of(counted, clock, deadline, seed)
        scanner = Scanner(client, API, Quiet(), deadline)

        def started(scan: Started) -> None:
            begun[scan.scan_id] = simulation.now

        def steps(number: int) -> Callable[[], Steps[ScanReport]]:
            return lambda: scanner.run(f"https://site-{number}.example", None, started)

        crew = Crew(ConcurrentClock(simulation), deadline, client.window, 1, lambda standing: None)
        crew.run([Job(steps(number), ended) for number in range(sites)])

    simulation.add(estate, 0.0)
    source = random.Random(seed + 2)
    for _ in range(others):
        simulation.add(partial(_scan_one, server, source.getrandbits(32)), source.uniform(0, 300))
    simulation.run()
    mean_lag_s = statistics.mean(lags) if lags else float("nan")
    return Estate(sites, limit, len(lags), last_s, max(lengths, default=0.0), mean_lag_s, counted.requests, counted.refused)


def _scan_one(server: Server, seed: int) -> None:
    scan(server, seed, BUDGET_S)


@dataclass(frozen=True)
class Goal:
    """What an estate is to reach: figures of the mean of several seeds."""

    sites: int
    limit: int
    overview_s: float | None
    lag_s: float | None
    seeds: int


GOALS: Sequence[Goal] = (
    Goal(20, 60, None, 6.5, 16),
    Goal(100, 60, 345, 62, 6),
    Goal(100, 200, None, 9.5, 6),
    Goal(200, 200, 345, 25, 4),
)
LARGE = Goal(1_000, 200, 1_130, None, 1)


def means(goal: Goal) -> Estate:
    """Return the means of several runs, with all refusals."""
    runs = [run(goal.sites, goal.limit, seed) for seed in range(goal.seeds)]

    def mean(value: Callable[[Estate], float]) -> float:
        return statistics.mean(map(value, runs))

    return Estate(
        goal.sites,
        goal.limit,
        round(mean(lambda each: each.judged)),
        mean(lambda each: each.overview_s),
        mean(lambda each: each.longest_s),
        mean(lambda each: each.mean_lag_s),
        round(mean(lambda each: each.requests)),
        sum(each.refused for each in runs),
    )


def on_keys(keys: int, sites: int, limit: int) -> float:
    """Return after how many seconds the last of several jobs, each with a key and its part of the sites, has its overview."""
    return max(run(ceil(sites / keys), limit, seed).overview_s for seed in range(keys))


def main() -> None:
    """Print the estate beside a matrix of jobs."""
    print("| sites | limit a minute | overview after | longest scan | mean lag | requests | 429s | minutes billed |", end="")
    print(" matrix: overview | mean lag | 429s | minutes billed |")
    print("|" + " ---: |" * 12)
    for goal in (*GOALS, LARGE):
        found = means(goal)
        print(
            f"| {goal.sites:,} | {goal.limit} | {found.overview_s:.0f} s | {found.longest_s:.0f} s | {found.mean_lag_s:.1f} s"
            f" | {found.requests:,} | {found.refused} | {ceil(found.overview_s / 60)} |",
            end="",
        )
        print(_matrix(goal) if goal is not LARGE else " | | | 1,000 runners |")
    shared = [run(100, 200, seed, others=20) for seed in range(4)]
    refused, requests = sum(each.refused for each in shared), sum(each.requests for each in shared)
    print(f"\nWith 20 other jobs on the key, 100 sites at 200 a minute: {refused / requests:.1%} refused.")
    print(f"1,000 sites on five keys of 60 a minute, a job a key: the last overview after {on_keys(5, 1_000, 60):.0f} s.")


def _matrix(goal: Goal) -> str:
    found = run_matrix(goal.sites, goal.limit, 1_800.0)
    billed = sum(ceil(max(each, 1.0) / 60) for each in found.verdicts_s)
    share = found.refused / found.requests
    return f" {found.last_verdict_s:.0f} s | {found.mean_lag_s:.1f} s | {share:.1%} | {billed:,} |"


if __name__ == "__main__":
    main()
