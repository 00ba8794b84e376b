"""The scripted engine: findings, durations and faults as a scenario gives them."""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from secuprobe_action.local.engine import EngineError, LocalFinding, Outcome

Endpoint = Literal["POST /scans", "GET /scans/{id}", "GET /scans/{id}/vulnerabilities", "GET /domains"]


class Fault(BaseModel):
    """What goes wrong with the next requests to an endpoint.

    Attributes:
        on: the endpoint.
        times: how many requests it befalls.
        after: how many requests go well before.
        kind: `answer` sends status, headers and body as given; the rest are what they are called. `reset_*` and `truncate`
            act on the connection. `gzip`, `bad_gzip`, `content_type` and `skew` change the proper answer.
        processed: whether the request has its effect (a scan is launched) although the answer goes wrong.
        status, headers, body: of an `answer`.
        seconds: between two bytes of a `slow_body` or two header bytes of `slow_headers`; added to the reset by `skew`.
    """

    model_config = ConfigDict(extra="forbid")

    on: Endpoint
    times: Annotated[int, Field(ge=1)] = 1
    after: Annotated[int, Field(ge=0)] = 0
    kind: Literal[
        "answer",
        "reset_before",
        "reset_in_headers",
        "reset_after_headers",
        "truncate",
        "slow_headers",
        "slow_body",
        "no_answer",
        "gzip",
        "bad_gzip",
        "content_type",
        "skew",
    ] = "answer"
    processed: bool = False
    status: int = 200
    headers: dict[str, str] = {}
    body: Any = ""
    seconds: float = 0.0


class Scenario(BaseModel):
    """One scan as it will go.

    Attributes:
        queued_s, duration_s: seconds queued, and running after that.
        estimate_s: the estimatedDuration to announce, or None for none.
        ends: how it ends.
        score: its secuScore.
        findings: its vulnerabilities.
        counts: its vulnerabilitiesCount where they shouldn't be what the findings add up to.
        total: the list's total where it shouldn't be the list's length.
        shape: how scan objects look: as documented, or as the live service was seen to send them.
        faults: what goes wrong; each request meets the first that is due.
    """

    model_config = ConfigDict(extra="forbid")

    queued_s: Annotated[float, Field(ge=0)] = 0.0
    duration_s: Annotated[float, Field(ge=0)] = 0.0
    estimate_s: float | None = 1.0
    ends: Literal["completed", "failed"] = "completed"
    score: float | None = 78
    findings: list[LocalFinding] = []
    counts: dict[str, int | None] | None = None
    total: int | None = None
    shape: Literal["documented", "nested"] = "documented"
    faults: list[Fault] = []


class ScriptedEngine:
    """Plays a scenario for every scan.

    Args:
        scenario: what to play.
    """

    depth = "scripted"
    learns = False

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def refusal(self, url: str) -> str | None:
        return None

    def estimate_s(self, url: str) -> float | None:
        return self.scenario.estimate_s

    async def wait_in_queue(self, url: str) -> None:
        await asyncio.sleep(self.scenario.queued_s)

    async def scan(self, url: str) -> Outcome:
        await asyncio.sleep(self.scenario.duration_s)
        if self.scenario.ends == "failed":
            raise EngineError("the scenario says so")
        scenario = self.scenario
        return Outcome(scenario.findings, scenario.score, scenario.counts, scenario.total)
