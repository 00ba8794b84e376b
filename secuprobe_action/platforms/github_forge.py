"""GitHub's API, through PyGithub: check runs, what they keep, and comments."""

import base64
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import github
from github.CheckRun import CheckRun
from github.CheckRunOutput import CheckRunOutput
from github.Commit import Commit
from github.GithubApp import GithubApp
from github.GithubRetry import GithubRetry
from github.Repository import Repository

from secuprobe_action import __version__
from secuprobe_action.network import Network
from secuprobe_action.platforms.ancestry import Parents, first_parents
from secuprobe_action.platforms.base import Check, Comment, ForgeError, Kept, Lineage, Subject
from secuprobe_action.platforms.github_comments import comment_on, login_of
from secuprobe_action.platforms.github_connections import connected_by
from secuprobe_action.platforms.github_errors import asking, said
from secuprobe_action.platforms.github_event import PullHead, subject_of
from secuprobe_action.platforms.github_issues import GitHubIssues
from secuprobe_action.platforms.issues import Issues
from secuprobe_action.text import one_line

REQUEST_TIMEOUT_S = 10
CERTAIN_TIMEOUT_S = 12
"""After which GitHub has ended a request itself, so that it won't be carried out any more (docs.github.com, "Troubleshooting the
REST API", timeout: 10 s)."""

MAX_KEPT = 1_000
"""Check runs of a name that are looked at on a commit: more are no honest use, and not to be read in time."""

MAX_NAME = MAX_LINE = 255


