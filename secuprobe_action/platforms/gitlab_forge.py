"""GitLab's side of a run: commit statuses, what they keep, the project's commits, and notes on the merge request."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx

from secuprobe_action.platforms.base import NO_ALERTS, NO_ROOM, Check, Comment, Conclusion, ForgeError, Kept, Lineage, Subject
from secuprobe_action.platforms.gitlab_api import MAX_LISTED, PASSING_S, GitLabApi, accepted, content, message, pages
from secuprobe_action.platforms.gitlab_issues import GitLabIssues
from secuprobe_action.platforms.issues import Issues
from secuprobe_action.platforms.marker import Marker
from secuprobe_action.text import one_line

# docs.gitlab.com, Commits API, "Set commit pipeline status"; GenericCommitStatus
MAX_CHARS = 255
"""Of a status' name, its description and its target URL."""

_BEGIN = "#secuprobe:"

_STATES = {
    None: "running",
    Conclusion.SUCCESS: "success",
    Conclusion.NEUTRAL: "success",
    Conclusion.FAILURE: "failed",
    Conclusion.TIMED_OUT: "failed",
    Conclusion.CANCELLED: "canceled",
}


class GitLabForge:
    """A project of GitLab's.

    Args:
        api: its API.
        environment: the job's.
        commit: the commit under test where the user names it, or None for the pipeline's.
    """

    keeps_text = False

    def __init__(self, api: GitLabApi, environment: Mapping[str, str], commit: str | None) -> None:
        self._api = api
        self._environment = environment
        self.repository = environment.get("CI_PROJECT_ID", "")
        self.run = _digits(environment.get("CI_PIPELINE_ID", ""))
        # A merged results pipeline runs with a commit of its own; the variable names the source branch's then.
        self._own_sha = environment.get("CI_COMMIT_SHA", "")
        own = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or self._own_sha
        self._shas = {} if commit else {own: self._own_sha}
        self._iid = _digits(environment.get("CI_MERGE_REQUEST_IID", ""))
        self._subject = Subject(commit or own, (int(self._iid),) if self._iid else ())
        self._line: str | None = None
        self._user: Mapping[str, Any] | None = None
        self._note_numbers: dict[Marker, int] = {}
        self._is_in_doubt = False

    @cached_property
    def attempt(self) -> int:
        """Which try of its pipeline's job this is: no variable says it, the pipeline's jobs do."""
        name, own = self._environment.get("CI_JOB_NAME"), _digits(self._environment.get("CI_JOB_ID", ""))
        if not (self.run and name and own):
            return 1
        path = f"/pipelines/{self.run}/jobs"
        return self._api.asking(
            lambda http: 1 + sum(_is_earlier(job, name, int(own)) for job in pages(http, path, include_retried="true"))
        )

    @property
    def issues(self) -> Issues:
        """The project's issues."""
        return GitLabIssues(self._api)

    def subject(self) -> Subject:
        """Return the pipeline's commit and merge request.

        Raises:
            ForgeError: no variable says which commit it is.
        """
        if not self._subject.commit:
            raise ForgeError("CI_COMMIT_SHA doesn't say which commit is scanned")
        return self._subject

    def is_current(self, subject: Subject) -> bool:
        """Whether the commit is still the head of the merge request; where GitLab names none, it is."""
        if not self._iid:
            return True
        path = f"/merge_requests/{self._iid}"
        return self._api.asking(lambda http: content(http.get(path)).get("sha") in (None, subject.commit))

    def lineage(self, commit: str) -> Lineage:
        """Ask for the merge base with the default branch: it is the commit itself where that branch holds it.

        CI_MERGE_REQUEST_DIFF_BASE_SHA would save requests, but it is the merge base with the target branch, which may be another.
        """
        base = self._api.asking(lambda http: self._merge_base(http, commit))
        if base is None:
            return Lineage(on_default=False, commits=iter(()))
        return Lineage(base == commit, self._first_parents(base))

    def room(self, scan_id: str, report_url: str) -> int:
        """Return what a status' target URL holds beside the report's address, which it is the fragment of."""
        seen = f":{scan_id}:"
        return MAX_CHARS - len(_target(report_url, seen)) + len(seen)

    def kept(self, commit: str, name: str, site: str) -> Sequence[Kept]:
        """Return what this token's own statuses hold: of others, whoever has the role Developer may have written it."""

        def ask(http: httpx.Client) -> list[Kept]:
            path = f"/repository/commits/{self._shas.get(commit, commit)}/statuses"
            # Those of a job that was run again since are listed on demand only.
            found = list(islice(pages(http, path, name=_name(name), all="true"), MAX_LISTED + 1))
            if len(found) > MAX_LISTED:
                raise ForgeError(f"commit {commit[:12]} has more than {MAX_LISTED:,} statuses of that name")
            lines = [(each, _line(each["target_url"] or "")) for each in found]
            own = self._viewer(http)["id"] if any(line for _, line in lines) else None
            return [
                Kept(each["id"], line, own_time=False)
                for each, line in lines
                if line and (each.get("author") or {}).get("id") == own
            ]

        return self._api.asking(ask)

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        """Write a status of the commit, in the job's own pipeline; GitLab itself finds the one that runs and changes it."""
        if check.text:
            raise ForgeError(NO_ROOM)
        self._line = check.line or self._line
        target = _target(check.report_url or "", self._line)
        body = {
            "state": _STATES[check.conclusion],
            "name": _name(check.name),
            "description": one_line(check.title, MAX_CHARS),
            **({"target_url": target} if 0 < len(target) <= MAX_CHARS else {}),
        }
        return self._api.asking(lambda http: self._post_status(http, body, self._shas.get(commit, commit), check_id))

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Do nothing: a status that runs can't be changed before its end."""

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Edit this token's own note of that name and site, or make one."""
        if not self._iid:
            raise ForgeError("it needs a merge request pipeline")
        if comment.in_passing:
            self._is_in_doubt = True
            self._api.asking(lambda http: self._note_in_passing(http, comment), PASSING_S)
            self._is_in_doubt = False
            return
        self._api.asking(lambda http: self._note(http, comment))
        if self._is_in_doubt:  # what was given up on may have been carried out since: once more, and what is double goes
            with contextlib.suppress(ForgeError):
                self._api.asking(lambda http: self._note(http, comment))

    def upload_sarif(self, zipped: bytes) -> None:
        """Refuse: GitLab has reports of its own for that."""
        raise ForgeError(NO_ALERTS)

    def _merge_base(self, http: httpx.Client, commit: str) -> str | None:
        # By its head: a name may be a tag's as well, and a tag anybody's.
        branch = self._environment.get("CI_DEFAULT_BRANCH", "")
        head = content(http.get(f"/repository/branches/{quote(branch, safe='')}"))["commit"]["id"]
        answer = http.get("/repository/merge_base", params={"refs[]": [head, commit]})
        if answer.status_code == 404 and "Merge Base" in message(answer):  # an answer: the commit has a history of its own
            return None
        base: str = content(answer)["id"]
        return base

    def _first_parents(self, commit: str) -> Iterator[str]:
        """Yield the commit and its first parents, newest first; one request tells of many of them."""
        yield commit
        listing = {"ref_name": commit, "first_parent": "true", "per_page": "100"}
        listed = self._api.asking(lambda http: [each["id"] for each in content(http.get("/repository/commits", params=listing))])
        yield from listed[1:]

    def _post_status(self, http: httpx.Client, body: Mapping[str, str], sha: str, check_id: int | None) -> int:
        own = {"pipeline_id": self.run} if self.run and sha == self._own_sha else {}
        answer = http.post(f"/statuses/{sha}", json={**body, **own})
        if own and answer.status_code == 404:
            # A child pipeline takes no statuses (its parent does); where something else was not found, it won't be now.
            answer = http.post(f"/statuses/{sha}", json=body)
        if body["state"] == "running" and answer.status_code == 400 and "transition" in message(answer):
            return check_id or 0  # it does so already
        number: int = content(answer)["id"]
        return number

    def _viewer(self, http: httpx.Client) -> Mapping[str, Any]:
        if self._user is None:
            self._user = self._api.viewer(http)
        return self._user

    def _note_in_passing(self, http: httpx.Client, comment: Comment) -> None:
        """Write the note by its number, once that is known: one request, whatever else there is on the merge request."""
        number = self._note_numbers.get(Marker(comment.name, comment.site))
        if number is None:
            self._note(http, comment)
        else:
            content(http.put(f"/merge_requests/{self._iid}/notes/{number}", json=_note_body(comment)))

    def _note(self, http: httpx.Client, comment: Comment) -> None:
        notes = f"/merge_requests/{self._iid}/notes"
        marker = Marker(comment.name, comment.site)
        body = _note_body(comment)
        author = self._viewer(http)["username"]
        own = self._own_notes(http, author, marker)
        if own:
            content(http.put(f"{notes}/{own[0]}", json=body))
        elif comment.may_create:
            created = content(http.post(notes, json=body))["id"]
            # Another job may have done so at the same moment: both look again, and both keep the older one.
            own = self._own_notes(http, author, marker)
            if own and own[0] != created:
                content(http.put(f"{notes}/{own[0]}", json=body))
        if own:
            self._note_numbers[marker] = own[0]
        for duplicate in own[1:]:
            accepted(http.delete(f"{notes}/{duplicate}"), also=404)

    def _own_notes(self, http: httpx.Client, author: str, marker: Marker) -> list[int]:
        """Return the numbers of this token's notes with that marker, the oldest first."""
        notes = pages(http, f"/merge_requests/{self._iid}/notes")
        own = [note for note in notes if (note.get("author") or {}).get("username") == author]
        return sorted(note["id"] for note in own if marker.begins(note["body"]))


def _note_body(comment: Comment) -> dict[str, str]:
    return {"body": f"{Marker(comment.name, comment.site)}\n{comment.body}"}


def _target(report_url: str, line: str | None) -> str:
    """Return the report's address with a line as its fragment, which no server gets; what both say, the line leaves out."""
    last = report_url.rsplit("/", 1)[-1]
    return report_url + (f"#{line.replace(f':{last}:', ':*:', 1)}" if line and report_url else "")


def _line(target: str) -> str:
    """Return the line in a target URL, or nothing."""
    report_url, begin, rest = target.rpartition(_BEGIN)
    last = report_url.rsplit("/", 1)[-1]
    return (begin[1:] + rest if begin else "").replace(":*:", f":{last}:", 1)


def _is_earlier(job: Mapping[str, Any], name: str, own: int) -> bool:
    return bool(job["name"] == name and job["id"] < own)


def _name(name: str) -> str:
    """Return a check's name as a status takes it."""
    return one_line(name, MAX_CHARS)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
