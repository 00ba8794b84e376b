"""Stories of many runs that GitHub alone has: its events, checks of other apps, and comments."""

import itertools
from collections.abc import Iterator

import pytest

from tests.github_api import OTHER_APP
from tests.process.worlds import CSP, SQL, TLS, OnGitHub, codes, seen, world_on
from tests.reports.rendered import Page
from tests.support import Runner, secuprobe


@pytest.fixture(name="world")
def _world(runner: Runner) -> Iterator[OnGitHub]:
    with world_on("GitHub", runner) as world:
        yield world


def test_a_squash_merge_and_a_merge_queue_are_judged_alike(world: OnGitHub) -> None:
    world.push(TLS)
    world.history.branch("feature")
    world.history.commit("feature")
    group = world.history.branch("gh-readonly-queue/main/pr-7-" + "0" * 40)
    head = world.history.commit("gh-readonly-queue/main/pr-7-" + group, world.history.branches["feature"])
    event = {"merge_group": {"head_sha": head, "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{group}", "base_sha": group}}

    queued = world.run("merge_group", event, head, TLS, SQL)
    squashed = world.push(TLS, SQL)
    reverted = world.push(TLS)

    assert codes(queued, squashed, reverted) == [1, 1, 0]


@pytest.mark.parametrize("named", ["baseline", "scan_id"])
def test_another_sites_scan_is_refused_by_name_and_nothing_launched(world: OnGitHub, named: str) -> None:
    of_a = world.push(TLS, url="https://a.example", check_run="false", baseline="", fail_on="all").outputs["scan_id"]
    launches = world.api.launches

    step = world.push(TLS, **{"url": "https://b.example", "check_run": "false", named: of_a})

    assert step.code == 3
    assert f"Scan {of_a} is a scan of https://a.example, not of https://b.example." in step.annotations("error")[0]
    assert world.api.launches == launches
    assert step.outputs["scan_id"] == ""


def test_a_named_baseline_that_does_not_exist_costs_no_scan(world: OnGitHub) -> None:
    step = world.push(TLS, baseline="00000000-0000-0000-0000-000000000000", check_run="false")

    assert (step.code, world.api.launches) == (3, 0)
    assert "There is no scan 00000000-0000-0000-0000-000000000000 to compare with" in step.annotations("error")[0]


def test_a_baseline_whose_list_is_not_whole_is_doubt_and_no_failed_gate(runner: Runner) -> None:
    half = {"total": 1, "vulnerabilities": [], "hasMore": True}
    listing = "GET /scans/{id}/vulnerabilities"
    with secuprobe({"findings": [TLS], "faults": [{"on": listing, "body": half, "after": 2}]}) as api:
        before = runner.run(api, fail_on_severity="high").outputs["scan_id"]
        step = runner.run(api, fail_on_severity="high", fail_on="new", baseline=before)

    assert step.code == 3
    assert "Its list of vulnerabilities isn't whole" in step.annotations("error")[0]


def test_a_scan_that_does_not_exist_is_not_said_to_go_on(world: OnGitHub) -> None:
    step = world.push(TLS, scan_id="00000000-0000-0000-0000-000000000000", check_run="false", baseline="", fail_on="all")

    assert step.code == 3
    assert "goes on" not in step.log + step.summary
    assert (step.outputs["scan_id"], step.outputs["report_url"]) == ("", "")


def test_a_workflow_run_is_recorded_where_its_code_is_and_told_to_its_pull_request(world: OnGitHub) -> None:
    world.push(TLS)
    main = world.history.branches["main"]
    world.github.pulls[7] = "feature"
    world.history.branch("feature")
    head = world.history.commit("feature")

    step = world.run("workflow_run", {"workflow_run": {"head_sha": head}}, main, TLS, SQL, pr_comment="changes")
    on_main = world.again(TLS)

    assert codes(step, on_main) == [1, 0]
    assert [check["head_sha"] for check in world.github.checks] == [main, head, main]
    (comment,) = world.github.comments
    assert (comment["pull"], f"Commit {head[:12]}" in Page(comment["body"]).text) == (7, True)


def test_where_the_commit_is_not_known_nothing_is_published_or_remembered(world: OnGitHub) -> None:
    world.push(TLS)
    before = len(world.github.checks)

    step = world.run("repository_dispatch", {}, world.history.branches["main"], CSP, pr_comment="always")
    red = world.run("repository_dispatch", {}, world.history.branches["main"], TLS)
    named = world.run("repository_dispatch", {}, "0" * 40, TLS, commit=world.history.branches["main"])

    assert codes(step, red, named) == [0, 3, 0]
    assert any(
        "the event repository_dispatch doesn't say which commit is scanned" in text for text in step.annotations("warning")
    )
    assert [check["head_sha"] for check in world.github.checks[before:]] == [world.history.branches["main"]]
    assert world.github.comments == []


def test_a_scan_of_another_site_is_refused_where_only_the_scan_tells_which(world: OnGitHub) -> None:
    quiet = {"check_run": "false", "baseline": "", "fail_on": "all"}
    of_a, of_b = (world.push(TLS, url=f"https://{name}.example", **quiet).outputs["scan_id"] for name in "ab")

    named_baseline = world.push(url="", scan_id=of_a, baseline=of_b, check_run="false")
    named_site = world.push(url="", scan_id=of_b, site="https://a.example")

    assert codes(named_baseline, named_site) == [3, 3]
    assert "is a scan of https://b.example, not of https://a.example" in named_baseline.annotations("error")[0]
    assert "is a scan of https://b.example, not of https://a.example" in named_site.annotations("error")[0]


