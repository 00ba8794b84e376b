"""GitHub's API with canned answers: nothing that GitHub does is more than one kind of error, told in GitHub's own words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import responses

from secuprobe_action.platforms.base import Check, Comment, Conclusion, ForgeError, Subject
from secuprobe_action.platforms.github_forge import MAX_KEPT, GitHubForge
from secuprobe_action.platforms.marker import Marker

API = "https://api.github.com:443"  # PyGithub names the port
REPO = f"{API}/repos/org/app"
SHA, HEAD, BASE = "a" * 40, "b" * 40, "c" * 40
ENVIRONMENT = {
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_SHA": SHA,
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_EVENT_NAME": "push",
}
CHECK = Check("SecuProbe", Conclusion.SUCCESS, "no finding", "# text", 1_790_000_000, line="a line")
COMMENT = Comment("SecuProbe", "https://a.example", "text", may_create=True)
VIEWER = {"data": {"viewer": {"login": "github-actions[bot]"}}}


@pytest.fixture(name="mocked", autouse=True)
def _mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def forge(event: Mapping[str, Any] | None = None, commit: str | None = None, **environment: str) -> GitHubForge:
    return GitHubForge("ghs_token", {**ENVIRONMENT, **environment}, event or {}, commit)


def body(mocked: responses.RequestsMock, index: int = -1) -> Any:
    return json.loads(str(mocked.calls[index].request.body))


def test_a_check_is_created_and_changed(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{REPO}/check-runs", json={"id": 5, "app": {"id": 1, "slug": "x"}}, status=201)
    mocked.patch(f"{REPO}/check-runs/5", json={"id": 5})
    ours = forge()

    number = ours.publish_check(Check("SecuProbe", None, "running", "running", 1_790_000_000), HEAD, None)
    ours.publish_check(CHECK, HEAD, number)

    begun, ended = body(mocked, 0), body(mocked, 1)
    assert (begun["head_sha"], begun["status"], begun["started_at"]) == (HEAD, "in_progress", "2026-09-21T14:13:20Z")
    assert (ended["status"], ended["conclusion"], ended["completed_at"]) == ("completed", "success", "2026-09-21T14:13:20Z")
    assert (ended["external_id"], ended["output"]) == ("a line", {"title": "no finding", "summary": "# text"})
    assert mocked.calls[-1].request.headers["Authorization"] == "token ghs_token"


def test_a_long_name_is_shortened_where_github_must(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{REPO}/check-runs", json={"id": 5, "app": {"id": 1, "slug": "x"}}, status=201)

    forge().publish_check(Check("n" * 300, None, "t", "s", 0), HEAD, None)

    assert body(mocked)["name"] == "n" * 254 + "…"


def test_a_comments_event_is_about_its_pull_requests_head(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{REPO}/pulls/7", json={"number": 7, "head": {"sha": HEAD}, "base": {"ref": "main"}})

    found = forge({"issue": {"number": 7, "pull_request": {}}}, GITHUB_EVENT_NAME="issue_comment").subject()

    assert found == Subject(HEAD, (7,))


def test_an_event_that_names_no_commit_is_an_error_that_names_the_input() -> None:
    with pytest.raises(ForgeError, match="the event release doesn't say which commit is scanned; the input commit may"):
        forge(GITHUB_EVENT_NAME="release").subject()


def test_the_input_commit_goes_before_the_event() -> None:
    assert forge({"before": BASE}, commit=HEAD).subject() == Subject(HEAD)


def test_an_enterprise_server_is_asked_where_it_is(mocked: responses.RequestsMock) -> None:
    mocked.post("https://ghes.example:443/api/v3/repos/org/app/check-runs", json={"id": 1, "app": None}, status=201)

    forge(GITHUB_API_URL="https://ghes.example/api/v3").publish_check(CHECK, HEAD, None)

    assert len(mocked.calls) == 1


def test_a_missing_permission_is_named_where_github_says_so(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{REPO}/check-runs", json={"message": "Resource not accessible by integration"}, status=403)

    with pytest.raises(ForgeError, match=r"403 .*“Resource not accessible by integration”; add the permission `checks: write`"):
        forge().publish_check(CHECK, HEAD, None)


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Bad credentials"), (403, "Repository was archived so is read-only."), (404, "Not Found"), (422, "No commit found")],
)
def test_any_other_refusal_is_quoted_and_no_permission_suggested(
    mocked: responses.RequestsMock, status: int, message: str
) -> None:
    mocked.post(f"{REPO}/check-runs", json={"message": message}, status=status)

    with pytest.raises(ForgeError, match=f"GitHub answered {status} .*“{message}") as raised:
        forge().publish_check(CHECK, HEAD, None)

    assert "add the permission" not in str(raised.value)


@pytest.mark.parametrize("status", [422, 500, 502])
def test_a_write_that_fails_is_not_repeated(mocked: responses.RequestsMock, status: int) -> None:
    mocked.post(f"{REPO}/check-runs", json={"message": "no"}, status=status)

    with pytest.raises(ForgeError, match=f"GitHub answered {status}"):
        forge().publish_check(CHECK, HEAD, None)

    assert len(mocked.calls) == 1


def test_a_rate_limit_is_not_slept_out(mocked: responses.RequestsMock) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    mocked.post(f"{REPO}/check-runs", json={"message": "API rate limit exceeded"}, status=403, headers=headers)

    with pytest.raises(ForgeError, match="API rate limit exceeded"):
        forge().publish_check(CHECK, HEAD, None)


@pytest.mark.parametrize("error", [requests.ConnectionError("refused"), requests.Timeout("slow")])
def test_an_unreachable_github_is_one_kind_of_error(mocked: responses.RequestsMock, error: Exception) -> None:
    mocked.post(f"{REPO}/check-runs", body=error)

    with pytest.raises(ForgeError, match="could not be reached"):
        forge().publish_check(CHECK, HEAD, None)


@pytest.mark.parametrize("answer", [[], {}, "text", None, {"data": None}, {"data": {"viewer": None}}])
def test_an_answer_that_can_not_be_understood_is_one_kind_of_error(mocked: responses.RequestsMock, answer: Any) -> None:
    mocked.get(
        f"{REPO}/issues/7/comments",
        json=[{"id": 1, "body": f"{Marker('SecuProbe', 'https://a.example')}", "user": {"login": "x"}}],
    )
    mocked.post(f"{API}/graphql", json=answer)

    with pytest.raises(ForgeError):
        forge().publish_comment(COMMENT, Subject(HEAD, (7,)))


def check_run(line: str | None = "a line", app: Any = None, **fields: Any) -> dict[str, Any]:
    app = {"id": 15368, "slug": "github-actions"} if app is None else app or None
    output = {"title": "t", "summary": "s", "text": None, "annotations_count": 0}
    return {"id": 1, "external_id": line, "app": app, "completed_at": None, "started_at": None, "output": output, **fields}


def kept(mocked: responses.RequestsMock, ours: GitHubForge, *runs: dict[str, Any]) -> list[str]:
    mocked.get(f"{REPO}/commits/{BASE}/check-runs", json={"total_count": len(runs), "check_runs": list(runs)})
    return [each.line for each in ours.kept(BASE, "SecuProbe")]


def test_only_what_this_tokens_own_app_left_is_read(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{API}/graphql", json=VIEWER)
    runs = (
        check_run("ours"),
        check_run("theirs", {"id": 99, "slug": "some-ci"}),
        check_run(None),
        {**check_run("x"), "app": None},
    )

    assert kept(mocked, forge(), *runs) == ["ours"]


def test_the_app_is_known_from_a_check_of_ones_own_without_asking(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{REPO}/check-runs", json=check_run(None, {"id": 15368, "slug": "renamed"}), status=201)
    ours = forge()
    ours.publish_check(CHECK, HEAD, None)

    assert kept(mocked, ours, check_run("ours"), check_run("theirs", {"id": 99, "slug": "github-actions"})) == ["ours"]
    assert not any("graphql" in str(call.request.url) for call in mocked.calls)


def test_more_check_runs_than_can_be_read_are_no_answer(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{API}/graphql", json=VIEWER)

    with pytest.raises(ForgeError, match="more than 1,000 check runs"):
        kept(mocked, forge(), *[check_run()] * (MAX_KEPT + 1))


def test_times_are_read_as_they_are_given(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{API}/graphql", json=VIEWER)
    run = check_run(completed_at="2026-09-21T14:13:20Z", started_at=None)
    mocked.get(f"{REPO}/commits/{BASE}/check-runs", json={"total_count": 1, "check_runs": [run]})

    (found,) = forge().kept(BASE, "SecuProbe")

    assert (found.completed_at, found.started_at) == (1_790_000_000.0, None)


@pytest.mark.parametrize(
    "name", ["SecuProbe", "Secu Probe (a/b) & more", "é", "a=b", "a--b.netlify.app", "-->", "---", "x" * 500]
)
def test_a_marker_is_found_again_and_stays_a_comment(name: str) -> None:
    marker = Marker(name, "https://a.example")
    inner = str(marker).removeprefix("<!--").removesuffix("-->")

    assert marker.begins(f"{marker}\ntext")
    assert marker.begins(f"{marker}\r\ntext")
    assert "--" not in inner
    assert not marker.begins("text")
    assert not marker.begins(None)
    assert not Marker(name, "https://b.example").begins(f"{marker}\ntext")
    assert not Marker(name + "x", "https://a.example").begins(f"{marker}\ntext")
