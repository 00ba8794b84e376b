"""Issues on GitLab (docs.gitlab.com, "Issues API", "Notes API")."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import httpx

from secuprobe_action.platforms.gitlab_api import GitLabApi, accepted, content, pages
from secuprobe_action.platforms.issues import LABEL, MAX_LISTED, Issue
from secuprobe_action.platforms.marker import Marker


class GitLabIssues:
    """The issues of a project.

    Args:
        api: the project's API.
    """

    def __init__(self, api: GitLabApi) -> None:
        self._api = api

    def own(self, marker: Marker) -> Sequence[Issue]:
        """Return the issues of this token's user with that marker, the oldest first."""
        return self._api.asking(lambda http: self._own(http, marker))

    def open(self, title: str, body: str) -> int:
        """Open an issue."""
        return self._api.asking(lambda http: _open(http, title, body))

    def change(self, number: int, body: str | None, *, is_open: bool | None) -> None:
        """Change an issue's text, and close or reopen it."""
        changed = {} if body is None else {"description": body}
        if is_open is not None:
            changed["state_event"] = "reopen" if is_open else "close"
        self._api.asking(lambda http: content(http.put(f"/issues/{number}", json=changed)))

    def comment(self, number: int, body: str) -> None:
        """Write a note on an issue."""
        self._api.asking(lambda http: content(http.post(f"/issues/{number}/notes", json={"body": body})))

    def _own(self, http: httpx.Client, marker: Marker) -> list[Issue]:
        author = self._api.viewer(http)["username"]
        found = pages(http, "/issues", scope="all", author_username=author, order_by="updated_at", sort="desc")
        own = [_issue(each) for each in islice(found, MAX_LISTED) if marker.begins(each["description"])]
        return sorted(own, key=lambda issue: issue.number)


def _issue(each: dict[str, Any]) -> Issue:
    return Issue(each["iid"], each["state"] == "opened", each["description"])


def _open(http: httpx.Client, title: str, body: str) -> int:
    # Named without being there, a label would be made.
    label = http.get(f"/labels/{LABEL}")
    accepted(label, also=404)
    labels = {"labels": LABEL} if label.is_success else {}
    # In a public project everybody would read what is open. People may change that.
    new = {"title": title, "description": body, "confidential": True, **labels}
    number: int = content(http.post("/issues", json=new))["iid"]
    return number
