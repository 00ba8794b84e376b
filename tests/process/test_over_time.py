"""Stories of many runs: what one remembers for the next, over real HTTP, from process start to exit code."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.github_api import OTHER_APP, FakeGitHub, accepted, seen, serving
from tests.reports.rendered import Page
from tests.support import KEY, URL, Api, Runner, Step, event_file, secuprobe, wait_until

TLS = {"title": "Old TLS", "severity": "high", "category": "Transport"}
SQL = {"title": "SQL injection", "severity": "critical", "category": "Injection"}
CSP = {"title": "No CSP", "severity": "medium", "category": "Headers"}
PREVIEW = "https://pr-7.preview.example"
INPUTS = {
    "baseline": "auto",
    "fail_on": "new",
    "fail_on_severity": "high",
    "check_run": "true",
    "github_token": "ghs_token",
}


class World:
    """A repository, a site, and runs of the action on them."""

    def __init__(self, runner: Runner, github: FakeGitHub, api: Api) -> None:
        self.runner, self.github, self.api = runner, github, api
        self.history = github.history

    def run(self, event_name: str, event: Mapping[str, Any], sha: str, *found: Mapping[str, Any], **inputs: str) -> Step:
        """Run a workflow of an event; what the scan finds is named."""
        self.api.play(*found)
        environment = {name: inputs.pop(name) for name in list(inputs) if name.isupper()}
        self.runner.environment = {
            **self.github.environment(sha, event_name),
            "GITHUB_EVENT_PATH": event_file(self.runner.folder, self.github.with_repository(**event)),
            "GITHUB_WORKSPACE": str(self.runner.folder),
            **environment,
        }
        return self.runner.run(self.api, **{**INPUTS, **inputs})

    def push(self, *found: Mapping[str, Any], branch: str = "main", **inputs: str) -> Step:
        """Push a commit to a branch."""
        if branch not in self.history.branches:
            self.history.branch(branch)
        return self.again(*found, sha=self.history.commit(branch), event="push", **inputs)

    def again(self, *found: Mapping[str, Any], sha: str = "", event: str = "schedule", **inputs: str) -> Step:
        """Run once more at a commit, that of main's head where none is named."""
        return self.run(event, {}, sha or self.history.branches["main"], *found, **inputs)

    def pull(self, *found: Mapping[str, Any], branch: str = "feature", **inputs: str) -> Step:
        """Run for a pull request's newest commit."""
        head = self.history.branches[branch]
        event = {"pull_request": {"number": 7, "head": {"sha": head, "repo": {"full_name": "org/app"}}, "base": {"ref": "main"}}}
        return self.run("pull_request", event, "e" * 40, *found, **inputs)

    def deployed(self, sha: str, *found: Mapping[str, Any], url: str = PREVIEW, **inputs: str) -> Step:
        """Run for a deployment's status: with GITHUB_SHA of the deployed commit's branch, as GitHub has it."""
        event = {"deployment": {"sha": sha}, "deployment_status": {"state": "success", "environment_url": url}}
        return self.run("deployment_status", event, sha, *found, url=url, **inputs)


@pytest.fixture(name="world")
def _world(runner: Runner) -> Iterator[World]:
    with serving(FakeGitHub()) as github, secuprobe() as api:
        github.history.branches.pop("feature")
        github.pulls.clear()
        yield World(runner, github, api)


def codes(*steps: Step) -> list[int]:
    return [step.code for step in steps]


def test_a_team_with_old_findings_starts_with_one_red_run(world: World) -> None:
    first, second = world.push(TLS), world.push(TLS, CSP)

    assert codes(first, second) == [1, 0]
    assert any("No baseline was found" in text for text in first.annotations("warning"))
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


def test_a_squash_merge_and_a_merge_queue_are_judged_alike(world: World) -> None:
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
    assert any("No baseline was found" in text for text in step.annotations("warning"))


def test_a_branch_with_a_history_of_its_own_has_nothing_to_compare_with(world: World) -> None:
    world.push(TLS)
    orphan = world.history.add("c" * 40)

    step = world.again(TLS, sha=orphan, event="push")

    assert step.code == 1
    assert any("No baseline was found" in text for text in step.annotations("warning"))


