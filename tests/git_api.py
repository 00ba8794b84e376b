"""GitHub's Git database, releases and rulesets over a real repository: as much as a release asks, over real HTTP."""

import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from secuprobe_action.local.background import running
from tests.github_api import REPO, REPOSITORY, Refusal

_AUTHOR = {f"GIT_{who}_{what}": f"{who}@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@dataclass
class GitHubSide:
    """A bare repository, and what GitHub keeps beside it.

    Attributes:
        folder: the repository.
        releases: as they stand, drafts included.
        rulesets: in GitHub's form; `can_bypass` is what each says of this token.
        refuse: what is refused, given `METHOD path` and the body; or None.
        told: each writing request that was taken, with its body.
    """

    folder: Path
    url: str = ""
    releases: list[dict[str, Any]] = field(default_factory=list)
    rulesets: list[dict[str, Any]] = field(default_factory=list)
    refuse: Callable[[str, dict[str, Any]], Refusal | None] = lambda request, body: None
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def git(self, *command: str, given: str = "", **environment: str) -> str:
        """Run git in the repository and return what it printed."""
        shell = {"PATH": os.environ["PATH"], **_AUTHOR, **environment}
        done = subprocess.run(
            ["git", *command], cwd=self.folder, env=shell, input=given, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    @property
    def tags(self) -> dict[str, str]:
        """The commit of each tag."""
        lines = self.git("for-each-ref", "refs/tags", "--format=%(refname:short) %(*objectname) %(objectname)").splitlines()
        return {line.split()[0]: line.split()[1] for line in lines}

    def refs(self) -> list[str]:
        """Return the names of all refs."""
        return self.git("for-each-ref", "--format=%(refname)").splitlines()

    def forbid(self, *rules: str, pattern: str = "refs/tags/v*", can_bypass: str = "never") -> None:
        """Add a ruleset for tags."""
        number = next(self.ids)
        ruleset = {"id": number, "name": f"ruleset {number}", "target": "tag", "enforcement": "active"}
        conditions = {"ref_name": {"include": [pattern], "exclude": []}}
        rulings = [{"type": rule} for rule in rules]
        self.rulesets.append({**ruleset, "conditions": conditions, "rules": rulings, "current_user_can_bypass": can_bypass})


def create(side: GitHubSide) -> FastAPI:
    """Return the API as an ASGI application."""
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        asked = f"{request.method} {request.url.path.removeprefix(REPO)}"
        body = await request.json() if request.method in ("POST", "PATCH") else {}
        if refused := side.refuse(asked, body):
            return JSONResponse({"message": refused[1]}, refused[0])
        if request.method != "GET":
            side.told.append((asked, body))
        return await call_next(request)

    @app.get(REPO)
    async def repository() -> Any:
        return {"full_name": REPOSITORY, "url": f"{side.url}{REPO}"}

    _add_objects(app, side)
    _add_refs(app, side)
    _add_rulesets(app, side)
    _add_releases(app, side)
    return app


def _add_objects(app: FastAPI, side: GitHubSide) -> None:
    @app.get(REPO + "/git/commits/{sha}")
    async def commit(sha: str) -> Any:
        tree, *parents = side.git("show", "--no-patch", "--format=%T %P", sha).split()
        url = f"{side.url}{REPO}/git/commits"
        return {"sha": sha, "url": f"{url}/{sha}", "tree": {"sha": tree}, "parents": [{"sha": each} for each in parents]}

    @app.post(REPO + "/git/trees")
    async def make_tree(request: Request) -> Any:
        body = await request.json()
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            side.git("read-tree", body["base_tree"], **index)
            for entry in body["tree"]:
                blob = side.git("hash-object", "-w", "--stdin", given=entry["content"])
                side.git("update-index", "--add", "--cacheinfo", f"{entry['mode']},{blob},{entry['path']}", **index)
            return JSONResponse({"sha": side.git("write-tree", **index)}, 201)

    @app.post(REPO + "/git/commits")
    async def make_commit(request: Request) -> Any:
        body = await request.json()
        parents = [part for sha in body["parents"] for part in ("-p", sha)]
        return JSONResponse({"sha": side.git("commit-tree", body["tree"], *parents, "-m", body["message"])}, 201)


def _add_refs(app: FastAPI, side: GitHubSide) -> None:
    def shown(ref: str) -> Any:
        sha = side.git("for-each-ref", ref, "--format=%(objectname)")
        if not sha:
            return JSONResponse({"message": "Not Found"}, 404)
        target = {"sha": sha, "type": side.git("cat-file", "-t", sha)}
        return {"ref": ref, "url": f"{side.url}{REPO}/git/{ref}", "object": target}

    @app.get(REPO + "/tags")
    async def tags() -> Any:
        return [{"name": name, "commit": {"sha": sha}} for name, sha in side.tags.items()]

    @app.get(REPO + "/git/tags/{sha}")
    async def tag(sha: str) -> Any:
        return {"sha": sha, "object": {"sha": side.git("rev-parse", f"{sha}^{{commit}}"), "type": "commit"}}

    @app.get(REPO + "/git/ref/{name:path}")
    async def ref(name: str) -> Any:
        return shown(f"refs/{name}")

    @app.post(REPO + "/git/refs")
    async def make_ref(request: Request) -> Any:
        body = await request.json()
        side.git("update-ref", body["ref"], body["sha"], "")
        return JSONResponse(shown(body["ref"]), 201)

    @app.patch(REPO + "/git/refs/{name:path}")
    async def move_ref(name: str, request: Request) -> Any:
        side.git("update-ref", f"refs/{name}", (await request.json())["sha"])
        return shown(f"refs/{name}")

    @app.delete(REPO + "/git/refs/{name:path}")
    async def remove_ref(name: str) -> Any:
        side.git("update-ref", "-d", f"refs/{name}")
        return Response(status_code=204)


def _add_rulesets(app: FastAPI, side: GitHubSide) -> None:
    @app.get(REPO + "/rulesets")
    async def rulesets() -> Any:
        return [{key: each[key] for key in ("id", "name", "target", "enforcement")} for each in side.rulesets]

    @app.get(REPO + "/rulesets/{number}")
    async def ruleset(number: int) -> Any:
        return next(each for each in side.rulesets if each["id"] == number)


def _add_releases(app: FastAPI, side: GitHubSide) -> None:
    @app.get(REPO + "/releases/tags/{tag}")
    async def release(tag: str) -> Any:
        found = [each for each in side.releases if each["tag_name"] == tag and not each["draft"]]
        return found[0] if found else JSONResponse({"message": "Not Found"}, 404)

    @app.post(REPO + "/releases")
    async def make_release(request: Request) -> Any:
        number = next(side.ids)
        side.releases.append({"id": number, "url": f"{side.url}{REPO}/releases/{number}", **await request.json()})
        return JSONResponse(side.releases[-1], 201)

    @app.patch(REPO + "/releases/{number}")
    async def edit_release(number: int, request: Request) -> Any:
        found = next(each for each in side.releases if each["id"] == number)
        found.update(await request.json())
        return found

    @app.delete(REPO + "/releases/{number}")
    async def remove_release(number: int) -> Any:
        side.releases[:] = [each for each in side.releases if each["id"] != number]
        return Response(status_code=204)


@contextmanager
def serving(side: GitHubSide) -> Iterator[GitHubSide]:
    """Serve it on loopback."""
    with running(create(side)) as url:
        side.url = url
        yield side
