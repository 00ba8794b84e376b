"""A small GitHub: the part of its REST and GraphQL API that the action uses, over real HTTP, with state."""

import asyncio
import base64
import datetime as dt
import gzip
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from secuprobe_action.local.background import running
from tests.git_history import History
from tests.support import ROOT

REPOSITORY = "org/app"
OPENAPI = ROOT / "node_modules" / "@octokit" / "openapi" / "generated" / "api.github.com.deref.json"


def check_bodies(bodies: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Hold the body of each operation, such as `POST /repos/{owner}/{repo}/issues`, against GitHub's own description."""
    description = json.loads(OPENAPI.read_bytes())
    for operation, body in bodies:
        method, path = operation.split(" ")
        schema = description["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        assert set(body) <= set(schema["properties"]), f"{operation} has invented fields"
        jsonschema.validate(body, schema)


MAX_SARIF_RUNS = 20
"""In an upload."""

HEAD, BASE = "d" * 40, "b" * 40
ACTIONS_APP = {"id": 15368, "slug": "github-actions"}
OTHER_APP = {"id": 99, "slug": "some-ci"}

Refusal = tuple[int, str]
"""A status and GitHub's message."""


def _two_commits() -> History:
    history = History()
    history.branches["main"] = history.add(BASE)
    history.branches["feature"] = history.add(HEAD, BASE)
    return history


@dataclass
class FakeGitHub:
    """The repository's state: one commit on main, and a pull request of one commit.

    Attributes:
        history: its commits.
        pulls: the open pull requests: the branch of each.
        checks: check runs as they stand, newest last.
        comments: comments of all pull requests, each with the `pull` that it is of.
        issues: all issues, each with its comments.
        labels: those that the repository has.
        alerts: what code scanning shows, by ref and category: what tells each from others.
        viewer: whose the token is.
        refuse: what is refused, given `METHOD path`; or None.
        hang_s: how long every answer takes.
        slow_s: how long it takes to change what a check that runs says.
        bodies: the body of each writing request, by its operation.
        titles: what checks have said, in the order in which GitHub took it.
        run_ids: the numbers of workflow runs, each its own.
    """

    url: str = ""
    number: int = 7
    history: History = field(default_factory=_two_commits)
    pulls: dict[int, str] = field(default_factory=lambda: {7: "feature"})
    checks: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    alerts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    viewer: str = "github-actions[bot]"
    refuse: Callable[[str], Refusal | None] = lambda request: None
    hang_s: float = 0.0
    slow_s: float = 0.0
    titles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    run_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def head(self) -> str:
        """The head of the pull request."""
        return self.history.branches[self.pulls[self.number]]

    @property
    def merge_base(self) -> str:
        """Where the pull request left main."""
        base = self.history.merge_base(self.history.branches["main"], self.head)
        assert base is not None
        return base

    def event(self) -> dict[str, Any]:
        """Return the event of the pull request."""
        return self.with_repository(
            pull_request={
                "number": self.number,
                "head": {"sha": self.head, "repo": {"full_name": REPOSITORY}},
                "base": {"ref": "main", "repo": {"full_name": REPOSITORY}},
            }
        )

    def with_repository(self, **payload: Any) -> dict[str, Any]:
        """Return an event's payload, with what all events have."""
        return {**payload, "repository": {"full_name": REPOSITORY, "default_branch": self.history.default}}

    def environment(self, sha: str, event_name: str) -> dict[str, str]:
        """Return what the runner sets."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": sha,
            "GITHUB_REF": f"refs/pull/{self.number}/merge" if event_name == "pull_request" else "refs/heads/main",
            "GITHUB_EVENT_NAME": event_name,
            "GITHUB_RUN_ID": str(next(self.run_ids)),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/scan.yml@refs/heads/main",
        }

    def add_comment(self, login: str | None, body: str, pull: int = 7) -> dict[str, Any]:
        """Add a comment to a pull request; without a login its author's account is gone."""
        number = 100 + next(self.ids)
        url = f"{self.url}/repos/{REPOSITORY}/issues/comments/{number}"
        user = None if login is None else {"login": login, "id": 1, "type": "Bot"}
        self.comments.append({"id": number, "url": url, "body": body, "user": user, "pull": pull})
        return self.comments[-1]

    def add_issue(self, login: str, **fields: Any) -> dict[str, Any]:
        """Add an issue."""
        number = 500 + next(self.ids)
        url = f"{self.url}/repos/{REPOSITORY}/issues/{number}"
        user = {"login": login, "id": 1, "type": "Bot"}
        labels = [{"name": name} for name in fields.pop("labels", [])]
        self.issues.append({"number": number, "url": url, "state": "open", "user": user, "labels": labels, "said": [], **fields})
        return self.issues[-1]

    def add_check(self, **fields: Any) -> dict[str, Any]:
        """Add a check run."""
        number = next(self.ids)
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        url = f"{self.url}/repos/{REPOSITORY}/check-runs/{number}"
        completed = {"completed_at": now} if fields.get("conclusion") else {"completed_at": None}
        self.checks.append({"id": number, "url": url, "app": ACTIONS_APP, "started_at": now, **completed, "output": {}, **fields})
        return self.checks[-1]


REPO = f"/repos/{REPOSITORY}"


def create(github: FakeGitHub) -> FastAPI:
    """Return the API as an ASGI application."""
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        asked = f"{request.method} {request.url.path}"
        github.requests.append(asked)
        await asyncio.sleep(github.hang_s)
        refused = github.refuse(asked)
        if refused:
            return JSONResponse({"message": refused[1]}, refused[0])
        return await call_next(request)

    @app.post("/graphql")
    async def graphql() -> Any:
        return {"data": {"viewer": {"login": github.viewer}}}

    _add_history(app, github)
    _add_checks(app, github)
    _add_issues(app, github)
    _add_comments(app, github)
    _add_code_scanning(app, github)
    return app


def _paged(request: Request, found: list[Any], wrap: Callable[[list[Any]], Any]) -> Any:
    size, page = int(request.query_params.get("per_page", 30)), int(request.query_params.get("page", 1))
    more = len(found) > size * page
    next_url = request.url.include_query_params(page=page + 1)
    headers = {"Link": f'<{next_url}>; rel="next"'} if more else {}
    return JSONResponse(wrap(found[size * (page - 1) : size * page]), headers=headers)


def _add_history(app: FastAPI, github: FakeGitHub) -> None:
    history = github.history

    def commit(sha: str) -> dict[str, Any]:
        url = f"{github.url}{REPO}/commits"
        parents = [{"sha": parent, "url": f"{url}/{parent}"} for parent in history.parents[sha]]
        return {"sha": sha, "url": f"{url}/{sha}", "parents": parents}

    def pull_of(number: int) -> dict[str, Any]:
        head = history.branches[github.pulls[number]]
        url = f"{github.url}{REPO}/pulls/{number}"
        return {"number": number, "state": "open", "url": url, "head": {"sha": head}, "base": {"ref": "main"}}

    @app.get(REPO)
    async def repository() -> Any:
        return {"full_name": REPOSITORY, "url": f"{github.url}{REPO}", "default_branch": history.default}

    @app.get(REPO + "/compare/{spec:path}")
    async def compare(spec: str) -> Any:
        branch, _, head = spec.partition("...")
        base = history.merge_base(history.branches[branch], head) if head in history.parents else None
        if base is None:
            return JSONResponse({"message": f"No common ancestor between {branch} and {head}."}, 404)
        return {"url": f"{github.url}{REPO}/compare/{spec}", "merge_base_commit": commit(base), "commits": [], "files": []}

    @app.get(REPO + "/commits")
    async def commits(request: Request, sha: str) -> Any:
        return _paged(request, [commit(each) for each in history.log(sha)], list)

    @app.get(REPO + "/commits/{sha}/pulls")
    async def pulls(sha: str) -> Any:
        """Pull requests that contain the commit, whether it is their head or not."""
        return [pull_of(number) for number, branch in github.pulls.items() if sha in history.ancestors(history.branches[branch])]

    @app.get(REPO + "/pulls/{number}")
    async def pull(number: int) -> Any:
        return pull_of(number)


def _add_checks(app: FastAPI, github: FakeGitHub) -> None:
    @app.get(REPO + "/commits/{sha}/check-runs")
    async def check_runs(request: Request, sha: str, check_name: str) -> Any:
        found = [check for check in github.checks if check["head_sha"] == sha and check["name"] == check_name]
        return _paged(request, found, lambda part: {"total_count": len(found), "check_runs": part})

    @app.post(REPO + "/check-runs")
    async def create_check(request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("POST /repos/{owner}/{repo}/check-runs", body))
        github.titles.append(body["output"]["title"])
        return JSONResponse(github.add_check(**body), 201)

    @app.patch(REPO + "/check-runs/{number}")
    async def edit_check(number: int, request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", body))
        check = next(check for check in github.checks if check["id"] == number)
        await asyncio.sleep(0.0 if "status" in body else github.slow_s)
        check.update(body)
        github.titles.append(body["output"]["title"])
        return check


def _add_issues(app: FastAPI, github: FakeGitHub) -> None:
    @app.get(REPO + "/labels/{name}")
    async def label(name: str) -> Any:
        return {"name": name} if name in github.labels else JSONResponse({"message": "Not Found"}, 404)

    @app.get(REPO + "/issues")
    async def issues(request: Request, creator: str, state: str = "open") -> Any:
        found = [each for each in github.issues if each["user"]["login"] == creator and state in ("all", each["state"])]
        if creator not in (github.viewer, *(each["user"]["login"] for each in github.issues)):
            return JSONResponse({"message": "Validation Failed"}, 422)
        return _paged(request, found[::-1], list)  # the newest first

    @app.get(REPO + "/issues/{number}")
    async def issue(number: int) -> Any:
        return next(issue for issue in github.issues if issue["number"] == number)

    @app.post(REPO + "/issues")
    async def open_issue(request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("POST /repos/{owner}/{repo}/issues", body))
        return JSONResponse(github.add_issue(github.viewer, **body), 201)

    @app.patch(REPO + "/issues/{number}")
    async def edit_issue(number: int, request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("PATCH /repos/{owner}/{repo}/issues/{issue_number}", body))
        issue = next(issue for issue in github.issues if issue["number"] == number)
        issue.update(body)
        return issue


def _add_comments(app: FastAPI, github: FakeGitHub) -> None:
    @app.get(REPO + "/issues/{number}/comments")
    async def comments(request: Request, number: int) -> Any:
        return _paged(request, [each for each in github.comments if each["pull"] == number], list)

    @app.post(REPO + "/issues/{number}/comments")
    async def create_comment(number: int, request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", body))
        for issue in github.issues:
            if issue["number"] == number:
                issue["said"].append(body["body"])
        return JSONResponse(github.add_comment(f"{github.viewer.removesuffix('[bot]')}[bot]", body["body"], number), 201)

    @app.patch(REPO + "/issues/comments/{number}")
    async def edit_comment(number: int, request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", body))
        comment = next(comment for comment in github.comments if comment["id"] == number)
        comment["body"] = body["body"]
        return comment

    @app.delete(REPO + "/issues/comments/{number}")
    async def delete_comment(number: int) -> Any:
        kept = [comment for comment in github.comments if comment["id"] != number]
        gone = len(kept) == len(github.comments)
        github.comments[:] = kept
        return JSONResponse({"message": "Not Found"}, 404) if gone else Response(status_code=204)


def _add_code_scanning(app: FastAPI, github: FakeGitHub) -> None:
    @app.post(REPO + "/code-scanning/sarifs")
    async def upload(request: Request) -> Any:
        """Take a report's runs in place of those of their categories (docs.github.com, "SARIF support for code scanning")."""
        body = await request.json()
        github.bodies.append(("POST /repos/{owner}/{repo}/code-scanning/sarifs", body))
        runs = json.loads(gzip.decompress(base64.b64decode(body["sarif"], validate=True)))["runs"]
        if body["commit_sha"] not in github.history.parents:
            return JSONResponse({"message": f"commit not found: {body['commit_sha']}"}, 404)
        if len(runs) > MAX_SARIF_RUNS:
            return JSONResponse({"message": f"there are more runs than allowed ({len(runs)} > {MAX_SARIF_RUNS})"}, 400)
        for run in runs:
            github.alerts[body["ref"], run["automationDetails"]["id"]] = [
                f"{result['ruleId']} {result['partialFingerprints']['primaryLocationLineHash']}" for result in run["results"]
            ]
        return JSONResponse({"id": str(next(github.ids)), "url": f"{github.url}{REPO}/code-scanning/sarifs/1"}, 202)


def read_only(request: str) -> Refusal | None:
    """Refuse to write, as with the token of a fork's pull request."""
    writes = not request.startswith("GET ") and not request.endswith("/graphql")
    return (403, "Resource not accessible by integration") if writes else None


def down(request: str) -> Refusal | None:
    """Answer nothing of use."""
    return 503, "Service unavailable"


@contextmanager
def serving(github: FakeGitHub) -> Iterator[FakeGitHub]:
    """Serve `github` on loopback."""
    with running(create(github)) as url:
        github.url = url
        yield github
