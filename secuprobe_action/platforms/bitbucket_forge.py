"""Bitbucket's side of a run: what the commit's report keeps, and the repository's commits."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from secuprobe_action.platforms.ancestry import Parents, first_parents
from secuprobe_action.platforms.base import NO_ALERTS, NO_ROOM, Check, Comment, ForgeError, Kept, Lineage, Subject
from secuprobe_action.platforms.bitbucket_api import BitbucketApi, NotThere, accepted, read
from secuprobe_action.platforms.bitbucket_report import (
    MAX_FLEETING,
    MAX_LASTING,
    MAX_LINE,
    Memory,
    memory_id,
    of_check,
    of_memory,
    report_id,
    with_memory,
)
from secuprobe_action.platforms.issues import Issues


class BitbucketForge:
    """A repository of Bitbucket Cloud's.

    Args:
        api: its API.
        environment: the step's.
        commit: the commit under test where the user names it, or None for the pipeline's.
    """

    keeps_text = False

    def __init__(self, api: BitbucketApi, environment: Mapping[str, str], commit: str | None) -> None:
        self._api = api
        # By its number, which outlives a new name.
        names = ("BITBUCKET_REPO_UUID", "BITBUCKET_REPO_FULL_NAME")
        self.repository = next((environment[name] for name in names if environment.get(name)), "")
        self.run = re.sub(r"\D", "", environment.get("BITBUCKET_BUILD_NUMBER", ""))
        self.attempt = attempt_of(environment)
        self._commit = commit or environment.get("BITBUCKET_COMMIT", "")
        self._lines: dict[int, str] = {}

    @property
    def issues(self) -> Issues:
        """Refuse: what Bitbucket has for issues is another product."""
        raise ForgeError("it needs GitHub or GitLab")

    def subject(self) -> Subject:
        """Return the pipeline's commit. A report is a commit's, so no pull request is asked for.

        Raises:
            ForgeError: no variable says which commit it is.
        """
        if not re.fullmatch(r"[0-9a-f]{40}", self._commit):
            raise ForgeError("BITBUCKET_COMMIT doesn't say which commit is scanned")
        return Subject(self._commit, (), moves=False)

    def is_current(self, subject: Subject) -> bool:
        """Whether no newer commit has come: that wouldn't matter, since it has a report of its own."""
        return True

    def lineage(self, commit: str) -> Lineage:
        """Ask for the merge base with the main branch: it is the commit itself where that branch holds it."""
        base = self._api.asking(lambda http: _merge_base(http, commit))
        if base is None:
            return Lineage(on_default=False, commits=iter(()))
        return Lineage(base == commit, first_parents(base, self._parents_from, {}))

    def room(self, scan_id: str, report_url: str) -> int:
        """Return how long a line may be, so that several fit."""
        return MAX_LINE

    def kept(self, commit: str, name: str, site: str) -> Sequence[Kept]:
        """Return what the commit's reports keep. Bitbucket doesn't say who wrote a report; the signature has to do."""
        ids = memory_id(name, site), report_id(name, site)
        lines = self._api.asking(lambda http: [line for own_id in ids for line in kept_in(http, commit, own_id).lines])
        return [Kept(self._number(line), line, own_time=False) for line in lines]

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        """Put what is to be kept in the commit's reports; what else they say at the end is `publish_result`'s."""
        if check.text:
            raise ForgeError(NO_ROOM)
        line, before = check.line, self._lines.get(check_id or -1)
        if line is None or check.site is None:
            return check_id or self._number("")
        site, own_id, lasting_id = check.site, report_id(check.name, check.site), memory_id(check.name, check.site)

        def ask(http: httpx.Client) -> None:
            fleeting = kept_in(http, commit, own_id).without(before)
            if check.lasting:
                lasting = kept_in(http, commit, lasting_id).with_line(line, MAX_LASTING)
                put(http, commit, lasting_id, of_memory(site, lasting))
            else:
                fleeting = fleeting.with_line(line, MAX_FLEETING)
            put(http, commit, own_id, with_memory(of_check(check), fleeting))

        self._api.asking(ask)
        number = check_id or self._number(line)
        self._lines[number] = line
        return number

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Do nothing: `publish_progress` says in the report how it stands."""

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Refuse: the report is what a pull request shows."""
        raise ForgeError("comments are made on GitHub and GitLab only")

    def upload_sarif(self, zipped: bytes) -> None:
        """Refuse: the report is what a commit has."""
        raise ForgeError(NO_ALERTS)

    def _number(self, line: str) -> int:
        """Return by which number a line can be changed, from 1."""
        number = len(self._lines) + 1
        self._lines[number] = line
        return number

    def _parents_from(self, commit: str) -> Parents:
        """Return the commit and its newest ancestors, each with its first parent."""
        asked = {"pagelen": "100", "fields": "values.hash,values.parents.hash"}
        listed = self._api.asking(lambda http: read(http, f"/commits/{commit}", **asked)["values"])
        return {each["hash"]: _first(each["parents"]) for each in listed}


def attempt_of(environment: Mapping[str, str]) -> int:
    """Return which try of its step this is, from 1."""
    return int(re.sub(r"\D", "", environment.get("BITBUCKET_STEP_RUN_NUMBER", "")) or 1)


def path(commit: str, own_id: str) -> str:
    """Return where a commit's report is."""
    return f"/commit/{commit}/reports/{own_id}"


def put(http: httpx.Client, commit: str, own_id: str, report: Mapping[str, Any]) -> None:
    """Make a commit's report, or change it; what goes wrong in passing is tried once more, since a PUT does no more then.

    Raises:
        ForgeError: Bitbucket did not take it.
    """
    with contextlib.suppress(httpx.HTTPError):
        answer = http.put(path(commit, own_id), json=report)
        if not answer.is_server_error:
            accepted(answer)
            return
    accepted(http.put(path(commit, own_id), json=report))


def kept_in(http: httpx.Client, commit: str, own_id: str) -> Memory:
    """Return what a commit's report keeps for later runs.

    Raises:
        ForgeError: Bitbucket doesn't say.
    """
    answer = http.get(path(commit, own_id))
    accepted(answer, also=404)
    return Memory() if answer.status_code == 404 else Memory.of(answer.json().get("details") or "")


def _merge_base(http: httpx.Client, commit: str) -> str | None:
    branch = read(http, str(http.base_url).rstrip("/"), fields="mainbranch.name")["mainbranch"]["name"]
    # By its head: a name may be a tag's as well, and a tag anybody's.
    asked = {"q": f'name = "{branch}"', "fields": "values.name,values.target.hash"}
    heads = [each["target"]["hash"] for each in read(http, "/refs/branches", **asked)["values"] if each["name"] == branch]
    try:
        base: str = read(http, f"/merge-base/{commit}..{heads[0]}")["hash"]
    except NotThere:
        read(http, f"/commit/{commit}", fields="hash")  # both are there, so the commit has a history of its own
        return None
    return base


def _first(parents: Sequence[Mapping[str, Any]]) -> str | None:
    return parents[0]["hash"] if parents else None
