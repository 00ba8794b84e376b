"""Stories of many runs: what one remembers for the next, over real HTTP, from process start to exit code, on each forge."""

from collections.abc import Iterator

import pytest

from tests.process.worlds import CSP, FORGES, SQL, TLS, World, accepted, codes, seen, world_on
from tests.support import URL, Runner, wait_until


@pytest.fixture(name="world", params=FORGES)
def _world(runner: Runner, request: pytest.FixtureRequest) -> Iterator[World]:
    with world_on(request.param, runner) as world:
        yield world


def test_a_team_with_old_findings_starts_with_one_red_run(world: World) -> None:
    first, second = world.push(TLS), world.push(TLS, CSP)

    assert codes(first, second) == [1, 0]
    assert any("No baseline was found" in text for text in world.warnings(first))
    assert (second.outputs["new_count"], second.outputs["fixed_count"]) == ("1", "0")


def test_red_stays_red_until_it_is_mended(world: World) -> None:
    world.push(TLS)
    world.push(TLS)
    red = world.push(TLS, SQL)
    redeploy = world.deployed(world.history.branches["main"], TLS, SQL, url=URL)
    next_push = world.push(TLS, SQL)
    night = world.again(TLS, SQL)
    by_hand = world.again(TLS, SQL, event="workflow_dispatch")
    mended = world.push(TLS)
    back_again = world.push(TLS, SQL)

    assert codes(red, redeploy, next_push, night, by_hand) == [1, 1, 1, 1, 1]
    assert {step.outputs["new_count"] for step in (red, redeploy, next_push, night, by_hand)} == {"1"}
    assert codes(mended, back_again) == [0, 1]


def test_a_rule_lets_it_pass_for_as_long_as_it_stands_and_no_longer(world: World) -> None:
    rules = world.runner.folder / ".secuprobe-ignore.yml"
    world.push(TLS)
    world.push(TLS)
    rules.write_text("- title: SQL injection\n  reason: A test database.\n", encoding="utf-8")
    accepted_by_rule = world.push(TLS, SQL)
    still = world.again(TLS, SQL)
    rules.write_text("- title: SQL injection\n  reason: A test database.\n  expires: 2020-01-01\n", encoding="utf-8")
    expired = world.again(TLS, SQL)
    rules.unlink()
    deleted = world.push(TLS, SQL)

    assert codes(accepted_by_rule, still, expired, deleted) == [0, 0, 1, 1]


def test_a_pull_request_is_not_blamed_for_what_its_base_has(world: World) -> None:
    world.push(TLS)
    world.push(TLS, SQL)  # red, and the pull request starts from it
    world.push(branch="feature", check_run="false", baseline="", fail_on="all")

    assert codes(world.pull(TLS, SQL), world.pull(TLS, SQL, CSP)) == [0, 0]
    assert world.pull(TLS, SQL, {**SQL, "title": "Another injection"}).code == 1


def test_a_previews_second_commit_is_as_red_as_its_first(world: World) -> None:
    world.push(TLS, site="shop")
    world.history.branch("feature")
    first_commit = world.history.commit("feature")
    first = world.deployed(first_commit, TLS, SQL, site="shop")
    second = world.deployed(world.history.commit("feature"), TLS, SQL, site="shop", url="https://pr-7-b.preview.example")
    pushed = world.push(TLS, SQL, branch="feature", site="shop")
    in_the_pull_request = world.pull(TLS, SQL, site="shop")
    mended = world.deployed(world.history.commit("feature"), TLS, site="shop")

    assert codes(first, second, pushed, in_the_pull_request, mended) == [1, 1, 1, 1, 0]


def test_a_fast_forward_makes_no_red_commit_the_accepted_one(world: World) -> None:
    world.push(TLS)
    world.history.branch("feature")
    world.history.commit("feature")
    in_the_pull_request = world.pull(TLS, SQL)
    world.history.branches["main"] = world.history.branches["feature"]
    on_main = world.again(TLS, SQL, event="push")

    assert codes(in_the_pull_request, on_main, world.again(TLS, SQL)) == [1, 1, 1]


def test_a_force_push_of_main_compares_with_what_the_new_history_has(world: World) -> None:
    world.push(TLS)
    good = world.history.branches["main"]
    world.push(TLS, SQL)
    world.history.branches["main"] = good
    assert world.push(TLS, SQL).code == 1, "the commit before is the good one"


def test_a_branch_that_was_never_scanned_has_no_baseline(world: World) -> None:
    world.history.branch("feature")
    world.history.commit("feature")

    step = world.pull(TLS)

    assert step.code == 1
    assert any("No baseline was found" in text for text in world.warnings(step))


def test_a_branch_with_a_history_of_its_own_has_nothing_to_compare_with(world: World) -> None:
    world.push(TLS)
    orphan = world.history.add("c" * 40)

    step = world.again(TLS, sha=orphan, event="push")

    assert step.code == 1
    assert any("No baseline was found" in text for text in world.warnings(step))


