"""A small Bitbucket: Code Insights and the commits of a repository, with the limits that its API documents."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fake_http import Answer, Asked, Fake
from tests.git_history import History

REPOSITORY = "/2.0/repositories/team/app"
TOKEN = "bb-token"


@dataclass
class FakeBitbucket(Fake):
    """A repository's state.

    Attributes:
        history: its commits.
        reports: reports by commit and id.
        annotations: those of each report.
        proxied: whether it is asked through a pipeline's proxy, which authenticates and lets reports through only.
    """

    history: History = field(default_factory=History)
    reports: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    annotations: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    proxied: bool = False
    builds: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def step(self, sha: str, build: int | None = None, attempt: int = 1) -> dict[str, str]:
        """Begin a step and return its variables.

        Args:
            sha: its commit.
            build: the pipeline that it runs in, or None for one of its own.
            attempt: which try of it.
        """
        token = {} if self.proxied else {"SECUPROBE_BITBUCKET_TOKEN": TOKEN, "SECUPROBE_BITBUCKET_API_URL": self.url}
        return {
            "BITBUCKET_BUILD_NUMBER": str(next(self.builds) if build is None else build),
            "BITBUCKET_STEP_RUN_NUMBER": str(attempt),
            "BITBUCKET_WORKSPACE": "team",
            "BITBUCKET_REPO_SLUG": "app",
            "BITBUCKET_REPO_UUID": "{5}",
            "BITBUCKET_COMMIT": sha,
            **token,
        }

    def respond(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("http://api.bitbucket.org")
        own = re.fullmatch(REPOSITORY + r"/commit/(\w+)/reports/([\w-]+)(/annotations)?", path)
        if not (self.proxied and own) and asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"type": "error", "error": {"message": "Access token missing"}})
        if own and own[1] in self.history.parents:
            return self._report(asked, (own[1], own[2]), annotated=bool(own[3]))
        return self._repository(asked, path.removeprefix(REPOSITORY))

    def _report(self, asked: Asked, key: tuple[str, str], *, annotated: bool) -> Answer:
        if annotated:
            listed = self.annotations.setdefault(key, [])
            assert len(asked.body) <= 100
            listed += asked.body
            assert len(listed) <= 1_000
            return Answer(200, asked.body)
        match asked.method:
            case "PUT":
                report = asked.body
                assert len(report["details"]) <= 2_000
                assert len(report["title"]) <= 450
                assert len(report["data"]) <= 10
                self.reports[key] = report
            case "DELETE":
                self.annotations.pop(key, None)
                return Answer(204 if self.reports.pop(key, None) else 404)
        return Answer(200, self.reports[key]) if key in self.reports else Answer(404, {"type": "error"})

    def _repository(self, asked: Asked, path: str) -> Answer:
        history = self.history
        if path.strip("/") == "":
            return Answer(200, {"mainbranch": {"name": history.default, "type": "branch"}})
        if path == "/refs/branches":
            wanted = asked.only("q")
            heads = [(name, head) for name, head in history.branches.items() if wanted == f'name = "{name}"']
            return Answer(200, {"values": [{"name": name, "target": {"hash": head}} for name, head in heads]})
        between = re.fullmatch(r"/merge-base/(\w+)\.\.(\w+)", path)
        if between:
            known = between[1] in history.parents
            base = history.merge_base(between[2], between[1]) if known else None
            return Answer(200, {"hash": base}) if base else Answer(404, {"type": "error"})
        one = re.fullmatch(r"/commit/(\w+)", path)
        if one and one[1] in history.parents:
            return Answer(200, {"hash": one[1]})
        since = re.fullmatch(r"/commits/(\w+)", path)
        if since and since[1] in history.parents:
            listed = history.log(since[1])[: int(asked.only("pagelen", "30"))]
            values = [{"hash": each, "parents": [{"hash": parent} for parent in history.parents[each]]} for each in listed]
            return Answer(200, {"values": values})
        return Answer(404, {"type": "error"})
