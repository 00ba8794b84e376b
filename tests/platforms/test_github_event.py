"""Which commit and pull request each event is about; where it can't be known, that is said rather than guessed."""

from typing import Any

import pytest

from secuprobe_action.platforms.base import Subject
from secuprobe_action.platforms.github_event import PullHead, subject_of

SHA, HEAD = "a" * 40, "b" * 40
PULL = {"pull_request": {"number": 7, "head": {"sha": HEAD}}}
QUEUED = {"merge_group": {"head_sha": HEAD, "head_ref": "refs/heads/gh-readonly-queue/main/pr-77-" + SHA}}


@pytest.mark.parametrize(
    ("name", "event", "subject"),
    [
        ("pull_request", PULL, Subject(HEAD, (7,))),
        ("pull_request_target", PULL, Subject(HEAD, (7,))),
        ("pull_request_review", PULL, Subject(HEAD, (7,))),
        ("merge_group", QUEUED, Subject(HEAD, (77,), moves=False)),
        ("workflow_run", {"workflow_run": {"head_sha": HEAD}}, Subject(HEAD)),
        ("workflow_run", {"workflow_run": {"head_sha": HEAD, "event": "pull_request"}}, Subject(HEAD)),
        ("deployment", {"deployment": {"sha": HEAD}}, Subject(HEAD)),
        ("deployment_status", {"deployment": {"sha": HEAD}, "deployment_status": {}}, Subject(HEAD)),
        ("check_run", {"check_run": {"head_sha": HEAD}}, Subject(HEAD)),
        ("check_suite", {"check_suite": {"head_sha": HEAD}}, Subject(HEAD)),
        ("issue_comment", {"issue": {"number": 7, "pull_request": {}}}, PullHead(7)),
        ("push", {"after": SHA}, Subject(SHA)),
        ("schedule", {"schedule": "0 0 * * *"}, Subject(SHA)),
        ("workflow_dispatch", {}, Subject(SHA)),
    ],
)
def test_the_event_names_the_commit(name: str, event: dict[str, Any], subject: Subject) -> None:
    assert subject_of(name, event, SHA) == subject


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("issue_comment", {"issue": {"number": 7}}),  # of an issue: GITHUB_SHA is the default branch's head, whatever is scanned
        ("release", {}),
        ("repository_dispatch", {}),
        ("workflow_run", {}),
        ("workflow_run", {"workflow_run": {"head_sha": HEAD, "event": "issue_comment"}}),  # the default branch's head again
        ("workflow_run", {"workflow_run": {"head_sha": HEAD, "event": "pull_request_target"}}),
        ("deployment_status", {"deployment": None}),
        ("pull_request", {"pull_request": {"number": 7}}),
        ("", {}),
    ],
)
def test_where_it_does_not_the_commit_is_not_known(name: str, event: dict[str, Any]) -> None:
    assert subject_of(name, event, SHA) is None


def test_a_push_without_its_commit_is_about_nothing() -> None:
    assert subject_of("push", {}, "") is None
