"""GitHub's API, through PyGithub: check runs, comments, and the baseline that earlier check runs tell of."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import github
import requests
from github.Commit import Commit
from github.GithubRetry import GithubRetry
from github.Repository import Repository

from secuprobe_action import __version__
from secuprobe_action.findings.baseline import FINGERPRINT_VERSION
from secuprobe_action.network import Network
from secuprobe_action.platforms.base import Check, Comment, ForgeError, FoundBaseline
from secuprobe_action.platforms.github_connections import connected_by
from secuprobe_action.platforms.marker import Marker, digest

REQUEST_TIMEOUT_S = 10
MAX_COMMITS = 20
"""How far back from the merge base a check run is looked for."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Subject:
    """What a run is about.

    Args:
        head: the commit under test: the pull request's own, not the merge that GitHub made of it.
        number: the pull request's, or None.
        base_ref: the branch that a pull request would go into, or None.
        base: the commit to look for a baseline from where there is no `base_ref`; the head itself where nothing was pushed, as
            on a schedule: the site may have changed although the code has not.
    """

    head: str
    number: int | None = None
    base_ref: str | None = None
    base: str | None = None


class GitHubForge:
    """GitHub, or a GitHub Enterprise Server (`GITHUB_API_URL`).

    PyGithub's defaults suit a script, not a gate: it would pause between requests, repeat writes (a second comment) and sleep
    out a rate limit for an hour.

    Args:
        token: the workflow's token, or a user's.
        environment: the process's environment.
        event: what triggered the workflow.
    """

    def __init__(self, token: str, environment: Mapping[str, str], event: Mapping[str, Any]) -> None:
        self._environment = environment
        self._event = event
        self._run_id = environment.get("GITHUB_RUN_ID", "")
        with connected_by(Network.of(environment)):
            self._github = github.Github(
                auth=github.Auth.Token(token),
                base_url=environment.get("GITHUB_API_URL") or "https://api.github.com",
                user_agent=f"secuprobe-scan-action/{__version__}",
                timeout=REQUEST_TIMEOUT_S,
                per_page=100,
                seconds_between_requests=0,
                seconds_between_writes=0,
                retry=GithubRetry(
                    total=2, backoff_factor=0.5, secondary_rate_wait=3, max_rate_limit_wait=3, allowed_methods=["GET"]
                ),
                lazy=True,
            )

    def find_baseline(self, name: str, scanned_url: str | None) -> FoundBaseline | None:
        """Look at the merge base, then at its first parents: the first with a check run of that name tells the scan.

        Check runs of this workflow run don't count: a second attempt is compared with what the first one was.
        """
        return _asking("read check runs", "checks: read", lambda: self._find_baseline(name, scanned_url))

    def publish_check(self, check: Check) -> None:
        """Create a check run on the head commit, whose `external_id` carries the scan for later runs."""
        _asking("write a check run", "checks: write", lambda: self._publish_check(check))

    def publish_comment(self, comment: Comment) -> None:
        """Edit this token's own comment of that name, or make one."""
        _asking("comment on the pull request", "pull-requests: write", lambda: self._publish_comment(comment))

    def _find_baseline(self, name: str, scanned_url: str | None) -> FoundBaseline | None:
        for commit in self._base_commits():
            runs = [(run, Identity.parse(run.external_id)) for run in commit.get_check_runs(check_name=name, filter="all")]
            known = [
                (run.completed_at, identity)
                for run, identity in runs
                if identity and run.completed_at and not (self._run_id and identity.run == self._run_id)
            ]
            # Several URLs may share a name. A preview's URL differs at each commit, so one other URL will do; of two, none.
            same = [each for each in known if each[1].url == digest(scanned_url)]
            if not same and len({identity.url for _, identity in known}) == 1:
                same = known
            if same:
                completed_at, identity = max(same, key=lambda each: each[0])
                return FoundBaseline(identity.scan_id, commit.sha, (dt.datetime.now(dt.UTC) - completed_at).total_seconds())
        return None

    def _base_commits(self) -> Iterator[Commit]:
        """Yield the commits to look at, newest first; one request gives their parents."""
        start = self._base()
        commits = {commit.sha: commit for commit in self._repository.get_commits(sha=start).get_page(0)} if start else {}
        sha: str | None = start
        for _ in range(MAX_COMMITS):
            if sha not in commits:
                return
            commit = commits[sha]
            yield commit
            sha = commit.parents[0].sha if commit.parents else None

    def _base(self) -> str | None:
        subject = self._subject
        if subject.base_ref:
            return self._repository.compare(subject.base_ref, subject.head).merge_base_commit.sha
        return subject.base

    def _publish_check(self, check: Check) -> None:
        conclusion = "neutral" if check.passed is None else "success" if check.passed else "failure"
        optional: dict[str, Any] = {}
        if check.report_url:
            optional["details_url"] = check.report_url
        if check.scan_id:
            optional["external_id"] = str(Identity(check.scan_id, digest(check.scanned_url), self._run_id))
        self._repository.create_check_run(
            name=check.name,
            head_sha=self._subject.head,
            status="completed",
            conclusion=conclusion,
            output={"title": check.title[:255], "summary": check.summary},
            **optional,
        )

    def _publish_comment(self, comment: Comment) -> None:
        number = self._number()
        if number is None:
            return
        issue = self._repository.get_issue(number)
        marker = Marker(comment.name, digest(comment.scanned_url), self._run_id)
        body = f"{marker}\n{comment.body}"
        author = self._viewer
        existing = marker.find((each, each.body) for each in issue.get_comments() if _login(each.user.login) == author)
        if existing is not None:
            existing.edit(body)
        elif comment.may_create:
            issue.create_comment(body)

    @cached_property
    def _viewer(self) -> str:
        """Whose token it is. A workflow's token may not ask REST's `GET /user`; GraphQL tells."""
        _, data = self._github.requester.graphql_query("query { viewer { login } }", {})
        return _login(data["data"]["viewer"]["login"])

    @cached_property
    def _repository(self) -> Repository:
        return self._github.get_repo(self._environment["GITHUB_REPOSITORY"])

    @cached_property
    def _subject(self) -> Subject:
        match self._event:
            case {"pull_request": {"number": int(number), "head": {"sha": str(head)}, "base": {"ref": str(base_ref)}}}:
                return Subject(head, number, base_ref)
            case {"merge_group": {"head_sha": str(head), "head_ref": str(head_ref), "base_sha": str(base)}}:
                queued = re.search(r"/pr-(\d+)-[0-9a-f]+$", head_ref)
                return Subject(head, int(queued[1]) if queued else None, base=base)
            case {"issue": {"number": int(number), "pull_request": _}}:
                pull = self._repository.get_pull(number)
                return Subject(pull.head.sha, number, pull.base.ref)
            case {"before": str(before)} if before.strip("0"):
                return Subject(self._environment.get("GITHUB_SHA", ""), base=before)
        head = self._environment.get("GITHUB_SHA", "")
        return Subject(head, base=head)

    def _number(self) -> int | None:
        """Return the pull request's number; a push is to the open one of its commit, if there is one."""
        if self._subject.number is not None:
            return self._subject.number
        pulls = self._repository.get_commit(self._subject.head).get_pulls()
        return next((pull.number for pull in pulls if pull.state == "open"), None)


