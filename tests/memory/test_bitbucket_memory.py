"""What Bitbucket's troubles may not cost: a memory, or a verdict. Each story is of one commit, night after night."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from secuprobe_action.errors import ExitCode
from tests.bitbucket_api import FakeBitbucket
from tests.fake_http import Answer, Asked
from tests.git_history import History
from tests.memory.stores import StoreOfReports
from tests.memory.world import World
from tests.support import URL

PASSED, FAILED = ExitCode.PASSED, ExitCode.GATE_FAILED
SQL = frozenset({"sql"})


@dataclass
class Late(FakeBitbucket):
    """Carries out what says that a scan runs only when the test says so: the client has given up on it."""

    is_late: bool = False
    on_the_way: list[Asked] = field(default_factory=list)

    def respond(self, asked: Asked) -> Answer:
        if self.is_late and asked.method == "PUT" and asked.body["result"] == "PENDING":
            self.on_the_way.append(asked)
            raise httpx.ReadTimeout("10 s")
        return super().respond(asked)

    def arrive(self) -> None:
        self.is_late = False
        for asked in self.on_the_way:
            super().respond(asked)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, StoreOfReports(History()))
    world.history.commit("main")
    return world


def night(world: World, found: frozenset[str] = frozenset()) -> ExitCode:
    return world.scan(world.history.branches["main"], URL, found)


def bitbucket_of(world: World) -> FakeBitbucket:
    assert isinstance(world.store, StoreOfReports)
    return world.store.bitbucket


def test_a_report_that_could_not_be_made_anew_costs_no_memory(world: World) -> None:
    bitbucket = bitbucket_of(world)
    deleted: list[str] = []

    def refuse(request: str) -> tuple[int, str] | None:
        deleted.extend([request] if request.startswith("DELETE") else [])
        return (503, "later") if request.startswith("PUT") and deleted else None

    assert night(world) is PASSED
    bitbucket.refuse = refuse
    assert night(world, SQL) is FAILED
    assert deleted
    bitbucket.refuse = lambda request: None

    assert [night(world, SQL), night(world, SQL)] == [FAILED, FAILED]


def test_a_fault_in_passing_costs_no_report(world: World) -> None:
    bitbucket = bitbucket_of(world)
    before: list[str] = []

    def refuse(request: str) -> tuple[int, str] | None:
        """Every first PUT of a report."""
        is_again = before[-1:] == [request]
        before.append("" if is_again else request)
        return (503, "later") if request.startswith("PUT") and not is_again else None

    bitbucket.refuse = refuse
    assert night(world) is PASSED

    assert [report["result"] for report in bitbucket.reports.values()] == ["PASSED", "PASSED"]


def test_what_says_late_that_a_scan_runs_costs_no_memory(world: World) -> None:
    bitbucket = late(world)
    assert night(world) is PASSED
    bitbucket.arrive()

    assert [night(world, SQL), night(world, SQL)] == [FAILED, FAILED]


def test_what_says_it_before_the_run_looks_again_costs_no_verdict(world: World) -> None:
    bitbucket = late(world)

    def refuse(request: str) -> None:
        if request.startswith("POST"):  # the annotations, after the verdict
            bitbucket.arrive()

    assert night(world) is PASSED

    bitbucket.refuse = refuse
    night(world, SQL)

    assert bitbucket.on_the_way
    assert sorted(report["result"] for report in bitbucket.reports.values()) == ["FAILED", "PASSED"]


def test_that_a_scan_runs_is_said_once(world: World) -> None:
    world.service.hangs = True
    night(world)

    puts = [request for request in bitbucket_of(world).requests if request.startswith("PUT")]
    assert len(puts) <= 4, "its line at the beginning and at the end, that it runs, and how it ended"


def test_runs_whose_commits_could_not_be_read_push_out_nothing(world: World) -> None:
    bitbucket = bitbucket_of(world)
    assert night(world) is PASSED
    bitbucket.refuse = lambda request: (503, "x") if "/refs/" in request else None
    for _ in range(7):
        night(world)
    bitbucket.refuse = lambda request: None

    assert [night(world, SQL), night(world, SQL)] == [FAILED, FAILED]


def late(world: World) -> Late:
    assert isinstance(world.store, StoreOfReports)
    bitbucket = Late(history=world.history, is_late=True)
    world.store.fake = world.store.bitbucket = bitbucket
    return bitbucket
