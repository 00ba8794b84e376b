"""GitHub's issues with canned answers: what would have them opened twice is an error instead."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from responses import matchers

from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.issues import MAX_LISTED
from secuprobe_action.platforms.marker import Marker
from tests.github_api import check_bodies
from tests.platforms.test_github_forge import API, REPO, VIEWER, forge

MARKER = Marker("SecuProbe", "https://a.example")


@pytest.fixture(name="mocked", autouse=True)
def _mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        mocked.post(f"{API}/graphql", json=VIEWER)
        yield mocked


def listed(mocked: responses.RequestsMock, login: str, *found: dict[str, Any], status: int = 200) -> None:
    query = matchers.query_param_matcher(
        {"creator": login, "state": "all", "sort": "updated", "direction": "desc", "per_page": "100"}
    )
    for each in found:  # by itself, too
        mocked.get(each["url"], json=each)
    mocked.get(
        f"{REPO}/issues", json=list(found) if status == 200 else {"message": "Validation Failed"}, status=status, match=[query]
    )


def issue(number: int, body: str | None, state: str = "open") -> dict[str, Any]:
    return {"number": number, "url": f"{REPO}/issues/{number}", "state": state, "body": body}


def test_its_own_are_those_of_the_app(mocked: responses.RequestsMock) -> None:
    found = issue(9, f"{MARKER}\nx", "closed"), issue(4, f"{MARKER}\n"), issue(3, None), issue(2, f"It says:\n{MARKER}\nx")
    listed(mocked, "github-actions[bot]", *found)

    own = forge().issues.own(MARKER)

    assert [(each.number, each.is_open) for each in own] == [(4, True), (9, False)]


def test_nobody_of_that_name_has_none(mocked: responses.RequestsMock) -> None:
    listed(mocked, "github-actions[bot]", status=422)

    assert forge().issues.own(MARKER) == []


def test_a_pull_request_is_no_issue_whatever_it_begins_with(mocked: responses.RequestsMock) -> None:
    pull = {**issue(5, f"{MARKER}\nx"), "pull_request": {"url": f"{REPO}/pulls/5"}}
    listed(mocked, "github-actions[bot]", pull, issue(7, f"{MARKER}\nx"))

    assert [each.number for each in forge().issues.own(MARKER)] == [7]


def test_of_very_many_those_are_looked_at_that_changed_last(mocked: responses.RequestsMock) -> None:
    others = [issue(number, "") for number in range(MAX_LISTED)]
    listed(mocked, "github-actions[bot]", issue(5_000, f"{MARKER}\n"), *others, issue(1, f"{MARKER}\n"))

    assert [each.number for each in forge().issues.own(MARKER)] == [5_000]


@pytest.mark.parametrize("status", [403, 410, 500])
def test_issues_that_can_not_be_read_are_an_error(mocked: responses.RequestsMock, status: int) -> None:
    listed(mocked, "github-actions[bot]", status=status)

    with pytest.raises(ForgeError, match=f"GitHub answered {status} when asked to read issues"):
        forge().issues.own(MARKER)


def test_only_what_is_to_change_is_sent(mocked: responses.RequestsMock) -> None:
    mocked.patch(f"{REPO}/issues/4", json=issue(4, ""))

    for body, is_open in (("text", None), ("text", True), (None, False)):
        forge().issues.change(4, body, is_open=is_open)

    sent = [json.loads(str(call.request.body)) for call in mocked.calls]
    assert sent == [
        {"body": "text"},
        {"body": "text", "state": "open", "state_reason": "reopened"},
        {"state": "closed", "state_reason": "completed"},
    ]
    check_bodies(("PATCH /repos/{owner}/{repo}/issues/{issue_number}", body) for body in sent)
