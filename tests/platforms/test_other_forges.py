"""What GitLab's statuses and Bitbucket's reports keep of a line, within their limits, against small ones within this process."""

import io
import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.memory.record import Memory, Place, Signer, State
from secuprobe_action.platforms.base import Check, Conclusion, Forge, ForgeError
from secuprobe_action.platforms.bitbucket import Bitbucket
from secuprobe_action.platforms.bitbucket_report import MAX_DETAILS, MAX_LASTING, MAX_LINE, with_memory
from secuprobe_action.platforms.bitbucket_report import Memory as Lines
from secuprobe_action.platforms.gitlab import GitLab
from tests.bitbucket_api import FakeBitbucket
from tests.fake_http import WithinThisProcess
from tests.gitlab_api import FakeGitLab
from tests.support import URL

UUID = "550e8400-e29b-41d4-a716-446655440000"
REPORT = f"https://secuprobe.io/dashboard/scans/{UUID}"
CHECK = Check("SecuProbe", None, "running", "", 1_790_000_000, None, REPORT, site=URL)
MEMORY = Memory(State.JUDGED, True, "1234567890", 1, 1_790_000_000, UUID, UUID[::-1], (1_200,) * 6, (100,) * 20)


def on_gitlab(gitlab: FakeGitLab, **more: str) -> Forge:
    sha = gitlab.history.branches.get("main") or gitlab.history.commit("main")
    platform = GitLab({**gitlab.job(sha), **more}, io.StringIO(), network=WithinThisProcess(gitlab))
    forge = platform.forge(None, None)
    assert forge is not None
    return forge


def on_bitbucket(bitbucket: FakeBitbucket) -> Forge:
    sha = bitbucket.history.branches.get("main") or bitbucket.history.commit("main")
    forge = Bitbucket(bitbucket.step(sha), io.StringIO(), network=WithinThisProcess(bitbucket)).forge(None, None)
    assert forge is not None
    return forge


def kept(forge: Forge) -> list[str]:
    return [each.line for each in forge.kept(forge.subject().commit, "SecuProbe", URL)]


@given(
    st.sampled_from(
        (REPORT, f"https://secuprobe.io/scan/{UUID}", "https://s.example/#/scan/1", f"https://{'a' * 150}.example/x")
    ),
    st.sampled_from((MEMORY, replace(MEMORY, accepted=UUID), replace(MEMORY, seen="1"), replace(MEMORY, seen="x", accepted="x"))),
)
def test_a_line_comes_back_from_a_status_as_it_was_signed(report_url: str, memory: Memory) -> None:
    forge = on_gitlab(FakeGitLab())
    room = forge.room(memory.seen, report_url)
    line = Signer("sp_live_key").write(memory, Place("5", forge.subject().commit, "SecuProbe", URL), room)

    forge.publish_check(replace(CHECK, line=line, report_url=report_url), forge.subject().commit, None)

    assert kept(forge) == ([line] if line else [])


def test_beside_a_usual_report_a_status_holds_lengths_and_some_of_the_scores() -> None:
    forge = on_gitlab(FakeGitLab())
    place = Place("5", "c" * 40, "SecuProbe", URL)
    signer = Signer("sp_live_key")
    usual = replace(MEMORY, accepted=UUID, lengths=(118,) * 6, scores=(78,) * 20)

    line = signer.write(usual, place, forge.room(UUID, REPORT))

    assert line is not None
    read = signer.read(line, place)
    assert (len(read.lengths), len(read.scores)) == (6, 20)


def test_a_report_whose_address_is_too_long_is_left_out() -> None:
    gitlab = FakeGitLab()
    forge = on_gitlab(gitlab)

    forge.publish_check(replace(CHECK, report_url="https://secuprobe.io/" + "a" * 300), forge.subject().commit, None)

    assert gitlab.statuses[0]["target_url"] is None


def test_what_is_kept_of_many_sites_is_refused_where_there_is_no_room_for_it() -> None:
    for forge in (on_gitlab(FakeGitLab()), on_bitbucket(FakeBitbucket())):
        with pytest.raises(ForgeError, match="GitHub alone has"):
            forge.publish_check(replace(CHECK, text="many"), forge.subject().commit, None)


