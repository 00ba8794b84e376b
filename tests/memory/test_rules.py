"""Which memory counts, and what is accepted after a run: the two tables of docs/gate.md."""

from dataclasses import replace

import pytest

from secuprobe_action.findings.baseline import Baseline
from secuprobe_action.findings.gate import Policy, Verdict, judge
from secuprobe_action.findings.model import Severity
from secuprobe_action.memory.record import Memory, Place, Signer, State
from secuprobe_action.memory.rules import Believed, Recalled, accepted_after, believed, unfinished, usable
from secuprobe_action.platforms.base import Kept
from tests.support import finding, report

PLACE = Place("org/app", "a" * 40, "SecuProbe", "https://shop.example")
SIGNER = Signer("sp_live_key")
NOW = 2_000.0
MAIN = Memory(State.JUDGED, True, "7", 1, 1_000, "seen", "accepted")


def memory_of(*memories: Memory, on_default: bool) -> Memory | None:
    found = usable(of(*memories), on_default=on_default)
    return found.memory if found else None


def kept(memory: Memory = MAIN, number: int = 1, **changed: float | None) -> Kept:
    line = SIGNER.write(memory, PLACE, 255)
    assert line is not None
    times: dict[str, float | None] = {"completed_at": float(memory.at), "started_at": float(memory.at), **changed}
    return Kept(number, line, times["completed_at"], times["started_at"])


def order(*each: Kept) -> list[int]:
    return [found.kept.id for found in believed(each, SIGNER, PLACE, NOW)[0]]


def test_of_two_runs_of_a_commit_the_newest_counts_and_of_one_second_the_last() -> None:
    earlier, later = kept(replace(MAIN, at=900), 1), kept(replace(MAIN, at=1_000), 2)

    assert order(earlier, later) == order(later, earlier) == [2, 1]
    assert order(kept(number=1), kept(number=3), kept(number=2)) == [3, 2, 1]


def test_of_one_that_runs_the_start_counts() -> None:
    running = kept(replace(MAIN, state=State.RUNNING, at=950), 7, completed_at=None)

    assert order(kept(replace(MAIN, at=900), 1), running, kept(replace(MAIN, at=1_000), 2)) == [2, 7, 1]


@pytest.mark.parametrize("completed_at", [1_002.0, 998.0, 4e9, None])
def test_a_verdict_whose_time_is_not_the_signed_one_is_not_believed(completed_at: float | None) -> None:
    found, doubts = believed([kept(completed_at=completed_at)], SIGNER, PLACE, NOW)

    assert (found, doubts) == ([], ["its time was altered"])
    assert order(kept(completed_at=1_001.0)) == [1]


def test_a_memory_of_a_clock_that_was_far_ahead_is_not_believed() -> None:
    ahead, soon = kept(replace(MAIN, at=90_000), 1), kept(replace(MAIN, at=88_000), 2)

    found, doubts = believed([ahead, soon, kept(number=3)], SIGNER, PLACE, NOW)

    assert [each.kept.id for each in found] == [2, 3]
    assert doubts == ["its time is more than a day ahead: a clock is or was wrong"]


def test_what_is_not_believed_is_told_and_another_sites_is_not() -> None:
    other = SIGNER.write(MAIN, replace(PLACE, site="https://other.example"), 255)
    found, doubts = believed([Kept(1, "secuprobe:1:x", None, None), Kept(2, str(other), None, None)], SIGNER, PLACE, NOW)

    assert (found, doubts) == ([], ["another version of this action wrote it"])


def of(*memories: Memory) -> list[Believed]:
    return [Believed(Kept(number, "", None, None), memory) for number, memory in enumerate(memories)]


def test_only_judged_runs_of_the_default_branch_count() -> None:
    passed_over = (
        replace(MAIN, state=State.RUNNING),
        replace(MAIN, state=State.ENDED),
        replace(MAIN, on_default=False),
    )

    assert memory_of(*passed_over, on_default=False) is None
    assert memory_of(*passed_over, MAIN, on_default=False) is MAIN
    assert memory_of(*passed_over, MAIN, on_default=True) is MAIN


def test_a_run_that_could_not_say_what_is_accepted_counts_for_what_it_saw() -> None:
    unsure = replace(MAIN, accepted=None)

    assert memory_of(unsure, MAIN, on_default=True) is MAIN
    assert memory_of(unsure, MAIN, on_default=False) is unsure


def test_an_attempt_goes_on_with_the_last_one_before_it_if_that_did_not_judge() -> None:
    first = replace(MAIN, state=State.RUNNING)
    second = replace(first, attempt=2)
    judged = replace(MAIN, attempt=2)

    def found(*memories: Memory, run: str = "7", attempt: int = 3) -> Memory | None:
        each = unfinished(of(*memories), run, attempt)
        return each.memory if each else None

    assert found(first) is first
    assert found(second, first) is second
    assert found(first, judged) is None
    assert found(second, judged) is None, "of jobs that share a name and a site one came to its end, or a line was put back"
    assert found(replace(MAIN, attempt=1), second) is second
    assert found(first, attempt=1) is None
    assert found(first, run="8") is None
    assert found(replace(first, run=""), run="") is None
    assert found(replace(first, state=State.ENDED)) is None
    assert found() is None


def test_a_pull_request_is_compared_with_what_was_seen_and_main_with_what_is_accepted() -> None:
    assert Recalled(True, MAIN, "c", ()).compared_with == "accepted"
    assert Recalled(False, MAIN, "c", ()).compared_with == "seen"
    assert Recalled(True, None, None, ()).compared_with is None


def verdict(*, worse: bool, baseline: Baseline | None = None) -> Verdict:
    judged = judge(report(*([finding(Severity.HIGH)] if worse else [])), Policy(Severity.HIGH))
    return replace(judged, baseline=baseline)


@pytest.mark.parametrize(
    ("on_default", "memory", "worse", "after"),
    [
        (True, None, True, "own"),  # nothing to compare with: a team starts
        (True, None, False, "own"),
        (True, MAIN, False, "own"),
        (True, MAIN, True, "accepted"),
        (False, MAIN, False, None),
        (False, MAIN, True, None),
        (False, None, True, None),
    ],
)
def test_what_is_accepted_after_a_run(on_default: bool, memory: Memory | None, worse: bool, after: str | None) -> None:
    assert accepted_after(Recalled(on_default, memory, None, ()), verdict(worse=worse), "own") == after


def test_a_baseline_that_the_user_named_is_what_stays_accepted() -> None:
    named = verdict(worse=True, baseline=Baseline("named", ()))

    assert accepted_after(Recalled(True, None, None, ()), named, "own") == "named"
    assert accepted_after(Recalled(True, MAIN, None, ()), named, "own") == "accepted"
    not_new_since = replace(named, worse=False)
    assert accepted_after(Recalled(True, MAIN, None, ()), not_new_since, "own") == "accepted", "it is not what is accepted"
    assert accepted_after(Recalled(True, MAIN, None, ()), replace(not_new_since, severe=False), "own") == "own"


def test_a_run_that_was_asked_for_a_report_only_accepts_nothing_new() -> None:
    reported = judge(report(finding(Severity.INFO)), Policy(None))

    assert accepted_after(Recalled(True, MAIN, None, ()), reported, "own") == "accepted"
    assert accepted_after(Recalled(True, MAIN, None, ()), judge(report(), Policy(None)), "own") == "own"