def test_another_sites_scan_excuses_nothing(world: World) -> None:
    world.push(SQL, url="https://a.example")
    world.history.branch("feature")
    world.history.commit("feature")

    of_b = world.pull(SQL, url="https://b.example")
    of_a = world.pull(SQL, url="https://A.example./?token=whatever")

    assert codes(of_b, of_a) == [1, 0]
    assert of_b.outputs["new_count"] == ""
    assert any("No baseline was found" in text and "https://b.example" in text for text in of_b.annotations("warning"))


@pytest.mark.parametrize("named", ["baseline", "scan_id"])
def test_another_sites_scan_is_refused_by_name_and_nothing_launched(world: World, named: str) -> None:
    of_a = world.push(TLS, url="https://a.example", check_run="false", baseline="", fail_on="all").outputs["scan_id"]
    launches = world.api.launches

    step = world.push(TLS, **{"url": "https://b.example", "check_run": "false", named: of_a})

    assert step.code == 3
    assert f"Scan {of_a} is a scan of https://a.example, not of https://b.example." in step.annotations("error")[0]
    assert world.api.launches == launches
    assert step.outputs["scan_id"] == ""


def test_a_named_baseline_that_does_not_exist_costs_no_scan(world: World) -> None:
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


def test_a_scan_that_does_not_exist_is_not_said_to_go_on(world: World) -> None:
    step = world.push(TLS, scan_id="00000000-0000-0000-0000-000000000000", check_run="false", baseline="", fail_on="all")

    assert step.code == 3
    assert "goes on" not in step.log + step.summary
    assert (step.outputs["scan_id"], step.outputs["report_url"]) == ("", "")


def test_a_workflow_run_is_recorded_where_its_code_is_and_told_to_its_pull_request(world: World) -> None:
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


def test_where_the_commit_is_not_known_nothing_is_published_or_remembered(world: World) -> None:
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


def test_a_scan_of_another_site_is_refused_where_only_the_scan_tells_which(world: World) -> None:
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
def test_nobody_without_the_key_makes_a_baseline(world: World, kind: str) -> None:
    world.push(TLS, SQL)  # accepted, being the first
    with_sql = world.github.checks[-1]
    head = world.history.commit("main")
    world.again(TLS, SQL)
    with_sql_at_head = world.github.checks[-1]
    world.again(TLS)
    genuine = world.github.checks[-1]
    forged = {"name": "SecuProbe", "head_sha": head, "conclusion": "success", "external_id": genuine["external_id"]}
    match kind:
        case "made up":
            forged["external_id"] = f"secuprobe:2:{'0' * 10}:jm:1.1:1:{seen(with_sql)}:=:::{'A' * 22}"
        case "altered":
            forged["external_id"] = genuine["external_id"].replace(seen(genuine), seen(with_sql))
        case "version 1":
            forged["external_id"] = f"secuprobe:1:{seen(with_sql)}:0123456789ab:7"
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


def test_a_rotated_key_is_no_baseline_and_the_log_says_so(world: World) -> None:
    world.push(TLS)
    line = world.github.checks[0]["external_id"]
    world.github.checks[0]["external_id"] = line[:-4] + ("AAAA" if line[-4:] != "AAAA" else "BBBB")

    step = world.again(TLS)

    assert step.code == 1
    assert any(
        "1 memory of this site was not believed: its signature is not this key's: the key was rotated" in t
        for t in step.annotations("warning")
    )
    assert world.again(TLS).code == 0


def test_a_second_attempt_goes_on_with_the_scan_of_one_that_was_killed(world: World) -> None:
    world.history.commit("main")
    sha = world.history.branches["main"]
    world.api.play(TLS, duration_s=600)
    world.runner.environment = {
        **world.github.environment(sha, "push"),
        "GITHUB_EVENT_PATH": event_file(world.runner.folder, world.github.with_repository()),
        "GITHUB_RUN_ID": "77",
    }
    process = world.runner.start(api_key=KEY, url=URL, api_url=world.api.url, **INPUTS)
    wait_until(lambda: bool(world.github.checks))
    process.kill()
    process.communicate()
    (check,) = world.github.checks
    assert (check["status"], check.get("conclusion")) == ("in_progress", None)
    (scan,) = world.api.service.scans.values()

    attempt = world.run("push", {}, sha, scan_id="", GITHUB_RUN_ID="77", GITHUB_RUN_ATTEMPT="2", timeout="10")

    assert world.api.launches == 1
    assert attempt.outputs["scan_id"] == scan.id
    assert (attempt.code, check["conclusion"]) == (3, "timed_out")