def test_a_status_that_runs_is_concluded_and_another_attempt_has_one_of_its_own() -> None:
    gitlab = FakeGitLab()
    forge = on_gitlab(gitlab)
    commit = forge.subject().commit
    first = forge.publish_check(replace(CHECK, line="secuprobe:2:a"), commit, None)
    again = forge.publish_check(replace(CHECK, line="secuprobe:2:b"), commit, first)
    ended = forge.publish_check(replace(CHECK, conclusion=Conclusion.FAILURE, line="secuprobe:2:c"), commit, first)
    after = forge.publish_check(replace(CHECK, line="secuprobe:2:d"), commit, None)

    assert (again, ended) == (first, first)
    assert after != first
    assert kept(forge) == ["secuprobe:2:c", "secuprobe:2:d"]
    assert [status.get("retried") for status in gitlab.statuses] == [True, None]


def test_tries_of_a_job_are_counted_by_its_name_in_its_pipeline() -> None:
    gitlab = FakeGitLab()
    sha = gitlab.history.commit("main")
    jobs = [gitlab.job(sha, 7, name) for name in ("scan", "other", "scan", "scan")]

    platforms = [GitLab(job, io.StringIO(), network=WithinThisProcess(gitlab)) for job in jobs]

    assert [platform.attempt for platform in platforms] == [None] * 4
    assert [forge.attempt for forge in (each.forge(None, None) for each in platforms) if forge] == [1, 1, 2, 3]


def test_more_statuses_than_can_be_read_are_no_answer() -> None:
    gitlab = FakeGitLab()
    forge = on_gitlab(gitlab)
    commit = forge.subject().commit
    flood = {"sha": commit, "name": "SecuProbe", "target_url": "", "author": gitlab.user}
    gitlab.statuses = [{"id": number, **flood} for number in range(1_001)]

    with pytest.raises(ForgeError, match="more than 1,000 statuses of that name"):
        kept(forge)


def test_first_parents_come_from_one_request() -> None:
    gitlab, bitbucket = FakeGitLab(), FakeBitbucket()
    for fake, forge in ((gitlab, on_gitlab(gitlab)), (bitbucket, on_bitbucket(bitbucket))):
        for _ in range(30):
            fake.history.branch("side")
            fake.history.commit("side")
            fake.history.commit("main", fake.history.branches["side"])
        head = fake.history.branches["main"]
        before = len(fake.requests)
        listed = list(itertools.islice(forge.lineage(head).commits, 21))

        assert listed == list(itertools.islice(fake.history.first_parents(head), 21))
        assert len(fake.requests) - before <= 4


LINE = "secuprobe:2:" + "x" * (MAX_LINE - 12)


@given(st.integers(0, 9), st.text())
def test_a_report_keeps_the_newest_lines_whatever_else_it_says(left: int, said: str) -> None:
    report: dict[str, Any] = {"details": said[:MAX_DETAILS]}
    lines = [f"{LINE[:-1]}{number}" for number in range(left)]
    for line in lines:
        report = with_memory({"details": said[:MAX_DETAILS]}, Lines.of(report["details"]).with_line(line, MAX_LASTING))
        assert len(report["details"]) <= MAX_DETAILS

    assert Lines.of(report["details"]).lines == tuple(lines[-MAX_LASTING:])


def test_a_line_takes_the_place_of_what_its_run_left_before() -> None:
    bitbucket = FakeBitbucket()
    forge = on_bitbucket(bitbucket)
    commit = forge.subject().commit
    launched = forge.publish_check(replace(CHECK, line="secuprobe:2:a"), commit, None)
    judged = replace(CHECK, conclusion=Conclusion.SUCCESS, line="secuprobe:2:b", lasting=True)
    forge.publish_check(judged, commit, launched)
    assert kept(forge) == ["secuprobe:2:b"]

    later = on_bitbucket(bitbucket)
    later.publish_check(replace(CHECK, line="secuprobe:2:c"), commit, None)
    again = on_bitbucket(bitbucket)
    (_, running) = again.kept(commit, "SecuProbe", URL)
    again.publish_check(replace(judged, line="secuprobe:2:d"), commit, running.id)

    assert kept(forge) == ["secuprobe:2:b", "secuprobe:2:d"]


@pytest.mark.parametrize("commit", ["", "abc123", "main"])
def test_a_commit_that_is_not_known_for_sure_is_none(commit: str) -> None:
    environment = {**FakeBitbucket().step("a" * 40), "BITBUCKET_COMMIT": commit}
    forge = Bitbucket(environment, io.StringIO(), network=WithinThisProcess(FakeBitbucket())).forge(None, None)
    assert forge is not None

    with pytest.raises(ForgeError, match="doesn't say which commit is scanned"):
        forge.subject()
