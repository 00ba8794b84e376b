"""What does the scanning behind the embedded server: the interface, and what goes over it."""

from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel, ConfigDict


class LocalFinding(BaseModel):
    """A finding as the API shows it; an engine fills it, a scenario may leave out or null what it wants to see missing."""

    model_config = ConfigDict(extra="allow")

    title: str | None = None
    severity: str | None = None
    category: str | None = None
    description: str | None = None
    remediationGuide: str | None = None  # noqa: N815  # the API's spelling


@dataclass(frozen=True)
class Outcome:
    """What a scan came to.

    Args:
        findings: what was found.
        score: the SecuScore, or None.
        counts: findings by severity, where they should differ from what `findings` add up to.
        total: the list's total, where it should differ from its length.
        note: what else is to be known of the scan, for people, or empty.
    """

    findings: list[LocalFinding] = field(default_factory=list)
    score: float | None = None
    counts: dict[str, int | None] | None = None
    total: int | None = None
    note: str = ""


class EngineError(Exception):
    """The engine could not scan; the scan is failed."""


class Engine(Protocol):
    """Something that scans.

    Attributes:
        depth: how thoroughly, as a name: scans of one depth take about as long as each other.
        learns: whether the estimate is to be learned from earlier scans; else it is what `estimate_s` says.
    """

    @property
    def depth(self) -> str: ...

    @property
    def learns(self) -> bool: ...

    def refusal(self, url: str) -> str | None:
        """Return why the engine won't scan `url`, or None. It may have to ask the network, and so is called beside the loop."""

    def estimate_s(self, url: str) -> float | None:
        """Return how many seconds a scan of `url` is expected to take, or None."""

    async def wait_in_queue(self, url: str) -> None:
        """Return when a scan of `url` may begin."""

    async def scan(self, url: str) -> Outcome:
        """Scan.

        Raises:
            EngineError: it could not.
        """
