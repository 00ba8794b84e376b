"""A small GitHub: the part of its REST and GraphQL API that the action uses, over real HTTP, with state."""

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from secuprobe_action.local.background import running
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


@dataclass
class FakeGitHub:
    """The repository's state.

    Attributes:
        parents: each commit's first parent.
        checks: check runs as they were made, newest last.
        comments: comments of the one pull request.
        viewer: whose the token is.
        read_only: whether writing is refused, as with the token of a fork's pull request.
        bodies: the body of each writing request, by its operation.
        run_ids: the numbers of workflow runs, each its own.
    """

    url: str = ""
    number: int = 7
    head: str = "d" * 40
    merge_base: str = "b" * 40
    parents: dict[str, str | None] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    viewer: str = "github-actions"
    read_only: bool = False
    requests: list[str] = field(default_factory=list)
    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    run_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    def event(self) -> dict[str, Any]:
        """Return the event of the pull request."""
        return {
            "pull_request": {
                "number": self.number,
                "head": {"sha": self.head, "repo": {"full_name": REPOSITORY}},
                "base": {"ref": "main", "repo": {"full_name": REPOSITORY}},
            }
        }

    def environment(self, sha: str, event_name: str) -> dict[str, str]:
        """Return what the runner sets."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": sha,
            "GITHUB_EVENT_NAME": event_name,
            "GITHUB_RUN_ID": str(next(self.run_ids)),
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/scan.yml@refs/heads/main",
        }

    def add_comment(self, login: str, body: str) -> dict[str, Any]:
        """Add a comment to the pull request."""
        number = 100 + len(self.comments)
        url = f"{self.url}/repos/{REPOSITORY}/issues/comments/{number}"
        self.comments.append({"id": number, "url": url, "body": body, "user": {"login": login, "id": 1, "type": "Bot"}})
        return self.comments[-1]


def create(github: FakeGitHub) -> FastAPI:  # noqa: C901  # a list of endpoints, each of a few lines
    """Return the API as an ASGI application."""
    app = FastAPI()
    repo = f"/repos/{REPOSITORY}"

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        github.requests.append(f"{request.method} {request.url.path}")
        if github.read_only and request.method != "GET" and request.url.path != "/graphql":
            return JSONResponse({"message": "Resource not accessible by integration"}, 403)
        return await call_next(request)

    def commit(sha: str) -> dict[str, Any]:
        parent = github.parents.get(sha)
        url = f"{github.url}{repo}/commits/{sha}"
        return {
            "sha": sha,
            "url": url,
            "parents": [{"sha": parent, "url": f"{github.url}{repo}/commits/{parent}"}] if parent else [],
        }

    @app.get(repo + "/compare/{spec:path}")
    async def compare(spec: str) -> Any:
        return {
            "url": f"{github.url}{repo}/compare/{spec}",
            "merge_base_commit": commit(github.merge_base),
            "commits": [],
            "files": [],
        }

    @app.get(repo + "/commits")
    async def commits(sha: str) -> Any:
        chain: list[Any] = []
        at: str | None = sha
        while at and len(chain) < 100:
            chain.append(commit(at))
            at = github.parents.get(at)
        return chain

    @app.get(repo + "/commits/{sha}/check-runs")
    async def check_runs(sha: str, check_name: str, filter: str = "latest") -> Any:
        found = [check for check in github.checks if check["head_sha"] == sha and check["name"] == check_name]
        return {"total_count": len(found), "check_runs": found}

    @app.get(repo + "/commits/{sha}/pulls")
    async def pulls(sha: str) -> Any:
        return (
            [{"number": github.number, "state": "open", "url": f"{github.url}{repo}/pulls/{github.number}"}]
            if sha == github.head
            else []
        )

    @app.get(repo + "/commits/{sha}")
    async def get_commit(sha: str) -> Any:
        return commit(sha)

    @app.get(repo + "/pulls/{number}")
    async def pull(number: int) -> Any:
        return {"number": number, "url": "x", "head": {"sha": github.head}, "base": {"ref": "main"}}

    @app.post(repo + "/check-runs")
    async def create_check(request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("POST /repos/{owner}/{repo}/check-runs", body))
        completed_at = body.get("completed_at") or dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        github.checks.append({**body, "id": len(github.checks) + 1, "completed_at": completed_at})
        return JSONResponse(github.checks[-1], 201)

    @app.get(repo + "/issues/{number}")
    async def issue(number: int) -> Any:
        return {"number": number, "url": f"{github.url}{repo}/issues/{number}"}

    @app.get(repo + "/issues/{number}/comments")
    async def comments(number: int) -> Any:
        return github.comments

    @app.post(repo + "/issues/{number}/comments")
    async def create_comment(number: int, request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", body))
        return JSONResponse(github.add_comment(f"{github.viewer}[bot]", body["body"]), 201)

    @app.patch(repo + "/issues/comments/{number}")
    async def edit_comment(number: int, request: Request) -> Any:
        body = await request.json()
        github.bodies.append(("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", body))
        comment = next(comment for comment in github.comments if comment["id"] == number)
        comment["body"] = body["body"]
        return comment

    @app.post("/graphql")
    async def graphql() -> Any:
        return {"data": {"viewer": {"login": github.viewer}}}

    return app


@contextmanager
def serving(github: FakeGitHub) -> Iterator[FakeGitHub]:
    """Serve `github` on loopback."""
    with running(create(github)) as url:
        github.url = url
        yield github
