"""GitHub's API with canned answers: which event means what, and that nothing GitHub does is more than one kind of error."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import responses

from secuprobe_action.platforms.base import Check, Comment, ForgeError
from secuprobe_action.platforms.github_forge import GitHubForge, Identity
from secuprobe_action.platforms.marker import Marker

API = "https://api.github.com:443"  # PyGithub names the port
REPO = f"{API}/repos/org/app"
SHA, HEAD, BASE = "a" * 40, "b" * 40, "c" * 40
ENVIRONMENT = {"GITHUB_REPOSITORY": "org/app", "GITHUB_SHA": SHA, "GITHUB_RUN_ID": "42"}
PULL = {"pull_request": {"number": 7, "head": {"sha": HEAD}, "base": {"ref": "main"}}}
CHECK = Check("SecuProbe", passed=True, title="no finding", summary="# text", scan_id="scan-1", scanned_url="https://a.example")
COMMENT = Comment("SecuProbe", "text", "https://a.example", may_create=True)


@pytest.fixture(name="mocked", autouse=True)
def _mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def forge(event: Mapping[str, Any], **environment: str) -> GitHubForge:
    return GitHubForge("ghs_token", {**ENVIRONMENT, **environment}, event)


def body(mocked: responses.RequestsMock, index: int = -1) -> Any:
    return json.loads(str(mocked.calls[index].request.body))


@pytest.mark.parametrize(
    ("event", "sha"),
    [
        (PULL, HEAD),
        ({"merge_group": {"head_sha": HEAD, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-abc", "base_sha": BASE}}, HEAD),
        ({"before": BASE, "after": SHA}, SHA),
        ({"schedule": "0 0 * * *"}, SHA),
        ({}, SHA),
    ],
)
def test_the_check_run_is_on_the_head_commit(mocked: responses.RequestsMock, event: Mapping[str, Any], sha: str) -> None:
    mocked.post(f"{REPO}/check-runs", json={"id": 1}, status=201)

    forge(event).publish_check(CHECK)

    sent = body(mocked)
    assert (sent["head_sha"], sent["status"], sent["conclusion"]) == (sha, "completed", "success")
    assert sent["output"] == {"title": "no finding", "summary": "# text"}
    assert Identity.parse(sent["external_id"]) == Identity("scan-1", sent["external_id"].split(":")[3], "42")
    assert mocked.calls[-1].request.headers["Authorization"] == "token ghs_token"


def test_a_comments_event_is_about_its_pull_request(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{REPO}/pulls/7", json={"number": 7, "head": {"sha": HEAD}, "base": {"ref": "main"}})
    mocked.post(f"{REPO}/check-runs", json={"id": 1}, status=201)

    forge({"issue": {"number": 7, "pull_request": {}}}).publish_check(CHECK)

    assert body(mocked)["head_sha"] == HEAD


def test_a_merge_groups_comment_is_on_its_pull_request(mocked: responses.RequestsMock) -> None:
    event = {"merge_group": {"head_sha": HEAD, "head_ref": "refs/heads/gh-readonly-queue/main/pr-77-" + BASE, "base_sha": BASE}}
    mocked.get(f"{REPO}/issues/77/comments", json=[])
    mocked.post(f"{API}/graphql", json={"data": {"viewer": {"login": "github-actions"}}})
    mocked.post(f"{REPO}/issues/77/comments", json={"id": 1}, status=201)

    forge(event).publish_comment(COMMENT)

    assert body(mocked)["body"].endswith("\ntext")


def test_an_enterprise_server_is_asked_where_it_is(mocked: responses.RequestsMock) -> None:
    mocked.post("https://ghes.example:443/api/v3/repos/org/app/check-runs", json={"id": 1}, status=201)

    forge(PULL, GITHUB_API_URL="https://ghes.example/api/v3").publish_check(CHECK)

    assert len(mocked.calls) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_missing_permission_is_named(mocked: responses.RequestsMock, status: int) -> None:
    mocked.post(f"{REPO}/check-runs", json={"message": "Resource not accessible by integration"}, status=status)

    with pytest.raises(ForgeError, match="add the permission `checks: write`"):
        forge(PULL).publish_check(CHECK)


@pytest.mark.parametrize("status", [422, 500, 502])
def test_a_write_that_fails_is_not_repeated(mocked: responses.RequestsMock, status: int) -> None:
    mocked.post(f"{REPO}/check-runs", json={"message": "no"}, status=status)

    with pytest.raises(ForgeError, match=f"GitHub answered {status}"):
        forge(PULL).publish_check(CHECK)

    assert len(mocked.calls) == 1


def test_a_rate_limit_is_not_slept_out(mocked: responses.RequestsMock) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    mocked.post(f"{REPO}/check-runs", json={"message": "API rate limit exceeded"}, status=403, headers=headers)

    with pytest.raises(ForgeError):
        forge(PULL).publish_check(CHECK)


@pytest.mark.parametrize("error", [requests.ConnectionError("refused"), requests.Timeout("slow")])
def test_an_unreachable_github_is_one_kind_of_error(mocked: responses.RequestsMock, error: Exception) -> None:
    mocked.post(f"{REPO}/check-runs", body=error)

    with pytest.raises(ForgeError, match="could not be reached"):
        forge(PULL).publish_check(CHECK)


@pytest.mark.parametrize("answer", [[], {}, "text", None, {"data": None}, {"data": {"viewer": None}}])
def test_an_answer_that_can_not_be_understood_is_one_kind_of_error(mocked: responses.RequestsMock, answer: Any) -> None:
    mocked.get(f"{REPO}/issues/7/comments", json=answer if isinstance(answer, list) else [])
    mocked.post(f"{API}/graphql", json=answer)

    with pytest.raises(ForgeError):
        forge(PULL).publish_comment(Comment("SecuProbe", "text", None, may_create=True))


def check_run(scan_id: str, url: str, completed_at: str | None = "2026-11-25T00:00:00Z") -> dict[str, Any]:
    return {"id": 1, "external_id": str(Identity(scan_id, url, "1")), "completed_at": completed_at}


def baseline(mocked: responses.RequestsMock, *runs: dict[str, Any], url: str | None) -> str | None:
    mocked.get(f"{REPO}/compare/main...{HEAD}", json={"merge_base_commit": {"sha": BASE}})
    mocked.get(f"{REPO}/commits", json=[{"sha": BASE, "url": f"{REPO}/commits/{BASE}".replace(":443", ""), "parents": []}])
    mocked.get(f"{REPO}/commits/{BASE}/check-runs", json={"total_count": len(runs), "check_runs": list(runs)})
    found = forge(PULL).find_baseline("SecuProbe", url)
    return found.scan_id if found else None


def digest(mocked: responses.RequestsMock, url: str) -> str:
    mocked.post(f"{REPO}/check-runs", json={"id": 1}, status=201)
    forge(PULL).publish_check(Check("x", passed=True, title="t", summary="s", scan_id="s", scanned_url=url))
    return str(body(mocked)["external_id"].split(":")[3])


def test_of_several_sites_the_same_one_is_the_baseline(mocked: responses.RequestsMock) -> None:
    ours, other = digest(mocked, "https://a.example"), digest(mocked, "https://b.example")

    assert baseline(mocked, check_run("b", other), check_run("a", ours), url="https://a.example") == "a"


def test_a_previews_baseline_is_the_only_site_there_is(mocked: responses.RequestsMock) -> None:
    production = digest(mocked, "https://a.example")

    assert baseline(mocked, check_run("a", production), url="https://preview-1.example") == "a"


def test_of_two_other_sites_none_is_the_baseline(mocked: responses.RequestsMock) -> None:
    first, second = digest(mocked, "https://a.example"), digest(mocked, "https://b.example")

    assert baseline(mocked, check_run("a", first), check_run("b", second), url="https://c.example") is None


def test_the_newest_of_several_runs_counts_and_unfinished_ones_do_not(mocked: responses.RequestsMock) -> None:
    ours = digest(mocked, "https://a.example")
    runs = [check_run("old", ours, "2026-11-01T00:00:00Z"), check_run("new", ours), check_run("unfinished", ours, None)]

    assert baseline(mocked, *runs, url="https://a.example") == "new"


@pytest.mark.parametrize(
    "external_id",
    [None, "", "other", "secuprobe:0:scan:0:1", "secuprobe:1:../x:0:1", "secuprobe:1:a b:0:1", "secuprobe:1:scan:0:1\n"],
)
def test_other_check_runs_tell_of_no_scan(external_id: str | None) -> None:
    assert Identity.parse(external_id) is None


@pytest.mark.parametrize("name", ["SecuProbe", "Secu Probe (a/b) & more", "é", "a=b run=7"])
def test_a_marker_is_read_back_and_stays_a_comment(name: str) -> None:
    marker = Marker(name, "0" * 12, "42")

    assert Marker.parse(f"{marker}\ntext") == marker
    assert str(marker).count("-->") == 1
    assert Marker.parse("text") is None