class GitHubForge:
    """GitHub, or a GitHub Enterprise Server (`GITHUB_API_URL`).

    PyGithub's defaults suit a script, not a gate: it would pause between requests, repeat writes (a second comment) and sleep
    out a rate limit for an hour.

    Args:
        token: the workflow's token, or an app's.
        environment: the process's environment.
        event: what triggered the workflow.
        commit: the commit under test where the user names it, or None for the event's.
    """

    keeps_text = True

    def __init__(self, token: str, environment: Mapping[str, str], event: Mapping[str, Any], commit: str | None) -> None:
        self._environment = environment
        self._token = token
        self._event = event
        self._named_commit = commit
        # By its number, which outlives a new name.
        self.repository = environment.get("GITHUB_REPOSITORY_ID") or environment["GITHUB_REPOSITORY"]
        self.run = re.sub(r"\D", "", environment.get("GITHUB_RUN_ID", ""))
        self.attempt = int(re.sub(r"\D", "", environment.get("GITHUB_RUN_ATTEMPT", "")) or 1)
        self._app_id: int | None = None
        self._github = self._connected(
            GithubRetry(
                total=2,
                backoff_factor=0.5,
                secondary_rate_wait=3,
                max_rate_limit_wait=3,
                allowed_methods=["GET", "PATCH"],  # which do no more the second time; a second POST would make two
                raise_on_status=False,  # GitHub's last answer says why
            ),
            REQUEST_TIMEOUT_S,
        )
        # For what isn't worth a second try, and must have come to nothing before what comes after it is sent.
        self._once = self._connected(None, CERTAIN_TIMEOUT_S)

    def _connected(self, retry: GithubRetry | None, timeout_s: int) -> github.Github:
        environment = self._environment
        with connected_by(Network.of(environment)):
            return github.Github(
                auth=github.Auth.Token(self._token),
                base_url=environment.get("GITHUB_API_URL") or "https://api.github.com",
                user_agent=f"secuprobe-scan-action/{__version__}",
                timeout=timeout_s,
                per_page=100,
                seconds_between_requests=0,
                seconds_between_writes=0,
                retry=retry,
                lazy=True,
            )

    @property
    def issues(self) -> Issues:
        """The repository's issues."""
        return GitHubIssues(self._repository, lambda: self._viewer, self._token)

    def subject(self) -> Subject:
        """Return the named commit, or what the event says; its pull requests are asked for where they are needed."""
        return self._subject

    def is_current(self, subject: Subject) -> bool:
        """Whether the commit is still the head of the pull requests that the event names."""
        if not subject.moves:
            return True
        return asking(
            "read the pull request", lambda: all(self._head(number) == subject.commit for number in subject.pulls or ())
        )

    def lineage(self, commit: str) -> Lineage:
        """Ask for the merge base with the default branch: it is the commit itself where that branch holds it."""
        base = asking("compare commits", lambda: self._merge_base(commit))
        return (
            Lineage(on_default=False, commits=iter(()))
            if base is None
            else Lineage(base.sha == commit, first_parents(base.sha, self._parents_from, {base.sha: _first_parent(base)}))
        )

    def room(self, scan_id: str, report_url: str) -> int:
        """Return what an `external_id` holds."""
        return MAX_LINE

    def kept(self, commit: str, name: str, site: str) -> Sequence[Kept]:
        """Return what check runs of this token's own app hold: of others, anybody may have written it."""
        return asking("read check runs", lambda: self._kept(commit, name))

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        """Create a check run on the commit, or change one; its `external_id` and its text keep the memory."""
        return asking("write a check run", lambda: self._publish_check(check, commit, check_id))

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Change a check run's output, and what is kept with it; never whether it is concluded."""
        asking("write a check run", lambda: self._describe(check, check_id))

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Edit this token's own comment of that name and site on each pull request, or make one."""
        asking("comment on the pull request", lambda: self._publish_comment(comment, subject))

    def upload_sarif(self, zipped: bytes) -> None:
        """Upload a report for the commit and the ref that the workflow runs for: for a pull request its merge.

        The ref must be a branch's, a tag's or a pull request's in full (docs.github.com, "Upload an analysis as SARIF data").
        """
        ref = self._environment.get("GITHUB_REF", "")
        if not re.match("refs/(heads|tags|pull)/", ref):
            raise ForgeError("GITHUB_REF names no branch, tag or pull request whose alerts they could be")
        body = {
            "commit_sha": self._environment.get("GITHUB_SHA", ""),
            "ref": ref,
            "sarif": base64.b64encode(zipped).decode("ascii"),
            "tool_name": "SecuProbe",
        }
        url = f"{self._repository.url}/code-scanning/sarifs"
        asking("upload SARIF", lambda: self._repository.requester.requestJsonAndCheck("POST", url, input=body))

    @cached_property
    def _repository(self) -> Repository:
        return self._github.get_repo(self._environment["GITHUB_REPOSITORY"])

    @cached_property
    def _subject(self) -> Subject:
        if self._named_commit:
            return Subject(self._named_commit)
        name = self._environment.get("GITHUB_EVENT_NAME", "")
        found = subject_of(name, self._event, self._environment.get("GITHUB_SHA", ""))
        if isinstance(found, PullHead):
            return Subject(asking("read the pull request", lambda: self._head(found.number)), (found.number,))
        if found is None:
            raise ForgeError(
                f"the event {one_line(name, 50) or '(none)'} doesn't say which commit is scanned; the input commit may"
            )
        return found

    def _head(self, number: int) -> str:
        return self._repository.get_pull(number).head.sha

    def _merge_base(self, commit: str) -> Commit | None:
        # The event tells the branch without a request; a workflow without it asks for the repository.
        match self._event:
            case {"repository": {"default_branch": str(branch)}}:
                pass
            case _:
                branch = self._github.get_repo(self._environment["GITHUB_REPOSITORY"], lazy=False).default_branch
        try:
            return self._repository.compare(branch, commit, comparison_commits_per_page=1).merge_base_commit
        except github.GithubException as error:
            if error.status == 404 and "No common ancestor" in said(error):  # an answer: the branch has a history of its own
                return None
            raise

    def _parents_from(self, sha: str) -> Parents:
        """Return the commit and its newest ancestors, each with its first parent."""
        commits = asking("read commits", lambda: self._repository.get_commits(sha=sha).get_page(0))
        return {each.sha: _first_parent(each) for each in commits}

    def _kept(self, commit: str, name: str) -> Sequence[Kept]:
        runs = self._repository.get_commit(commit).get_check_runs(check_name=_name(name), filter="all")
        found = list(islice(runs, MAX_KEPT + 1))
        if len(found) > MAX_KEPT:
            raise ForgeError(f"commit {commit[:12]} has more than {MAX_KEPT:,} check runs of that name")
        return [
            Kept(run.id, run.external_id, _epoch(run.completed_at), _epoch(run.started_at), text=_text(run))
            for run in found
            if run.external_id and self._is_own(run)
        ]

    def _is_own(self, run: CheckRun) -> bool:
        app: GithubApp | None = run.app
        if app is None:
            return False
        if self._app_id is not None:
            return app.id == self._app_id
        # An app's login is its slug with `[bot]`. A user's token makes no check runs, so none is its own.
        return app.slug == self._viewer

    def _publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        at = dt.datetime.fromtimestamp(check.at, dt.UTC)
        body: dict[str, Any] = {"output": _output(check)}
        body |= {"details_url": check.report_url} if check.report_url else {}
        body |= {"external_id": check.line} if check.line else {}
        if check.conclusion is None:
            body |= {"status": "in_progress", "started_at": at}
        else:
            body |= {"status": "completed", "conclusion": check.conclusion.value, "completed_at": at}
        if check_id is not None:
            self._repository.get_check_run(check_id).edit(**body)
            return check_id
        run = self._repository.create_check_run(name=_name(check.name), head_sha=commit, **body)
        app: GithubApp | None = run.app
        self._app_id = app.id if app is not None else None
        return run.id

    def _describe(self, check: Check, check_id: int) -> None:
        body: dict[str, Any] = {"output": _output(check)} | ({"external_id": check.line} if check.line else {})
        self._once.get_repo(self._environment["GITHUB_REPOSITORY"]).get_check_run(check_id).edit(**body)

    def _publish_comment(self, comment: Comment, subject: Subject) -> None:
        pulls = self._open_pulls(subject.commit) if subject.pulls is None else subject.pulls
        for number in pulls:
            comment_on(self._repository.get_issue(number), comment, lambda: self._viewer)

    def _open_pulls(self, commit: str) -> Sequence[int]:
        """Return the open pull requests whose head is the commit, not those that merely contain it."""
        pulls = self._repository.get_commit(commit).get_pulls()
        return [pull.number for pull in pulls if pull.state == "open" and pull.head.sha == commit]

    @cached_property
    def _viewer(self) -> str:
        """Whose token it is. A workflow's token may not ask REST's `GET /user`; GraphQL tells."""
        _, data = self._github.requester.graphql_query("query { viewer { login } }", {})
        return login_of(data["data"]["viewer"]["login"])


def _output(check: Check) -> dict[str, str]:
    return {"title": check.title[:255], "summary": check.summary, **({"text": check.text} if check.text else {})}


def _text(run: CheckRun) -> str:
    output: CheckRunOutput | None = run.output
    return output.text or "" if output is not None else ""


def _name(name: str) -> str:
    """Return a check's name as GitHub takes it."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def _first_parent(commit: Commit) -> str | None:
    return commit.parents[0].sha if commit.parents else None


def _epoch(moment: dt.datetime | None) -> float | None:
    return moment.timestamp() if moment else None