@pytest.mark.parametrize(
    "kind",
    [
        "put back as running",
        "made up",
        "altered",
        "version 1",
        "another app's",
        "moved",
        "another site's",
        "replayed",
        "its time altered",
    ],
)
def test_nobody_without_the_key_makes_a_baseline(world: OnGitHub, kind: str) -> None:
    world.push(TLS, SQL)  # accepted, being the first
    with_sql = world.github.checks[-1]
    head = world.history.commit("main")
    world.again(TLS, SQL)
    with_sql_at_head = world.github.checks[-1]
    world.again(TLS)
    genuine = world.github.checks[-1]
    of_sql = seen(with_sql["external_id"])
    forged = {"name": "SecuProbe", "head_sha": head, "conclusion": "success", "external_id": genuine["external_id"]}
    match kind:
        case "made up":
            forged["external_id"] = f"secuprobe:2:{'0' * 10}:jm:1.1:1:{seen(with_sql['external_id'])}:=:::{'A' * 22}"
        case "altered":
            forged["external_id"] = genuine["external_id"].replace(seen(genuine["external_id"]), of_sql)
        case "version 1":
            forged["external_id"] = f"secuprobe:1:{seen(with_sql['external_id'])}:0123456789ab:7"
        case "another app's":
            forged |= {"external_id": with_sql_at_head["external_id"], "app": OTHER_APP}
        case "moved":
            forged["external_id"] = with_sql["external_id"]
        case "another site's":
            world.again(TLS, SQL, url="https://other.example")
            forged["external_id"] = world.github.checks[-1]["external_id"]
        case "replayed":
            forged |= {"external_id": with_sql_at_head["external_id"], "completed_at": "2099-01-01T00:00:00Z"}
        case "put back as running":
            forged |= {"external_id": with_sql_at_head["external_id"], "status": "in_progress", "conclusion": None}
        case "its time altered":
            with_sql_at_head["completed_at"] = "2099-01-01T00:00:00Z"
    world.github.add_check(**forged)
    world.history.branch("feature")
    world.history.commit("feature")

    step = world.pull(TLS, SQL)

    assert (step.code, step.outputs["new_count"]) == (1, "1"), step.log
    assert ("not believed" in step.log) == (kind not in ("another app's", "another site's", "made up"))


def test_a_run_of_an_older_commit_leaves_check_and_comment_alone(world: OnGitHub) -> None:
    world.push(TLS)
    world.github.pulls[7] = "feature"
    world.history.branch("feature")
    old = world.history.commit("feature")
    new = world.history.commit("feature")
    world.pull(TLS, SQL, pr_comment="always")
    before = (len(world.github.checks), world.github.comments[0]["body"])
    event = {"pull_request": {"number": 7, "head": {"sha": old}, "base": {"ref": "main"}}}

    step = world.run("pull_request", event, "e" * 40, TLS, pr_comment="always")

    assert step.code == 0
    assert (len(world.github.checks), world.github.comments[0]["body"]) == before
    assert f"Commit {new[:12]}" in Page(before[1]).text
    assert "A newer commit has come to the pull request" in step.log


def test_comments_are_on_pull_requests_whose_head_it_is_and_on_no_other(world: OnGitHub) -> None:
    world.history.branch("one")
    shared = world.history.commit("one")
    world.history.branch("two", shared)
    world.history.branch("three", shared)
    world.history.commit("three")
    world.github.pulls.update({7: "one", 8: "two", 9: "three"})

    world.again(TLS, sha=shared, event="push", pr_comment="always")

    assert [comment["pull"] for comment in world.github.comments] == [7, 8]


def test_two_comments_made_at_once_become_one_and_nobodys_are_no_obstacle(world: OnGitHub) -> None:
    world.github.pulls[7] = "feature"
    world.history.branch("feature")
    world.history.commit("feature")
    world.github.add_comment(None, "from an account that is gone")
    world.pull(TLS, pr_comment="always")
    (ours,) = [comment for comment in world.github.comments if comment["user"]]
    twin = world.github.add_comment("github-actions[bot]", ours["body"])

    world.pull(CSP, pr_comment="always")

    assert [comment["id"] for comment in world.github.comments if comment["user"]] == [ours["id"]]
    assert twin["id"] > ours["id"]
    assert "No CSP" in ours["body"]


@pytest.mark.parametrize("name", ["SecuProbe (xn--bcher-kva.example)", "SecuProbe (a--b.netlify.app)", "Bücher <b> " + "n" * 300])
def test_any_name_of_a_check_finds_its_comment_and_its_memory_again(world: OnGitHub, name: str) -> None:
    world.push(TLS, check_name=name)
    world.github.pulls[7] = "feature"
    world.history.branch("feature")
    world.history.commit("feature")

    assert world.pull(TLS, check_name=name, pr_comment="always").code == 0
    assert world.pull(TLS, SQL, check_name=name, pr_comment="always").code == 1
    assert len(world.github.comments) == 1


def test_sites_of_one_name_and_run_keep_a_comment_and_a_memory_each(world: OnGitHub) -> None:
    world.github.run_ids = itertools.repeat(2000)
    world.github.pulls[7] = "feature"
    for url in ("https://a.example", "https://b.example"):
        world.again(TLS, url=url)
    world.history.branch("feature")
    world.history.commit("feature")

    steps = [world.pull(TLS, url=url, pr_comment="always") for url in ("https://a.example", "https://b.example")]

    assert codes(*steps) == [0, 0]
    assert len(world.github.comments) == 2


def test_a_run_that_times_out_says_so_and_its_scan_can_be_gone_on_with(world: OnGitHub) -> None:
    world.api.play(TLS, duration_s=600)
    world.prepare("push", world.history.commit("main"), {"timeout": "10"})

    step = world.runner.run()

    (check,) = world.github.checks
    assert (step.code, check["conclusion"]) == (3, "timed_out")
    assert check["external_id"].split(":")[3] == "rd"