@dataclass(frozen=True)
class Identity:
    """What a check run's `external_id` carries."""

    scan_id: str
    url: str
    run: str

    def __str__(self) -> str:
        return f"secuprobe:{FINGERPRINT_VERSION}:{self.scan_id}:{self.url}:{self.run}"

    @classmethod
    def parse(cls, external_id: str | None) -> "Identity | None":
        """Return the identity in an `external_id`, or None where it isn't ours or of another version."""
        match = re.fullmatch(
            rf"secuprobe:{FINGERPRINT_VERSION}:([A-Za-z0-9._~-]{{1,128}}):([0-9a-f]*):([0-9]*)", external_id or ""
        )
        return cls(*match.groups()) if match else None


def _login(login: str) -> str:
    """Return a login as both of GitHub's APIs can be compared: REST appends `[bot]`."""
    return login.removesuffix("[bot]").lower()


def _asking(what: str, permission: str, ask: Callable[[], _Result]) -> _Result:
    """Turn what can go wrong with GitHub's API into one kind of error, with the permission that may be missing."""
    try:
        return ask()
    except github.RateLimitExceededException as error:
        raise ForgeError(f"GitHub's rate limit did not allow to {what}") from error
    except github.GithubException as error:
        if error.status in (401, 403, 404):
            hint = f"add the permission `{permission}` to the job; a pull request from a fork has a read-only token"
            raise ForgeError(f"GitHub did not allow to {what} ({error.status}): {hint}") from error
        raise ForgeError(f"GitHub answered {error.status} when asked to {what}") from error
    except (requests.RequestException, TimeoutError) as error:
        raise ForgeError(f"GitHub could not be reached to {what} ({type(error).__name__})") from error
    except (KeyError, TypeError, AttributeError, ValueError, AssertionError) as error:
        raise ForgeError(f"GitHub's answer when asked to {what} was not understood ({type(error).__name__})") from error
