"""Many jobs at once on one key: the real client, retry and polling code in simulated time, a model of the server's limiter."""

import random
import statistics
import uuid
from dataclasses import dataclass, field
from math import exp

import httpx
from pydantic import SecretStr

from bench.simulation import EPOCH, SimulatedClock, Simulation
from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.api.heartbeat import Heartbeat
from secuprobe_action.api.scan import Scanner
from secuprobe_action.api.steps import drive
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import ActionError
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.local.accounts import WINDOW_S, Limiter

API = "https://secuprobe.io/api/v1"
LATENCY_S = 0.1
ESTIMATE_S, SIGMA = 120.0, 0.35
ARRIVAL_S = 2.0
"""Jobs of a matrix start within seconds of each other."""

FEWEST_REQUESTS = 3
"""What a job can't do without: the launch, a poll that sees the end, the list."""


class Silence:
    """A log that nobody reads."""

    def info(self, line: str) -> None:
        """Drop it."""

    def warn(self, text: str) -> None:
        """Drop it."""

    def debug(self, line: str) -> None:
        """Drop it."""


@dataclass
class Server(httpx.BaseTransport):
    """The API as far as a fleet meets it: scans that take their time, and a window of requests a minute."""

    simulation: Simulation
    limit: int
    random: random.Random
    estimate_s: float = ESTIMATE_S
    requests: int = 0
    refused: int = 0
    ends: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.limit, lambda: EPOCH + self.simulation.now)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.simulation.sleep(LATENCY_S / 2)
        self.requests += 1
        admitted = self.limiter.admit()
        status, answer = self._answer(request) if admitted else (429, {"error": "Rate limit exceeded"})
        self.refused += not admitted
        headers = self.limiter.headers()
        self.simulation.sleep(LATENCY_S / 2)
        return httpx.Response(status, json=answer, headers=headers)

    def _answer(self, request: httpx.Request) -> tuple[int, dict[str, object]]:
        if request.method == "POST":
            scan_id = str(uuid.UUID(int=self.random.getrandbits(128)))
            self.ends[scan_id] = self.simulation.now + self.estimate_s * exp(self.random.gauss(0, SIGMA))
            return 201, {"scanId": scan_id, "status": "queued", "estimatedDuration": self.estimate_s}
        *_, scan_id, last = request.url.path.split("/")
        if last == "vulnerabilities":
            return 200, {"total": 0, "vulnerabilities": []}
        done = self.simulation.now >= self.ends[last]
        counts = dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)
        return 200, {"scanId": last, "status": "completed" if done else "running", "vulnerabilitiesCount": counts}


@dataclass
class Result:
    """What became of a fleet."""

    jobs: int
    limit: int
    timeout_s: float
    finished: int
    requests: int
    refused: int
    mean_lag_s: float
    last_verdict_s: float
    verdicts_s: tuple[float, ...] = ()

    @property
    def possible(self) -> int:
        """How many jobs the limit lets finish within the timeout."""
        return min(self.jobs, int(self.limit * self.timeout_s / WINDOW_S / FEWEST_REQUESTS))

    @property
    def unavoidable(self) -> int:
        """Refusals of the first moment: of jobs that ask at once, more than the window holds, none knows of the others."""
        return max(0, self.jobs - self.limit)


def client_of(transport: httpx.BaseTransport, clock: Clock, deadline: Deadline, seed: int) -> SecuProbeClient:
    """Return a client whose requests go to a model of the API."""
    return SecuProbeClient(
        httpx.Client(transport=transport),
        base_url=API,
        api_key=SecretStr("sp_live_bench"),
        deadline=deadline,
        clock=clock,
        random=random.Random(seed),
        log=Silence(),
    )


def scan(server: Server, seed: int, timeout_s: float) -> ScanReport | None:
    """Scan one site as a job does, and return the report, None where there is none in time."""
    clock = SimulatedClock(server.simulation)
    deadline = Deadline.starting_now(clock, timeout_s)
    heartbeat = Heartbeat(clock, deadline, Silence(), lambda progress: None, 30.0)
    client = client_of(server, heartbeat, deadline, seed)
    try:
        steps = Scanner(client, API, heartbeat, deadline).run("https://shop.example", None, lambda started: None)
        return drive(steps, client.wait)
    except ActionError:
        return None


def run(jobs: int, limit: int, timeout_s: float, estimate_s: float = ESTIMATE_S, seed: int = 1) -> Result:
    """Run a fleet.

    Args:
        jobs: how many jobs start within ARRIVAL_S.
        limit: the key's requests a minute.
        timeout_s: each job's time budget.
        estimate_s: what the API announces; scans take a lognormal around it.
        seed: of every random choice.
    """
    simulation, source = Simulation(), random.Random(seed)
    server = Server(simulation, limit, random.Random(seed + 1), estimate_s)
    lags: list[float] = []
    verdicts: list[float] = []

    def job(job_seed: int) -> None:
        report = scan(server, job_seed, timeout_s)
        if report is not None and report.findings is not None:
            lags.append(simulation.now - server.ends[report.scan_id])
            verdicts.append(simulation.now)

    for _ in range(jobs):
        job_seed = source.getrandbits(32)
        simulation.add(lambda job_seed=job_seed: job(job_seed), source.uniform(0, ARRIVAL_S))  # type: ignore[misc]
    simulation.run()
    return Result(
        jobs,
        limit,
        timeout_s,
        len(verdicts),
        server.requests,
        server.refused,
        statistics.mean(lags) if lags else float("nan"),
        max(verdicts, default=float("nan")),
        tuple(verdicts),
    )


FLEETS = [
    (20, 60, 600.0),
    (100, 60, 600.0),
    (100, 60, 1800.0),
    (200, 60, 3600.0),
    (20, 200, 600.0),
    (100, 200, 600.0),
    (200, 200, 600.0),
]


def main() -> None:
    print("| jobs | limit a minute | timeout | finished of possible | requests | 429s | unavoidable | mean lag | last verdict |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for jobs, limit, timeout_s in FLEETS:
        result = run(jobs, limit, timeout_s)
        print(
            f"| {jobs} | {limit} | {timeout_s:.0f} s | {result.finished} / {result.possible} | {result.requests}"
            f" | {result.refused} ({result.refused / result.requests:.1%}) | {min(result.unavoidable, result.refused)}"
            f" | {result.mean_lag_s:.1f} s | {result.last_verdict_s:.0f} s |"
        )


if __name__ == "__main__":
    main()
