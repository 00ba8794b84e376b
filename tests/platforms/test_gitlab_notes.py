"""GitLab's note while the scan runs: it may cost little, and never hides the verdict."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from secuprobe_action.platforms.base import Comment, ForgeError, Subject
from secuprobe_action.platforms.gitlab_api import GitLabApi
from secuprobe_action.platforms.gitlab_forge import GitLabForge
from tests.fake_http import Answer, Asked, WithinThisProcess
from tests.gitlab_api import TOKEN, FakeGitLab
from tests.support import URL

SUBJECT = Subject("a" * 40, (7,))


class Timed(WithinThisProcess):
    """Notes how long each request may take."""

    def __init__(self, fake: FakeGitLab) -> None:
        super().__init__(fake)
        object.__setattr__(self, "limits", [])

    def client(self, url: str, **options: Any) -> httpx.Client:
        self.__dict__["limits"].append(options["timeout"])
        return super().client(url, **options)


@dataclass
class Late(FakeGitLab):
    """Carries a write out after the next one of the same kind, although its client gave up on it."""

    given_up: list[Asked] = field(default_factory=list)

    def respond(self, asked: Asked) -> Answer:
        if asked.method in ("PUT", "POST") and "late" in str(asked.body):
            self.given_up.append(asked)
            raise httpx.ReadTimeout("3 s")
        answer = super().respond(asked)
        if asked.method in ("PUT", "POST"):
            for each in self.given_up:
                super().respond(each)
            self.given_up.clear()
        return answer


def forge_of(gitlab: FakeGitLab) -> tuple[GitLabForge, Timed]:
    way = Timed(gitlab)
    environment = {**gitlab.job("a" * 40), "CI_MERGE_REQUEST_IID": "7"}
    return GitLabForge(GitLabApi(environment["CI_API_V4_URL"], "5", TOKEN, way), environment, None), way


def comment(body: str, *, in_passing: bool) -> Comment:
    return Comment("SecuProbe", URL, body, may_create=True, in_passing=in_passing)


def test_what_only_says_how_it_stands_is_one_short_request_once_the_note_is_known() -> None:
    gitlab = FakeGitLab()
    forge, way = forge_of(gitlab)
    forge.publish_comment(comment("queued", in_passing=True), SUBJECT)
    before = len(gitlab.requests)

    forge.publish_comment(comment("running", in_passing=True), SUBJECT)
    assert [request.rpartition("/projects/5")[2] for request in gitlab.requests[before:]] == ["/merge_requests/7/notes/1"]
    forge.publish_comment(comment("passed", in_passing=False), SUBJECT)

    assert way.__dict__["limits"] == [3.0, 3.0, 10.0]
    assert [note["body"].splitlines()[1] for note in gitlab.notes] == ["passed"]


@pytest.mark.parametrize("before", [True, False])
def test_what_comes_late_does_not_hide_the_verdict(before: bool) -> None:
    gitlab = Late()
    forge, _ = forge_of(gitlab)
    if before:
        forge.publish_comment(comment("queued", in_passing=True), SUBJECT)
    with pytest.raises(ForgeError):
        forge.publish_comment(comment("running, late", in_passing=True), SUBJECT)

    forge.publish_comment(comment("passed", in_passing=False), SUBJECT)

    assert gitlab.given_up == []
    assert [note["body"].splitlines()[1] for note in gitlab.notes] == ["passed"]