def test_an_attempt_after_a_verdict_scans_anew(world: World) -> None:
    world.push(TLS)
    red = world.push(TLS, SQL, GITHUB_RUN_ID="77")
    mended = world.again(TLS, event="push", GITHUB_RUN_ID="77", GITHUB_RUN_ATTEMPT="2")

    assert codes(red, mended) == [1, 0]
    assert world.api.launches == 3


def test_an_attempt_after_one_whose_scan_failed_scans_anew(world: World) -> None:
    world.api.play(ends="failed")
    failed = world.push(GITHUB_RUN_ID="77")
    world.api.play(ends="completed")
    again = world.again(event="push", GITHUB_RUN_ID="77", GITHUB_RUN_ATTEMPT="2")

    assert codes(failed, again) == [3, 0]
    assert world.api.launches == 2


def test_an_attempt_whose_scan_is_gone_launches_one(world: World) -> None:
    world.push(TLS, GITHUB_RUN_ID="77", timeout="10")
    world.api.play(duration_s=60)
    lost = world.run("push", {}, world.history.commit("main"), TLS, GITHUB_RUN_ID="78", timeout="10")
    world.api.service.scans.clear()
    world.api.play(duration_s=0)
    again = world.again(TLS, event="push", GITHUB_RUN_ID="78", GITHUB_RUN_ATTEMPT="2")

    assert lost.code == 3
    assert world.api.launches == 3
    assert "The earlier attempt's scan is of no use" in again.log


def test_the_memory_holds_lengths_and_scores_of_the_runs_before(world: World) -> None:
    for _ in range(3):
        world.push(TLS)

    *_, lengths, scores, _mac = world.github.checks[-1]["external_id"].split(":")

    assert (lengths, scores) == ("1,1,1", "78,78,78")
    assert accepted(world.github.checks[-1]) == seen(world.github.checks[-1])


def test_github_is_asked_little_for_the_baseline_and_not_after_the_scan(world: World) -> None:
    world.push(TLS)
    world.history.branch("feature")
    world.history.commit("feature")
    world.api.play(duration_s=2)
    world.github.requests.clear()

    step = world.pull(TLS, check_run="false")

    assert step.code == 0
    assert len(world.github.requests) <= 4, world.github.requests


def test_a_run_of_an_older_commit_leaves_check_and_comment_alone(world: World) -> None:
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


def test_comments_are_on_pull_requests_whose_head_it_is_and_on_no_other(world: World) -> None:
    world.history.branch("one")
    shared = world.history.commit("one")
    world.history.branch("two", shared)
    world.history.branch("three", shared)
    world.history.commit("three")
    world.github.pulls.update({7: "one", 8: "two", 9: "three"})

    world.again(TLS, sha=shared, event="push", pr_comment="always")

    assert [comment["pull"] for comment in world.github.comments] == [7, 8]


def test_two_comments_made_at_once_become_one_and_nobodys_are_no_obstacle(world: World) -> None:
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
def test_any_name_of_a_check_finds_its_comment_and_its_memory_again(world: World, name: str) -> None:
    world.push(TLS, check_name=name)
    world.github.pulls[7] = "feature"
    world.history.branch("feature")
    world.history.commit("feature")

    assert world.pull(TLS, check_name=name, pr_comment="always").code == 0
    assert world.pull(TLS, SQL, check_name=name, pr_comment="always").code == 1
    assert len(world.github.comments) == 1


def test_sites_of_one_name_and_run_keep_a_comment_and_a_memory_each(world: World) -> None:
    world.github.run_ids = itertools.repeat(2000)
    world.github.pulls[7] = "feature"
    for url in ("https://a.example", "https://b.example"):
        world.again(TLS, url=url)
    world.history.branch("feature")
    world.history.commit("feature")

    steps = [world.pull(TLS, url=url, pr_comment="always") for url in ("https://a.example", "https://b.example")]

    assert codes(*steps) == [0, 0]
    assert len(world.github.comments) == 2
