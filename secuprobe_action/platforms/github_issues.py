"""Issues on GitHub, through PyGithub."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import github
from github.Issue import Issue as GitHubsIssue
from github.NamedUser import NamedUser
from github.Repository import Repository

from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.platforms.github_errors import asking
from secuprobe_action.platforms.issues import LABEL, MAX_LISTED, Issue
from secuprobe_action.platforms.marker import Marker


class GitHubIssues:
    """The issues of a repository.

    Args:
        repository: the repository.
        viewer: returns whose the token is, without `[bot]`; it asks GitHub.
    """

    def __init__(self, repository: Repository, viewer: Callable[[], str]) -> None:
        self._repository = repository
        self._viewer = viewer

    def own(self, marker: Marker) -> Sequence[Issue]:
        """Return the issues of this token's author with that marker, the oldest first."""
        return asking("read issues", lambda: self._own(marker))

    def open(self, title: str, body: str) -> int:
        """Open an issue."""
        return asking("open an issue", lambda: self._open(title, body))

    def change(self, number: int, body: str | None, *, is_open: bool | None) -> None:
        """Change an issue's text, and close or reopen it."""
        changed: dict[str, Any] = {} if body is None else {"body": body}
        if is_open is not None:
            changed |= {"state": "open" if is_open else "closed", "state_reason": "reopened" if is_open else "completed"}
        asking("change an issue", lambda: self._issue(number).edit(**changed))

    def comment(self, number: int, body: str) -> None:
        """Comment on an issue."""
        asking("comment on an issue", lambda: self._issue(number).create_comment(body))

    def _own(self, marker: Marker) -> list[Issue]:
        # An app's author is its name with `[bot]`, a person's is without; GraphQL, which tells whose the token is, says neither.
        viewer = self._viewer()
        found = [each for login in (f"{viewer}[bot]", viewer) for each in self._by(login)]
        if len(found) > MAX_LISTED:
            raise ForgeError(f"there are more than {MAX_LISTED:,} issues by {viewer}")
        own = [Issue(each.number, each.state == "open", each.body) for each in found if marker.stands_in(each.body)]
        return sorted(own, key=lambda issue: issue.number)

    def _by(self, login: str) -> list[GitHubsIssue]:
        try:
            author = NamedUser(self._repository.requester, attributes={"login": login})
            return list(islice(self._repository.get_issues(state="all", creator=author), MAX_LISTED + 1))
        except github.GithubException as error:
            if error.status == 422:  # an answer: there is nobody of that name
                return []
            raise

    def _open(self, title: str, body: str) -> int:
        # Named without being there, a label would be made.
        try:
            labels = [self._repository.get_label(LABEL).complete().name]
        except github.UnknownObjectException:
            labels = []
        return self._repository.create_issue(title, body, labels=labels).number

    def _issue(self, number: int) -> GitHubsIssue:
        return self._repository.get_issue(number)
