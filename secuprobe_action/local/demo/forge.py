"""What a run asks of GitHub about its pull request, answered on loopback, so that the demo can show what would be there.

There is one pull request of one commit, without a past: what the demo compares with is a scan that it names itself.
"""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request

REPOSITORY = "your-team/teapot-shop"
PULL = 1
_REPO = f"/repos/{REPOSITORY}"
_BOT = "github-actions[bot]"
_APP = {"id": 15368, "slug": "github-actions"}


@dataclass
class Forge:
    """The pull request, as the run leaves it.

    Attributes:
        head: its commit.
        check: the check run, as GitHub's API would tell it; empty while there is none.
        comments: the comments, likewise.
    """

    head: str = field(default_factory=lambda: secrets.token_hex(20))
    check: dict[str, Any] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)

    def event(self) -> Mapping[str, Any]:
        """Return the event that the run is about."""
        repository = {"full_name": REPOSITORY, "default_branch": "main"}
        head = {"sha": self.head, "repo": {"full_name": REPOSITORY}}
        pull = {"number": PULL, "head": head, "base": {"ref": "main", "repo": {"full_name": REPOSITORY}}}
        return {"repository": repository, "pull_request": pull}

    def environment(self, url: str) -> Mapping[str, str]:
        """Return what the runner would set, with the API at `url`."""
        return {
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": self.head,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_RUN_ID": "1",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/security.yml@refs/pull/{PULL}/merge",
        }


def create_forge(forge: Forge) -> FastAPI:
    """Return the API, as far as a run asks for it (docs.github.com, "REST API"), as an ASGI application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ids = itertools.count(1)

    @app.post("/graphql")
    async def viewer() -> Any:
        return {"data": {"viewer": {"login": _BOT}}}

    @app.get(_REPO + "/compare/{spec:path}")
    async def compare(spec: str) -> Any:
        return {"merge_base_commit": {"sha": "0" * 40, "parents": []}, "commits": [], "files": []}

    @app.get(f"{_REPO}/pulls/{PULL}")
    async def pull() -> Any:
        return {"number": PULL, "state": "open", "head": {"sha": forge.head}, "base": {"ref": "main"}}

    _add_check(app, forge, ids)
    _add_comments(app, forge, ids)
    return app


def _add_check(app: FastAPI, forge: Forge, ids: Iterator[int]) -> None:
    @app.get(_REPO + "/commits/{sha}/check-runs")
    async def checks(sha: str) -> Any:
        return {"total_count": 0, "check_runs": []}

    @app.post(_REPO + "/check-runs", status_code=201)
    async def create_check(request: Request) -> Any:
        number = next(ids)
        url = f"{request.base_url}{_REPO[1:]}/check-runs/{number}"
        forge.check = {"id": number, "url": url, "app": _APP, **await request.json()}
        return forge.check

    @app.patch(_REPO + "/check-runs/{number}")
    async def edit_check(number: int, request: Request) -> Any:
        forge.check |= await request.json()
        return forge.check


def _add_comments(app: FastAPI, forge: Forge, ids: Iterator[int]) -> None:
    @app.get(f"{_REPO}/issues/{PULL}/comments")
    async def comments() -> Any:
        return forge.comments

    @app.post(f"{_REPO}/issues/{PULL}/comments", status_code=201)
    async def create_comment(request: Request) -> Any:
        number = next(ids)
        url = f"{request.base_url}{_REPO[1:]}/issues/comments/{number}"
        made = {"id": number, "url": url, "user": {"login": _BOT, "id": 1, "type": "Bot"}, **await request.json()}
        forge.comments.append(made)
        return made