def test_another_sites_scan_excuses_nothing(world: World) -> None:
    world.push(SQL, url="https://a.example")
    world.history.branch("feature")
    world.history.commit("feature")

    of_b = world.pull(SQL, url="https://b.example")
    of_a = world.pull(SQL, url="https://A.example./?token=whatever")

    assert codes(of_b, of_a) == [1, 0]
    assert of_b.outputs["new_count"] == ""
    assert any("No baseline was found" in text and "https://b.example" in text for text in world.warnings(of_b))


def test_a_report_without_a_gate_accepts_nothing(world: World) -> None:
    world.push(TLS)
    red = world.push(TLS, SQL)
    report = world.again(TLS, SQL, fail_on_severity="none")

    assert codes(red, report, world.push(TLS, SQL)) == [1, 0, 1]


def test_a_baseline_named_by_hand_accepts_nothing(world: World) -> None:
    world.push(TLS)
    red = world.push(TLS, SQL)
    by_hand = world.again(TLS, SQL, event="workflow_dispatch", baseline=red.outputs["scan_id"])

    assert codes(red, by_hand, world.again(TLS, SQL)) == [1, 0, 1]


def test_a_rotated_key_is_no_baseline_and_the_log_says_so(world: World) -> None:
    world.push(TLS)
    world.rewrite(lambda line: line[:-4] + ("AAAA" if line[-4:] != "AAAA" else "BBBB"))

    step = world.again(TLS)

    assert step.code == 1
    assert any(
        "1 memory of this site was not believed: its signature is not this key's: the key was rotated" in text
        for text in world.warnings(step)
    )
    assert world.again(TLS).code == 0


def killed(world: World, run_id: int) -> str:
    """Kill a run of main's next commit once its scan is under way, and return the scan."""
    before = len(world.memories())
    world.api.play(TLS, duration_s=600)
    world.prepare("push", world.history.commit("main"), {}, run_id)
    process = world.runner.start()
    wait_until(lambda: len(world.memories()) > before)
    process.kill()
    process.communicate()
    world.api.play(duration_s=0)
    return list(world.api.service.scans)[-1]


def test_a_second_attempt_goes_on_with_the_scan_of_one_that_was_killed(world: World) -> None:
    scan = killed(world, 77)
    (line,) = world.memories()
    world.api.service.scans.set_status(scan, "completed")

    attempt = world.again(event="push", run_id=77, attempt=2)

    assert (seen(line), accepted(line)) == (scan, "")
    assert world.api.launches == 1
    assert attempt.outputs["scan_id"] == scan
    (line,) = world.memories()  # the first attempt's check is gone on with
    assert (seen(line), accepted(line)) == (scan, scan)


def test_an_attempt_after_a_verdict_scans_anew(world: World) -> None:
    world.push(TLS)
    red = world.push(TLS, SQL, run_id=77)
    mended = world.again(TLS, event="push", run_id=77, attempt=2)

    assert codes(red, mended) == [1, 0]
    assert world.api.launches == 3


def test_an_attempt_after_one_whose_scan_failed_scans_anew(world: World) -> None:
    world.api.play(ends="failed")
    failed = world.push(run_id=77)
    world.api.play(ends="completed")
    again = world.again(event="push", run_id=77, attempt=2)

    assert codes(failed, again) == [3, 0]
    assert world.api.launches == 2


def test_an_attempt_whose_scan_is_gone_launches_one(world: World) -> None:
    world.push(TLS)
    killed(world, 78)
    world.api.service.scans.clear()

    again = world.again(TLS, event="push", run_id=78, attempt=2)

    assert world.api.launches == 3
    assert "The earlier attempt's scan is of no use" in again.log


def test_the_memory_holds_lengths_and_scores_of_the_runs_before(world: World) -> None:
    for _ in range(3):
        world.push(TLS)

    newest = world.memories()[-1]
    *_, lengths, scores, _mac = newest.split(":")

    assert (lengths, scores) == ("1,1,1", "78,78,78")
    assert accepted(newest) == seen(newest)


def test_a_forge_is_asked_little_for_the_baseline_and_not_after_the_scan(world: World) -> None:
    world.push(TLS)
    world.history.branch("feature")
    world.history.commit("feature")
    world.api.play(duration_s=2)
    world.requests.clear()

    step = world.pull(TLS, check_run="false")

    assert step.code == 0
    published = [request for request in world.requests if "/reports/" in request]  # Bitbucket's, which is published anyway
    assert len(world.requests) - max(0, len(published) - 1) <= 5, world.requests


def test_a_forge_that_is_down_is_doubt_and_the_verdict_no_failed_gate(world: World) -> None:
    world.push(TLS)
    world.break_down()

    red, green = world.again(TLS), world.again(CSP)

    assert codes(red, green) == [3, 0]
    assert "could not be compared" in red.log
    assert "503" in red.log
