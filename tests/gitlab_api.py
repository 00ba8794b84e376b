"""A small GitLab: the part of its API that the program uses, with its rules (app/services/ci/create_commit_status_service.rb)."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.fake_http import Answer, Asked, Fake
from tests.git_history import History

PROJECT = "/api/v4/projects/5"
TOKEN = "glpat-test"
STATES = ("pending", "running", "success", "failed", "canceled", "skipped")


@dataclass
class Pipeline:
    """A pipeline: its commit, and its jobs by their numbers."""

    sha: str
    jobs: dict[int, str] = field(default_factory=dict)


@dataclass
class FakeGitLab(Fake):
    """A project's state.

    Attributes:
        history: its commits.
        pipelines: its pipelines by their numbers, of which statuses are appended to.
        statuses: all statuses, the oldest first.
        notes: those of the one merge request.
        issues: all issues, each with its notes.
        labels: those that the project has.
        head: the merge request's newest commit, or None where GitLab names none.
        user: whose the token is.
    """

    history: History = field(default_factory=History)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    head: str | None = None
    user: dict[str, Any] = field(default_factory=lambda: {"id": 42, "username": "bot"})
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    def job(self, sha: str, pipeline: int | None = None, name: str = "secuprobe-scan") -> dict[str, str]:
        """Begin a job and return its variables.

        Args:
            sha: its commit.
            pipeline: the pipeline that it runs in, or None for one of its own.
            name: its name; in one pipeline the same means the same job, tried again.
        """
        number = next(self.ids) if pipeline is None else pipeline
        own = self.pipelines.setdefault(number, Pipeline(sha))
        own.jobs[next(self.ids)] = name
        return {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{self.url}/api/v4",
            "CI_PROJECT_ID": "5",
            "CI_PIPELINE_ID": str(number),
            "CI_JOB_ID": str(max(own.jobs)),
            "CI_JOB_NAME": name,
            "CI_COMMIT_SHA": sha,
            "CI_DEFAULT_BRANCH": self.history.default,
            "SECUPROBE_GITLAB_TOKEN": TOKEN,
        }

    def respond(self, asked: Asked) -> Answer:
        if asked.headers.get("private-token") != TOKEN:
            return Answer(401, {"message": "401 Unauthorized"})
        if asked.path == "/api/v4/user":
            return Answer(200, self.user)
        for pattern, respond in self._routes():
            found = re.fullmatch(PROJECT + pattern, asked.path)
            if found:
                answer: Answer = respond(asked, *found.groups())
                return answer
        return Answer(404, {"error": "404 Not Found"})

    def _routes(self) -> Iterator[tuple[str, Any]]:
        yield r"/statuses/(\w+)", self._post_status
        yield r"/repository/commits/(\w+)/statuses", self._list_statuses
        yield r"/pipelines/(\d+)/jobs", self._jobs
        yield r"/repository/branches/(.+)", self._branch
        yield r"/repository/merge_base", self._merge_base
        yield r"/repository/commits", self._commits
        yield r"/merge_requests/7", lambda asked: Answer(200, {"sha": self.head})
        yield r"/merge_requests/7/notes", self._all_notes
        yield r"/merge_requests/7/notes/(\d+)", self._note
        yield r"/labels/(\w+)", self._label
        yield r"/issues", self._all_issues
        yield r"/issues/(\d+)", self._issue
        yield r"/issues/(\d+)/notes", self._issue_note

    def _post_status(self, asked: Asked, sha: str) -> Answer:
        body = asked.body
        too_long = [name for name in ("name", "description", "target_url") if len(body.get(name) or "") > 255]
        if too_long or body["state"] not in STATES:
            return Answer(400, {"message": {name: ["is too long (maximum is 255 characters)"] for name in too_long}})
        if sha not in self.history.parents:
            return Answer(404, {"message": "404 Commit Not Found"})
        number = self._pipeline_of(sha, body.get("pipeline_id"))
        if number is None:
            return Answer(404, {"message": "404 Pipeline for pipeline_id, sha and ref Not Found"})
        if body["name"] in self.pipelines[number].jobs.values():
            return Answer(400, {"message": {"name": ["has already been taken"]}})
        return self._set_status(body, sha, number)

    def _pipeline_of(self, sha: str, wanted: str | None) -> int | None:
        of_commit = [number for number, pipeline in self.pipelines.items() if pipeline.sha == sha]
        if wanted is not None:
            return int(wanted) if int(wanted) in of_commit else None
        if not of_commit:
            of_commit = [next(self.ids)]
            self.pipelines[of_commit[0]] = Pipeline(sha)
        return max(of_commit)

    def _set_status(self, body: dict[str, Any], sha: str, number: int) -> Answer:
        same = [each for each in self.statuses if (each["pipeline_id"], each["name"]) == (number, body["name"])]
        running = next((each for each in same if each["status"] == "running" and each["author"] == self.user), None)
        if running and body["state"] == "running":
            said = 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")'
            return Answer(400, {"message": said})
        status = running or {"id": next(self.ids), "sha": sha, "pipeline_id": number, "author": self.user, "target_url": None}
        status |= {name: body[name] for name in ("name", "description", "target_url") if name in body}
        status["status"] = body["state"]
        for each in same:
            each["retried"] = each is not status
        if running is None:
            self.statuses.append(status)
        return Answer(201, status)

    def _list_statuses(self, asked: Asked, sha: str) -> Answer:
        if sha not in self.history.parents:
            return Answer(404, {"message": "404 Commit Not Found"})
        found = [each for each in self.statuses if (each["sha"], each["name"]) == (sha, asked.only("name"))]
        return _page(asked, [each for each in found if asked.only("all") == "true" or not each.get("retried")])

    def _jobs(self, asked: Asked, number: str) -> Answer:
        return _page(asked, [{"id": job, "name": name} for job, name in self.pipelines[int(number)].jobs.items()])

    def _branch(self, asked: Asked, name: str) -> Answer:
        head = self.history.branches.get(unquote(name))
        return Answer(200, {"name": name, "commit": {"id": head}}) if head else Answer(404, {"message": "404 Branch Not Found"})

    def _merge_base(self, asked: Asked) -> Answer:
        one, other = asked.query["refs[]"]
        if other not in self.history.parents:
            return Answer(400, {"message": f"Could not find ref: {other}"})
        base = self.history.merge_base(one, other)
        return Answer(200, {"id": base}) if base else Answer(404, {"message": "404 Merge Base Not Found"})

    def _commits(self, asked: Asked) -> Answer:
        assert asked.only("first_parent") == "true"
        line = self.history.first_parents(asked.only("ref_name"))
        return Answer(200, [{"id": each} for each in itertools.islice(line, int(asked.only("per_page", "20")))])

    def _all_notes(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return _page(asked, self.notes)
        self.notes.append({"id": len(self.notes) + 1, "author": self.user, **asked.body})
        return Answer(201, self.notes[-1])

    def _note(self, asked: Asked, number: str) -> Answer:
        note = next(each for each in self.notes if each["id"] == int(number))
        if asked.method == "DELETE":
            self.notes.remove(note)
            return Answer(204)
        note |= asked.body
        return Answer(200, note)

    def _label(self, asked: Asked, name: str) -> Answer:
        return Answer(200, {"name": name}) if name in self.labels else Answer(404, {"message": "404 Label Not Found"})

    def _all_issues(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            assert asked.only("scope") == "all", "by itself GitLab lists what the token's own user made"
            found = [each for each in self.issues if each["author"]["username"] == asked.only("author_username")]
            return _page(asked, found[::-1])  # the newest first
        iid = len(self.issues) + 1
        self.issues.append({"iid": iid, "state": "opened", "author": self.user, "labels": "", "said": [], **asked.body})
        return Answer(201, self.issues[-1])

    def _issue(self, asked: Asked, iid: str) -> Answer:
        issue, body = self.issues[int(iid) - 1], dict(asked.body)
        moved = {"close": "closed", "reopen": "opened", None: issue["state"]}
        issue["state"] = moved[body.pop("state_event", None)]
        issue |= body
        return Answer(200, issue)

    def _issue_note(self, asked: Asked, iid: str) -> Answer:
        self.issues[int(iid) - 1]["said"].append(asked.body["body"])
        return Answer(201, {"id": next(self.ids)})


def _page(asked: Asked, found: list[Any]) -> Answer:
    size, page = int(asked.only("per_page", "20")), int(asked.only("page", "1"))
    more = len(found) > size * page
    return Answer(200, found[size * (page - 1) : size * page], {"X-Next-Page": str(page + 1) if more else ""})


def read_only(request: str) -> tuple[int, str] | None:
    """Refuse to write statuses, as with a token of the role Reporter."""
    return (403, "403 Forbidden") if request.startswith(f"POST {PROJECT}/statuses/") else None
