"""Issues on GitHub, through PyGithub."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import github
from github.Issue import Issue as GitHubsIssue
from github.IssuePullRequest import IssuePullRequest
from github.NamedUser import NamedUser
from github.Repository import Repository

from secuprobe_action.platforms.github_errors import asking
from secuprobe_action.platforms.issues import LABEL, MAX_LISTED, Issue
from secuprobe_action.platforms.marker import Marker

APP_TOKEN = "ghs_"  # noqa: S105  # how one begins (docs.github.com, "About authentication to GitHub", token formats)


class GitHubIssues:
    """The issues of a repository.

    Args:
        repository: the repository.
        viewer: returns whose the token is, without `[bot]`; it asks GitHub.
        token: the token, whose beginning says whether an app's or a person's it is.
    """

    def __init__(self, repository: Repository, viewer: Callable[[], str], token: str) -> None:
        self._repository = repository
        self._viewer = viewer
        self._is_app = token.startswith(APP_TOKEN)

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
        # A person may have an app's name.
        author = f"{self._viewer()}[bot]" if self._is_app else self._viewer()
        marked = [each for each in self._by(author) if marker.begins(each.body)]
        # A pull request is listed as an issue, too, and may quote whom it likes.
        own = [Issue(each.number, each.state == "open", each.body) for each in marked if self._is_issue(each.number)]
        return sorted(own, key=lambda issue: issue.number)

    def _by(self, login: str) -> list[GitHubsIssue]:
        try:
            author = NamedUser(self._repository.requester, attributes={"login": login})
            found = self._repository.get_issues(state="all", creator=author, sort="updated", direction="desc")
            return list(islice(found, MAX_LISTED))
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

    def _is_issue(self, number: int) -> bool:
        pull: IssuePullRequest | None = self._issue(number).pull_request
        return pull is None
