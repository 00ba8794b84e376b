"""Comments on GitHub's pull requests, through PyGithub: one a check's name and site, edited in place."""

import contextlib
from collections.abc import Callable

import github
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.Organization import Organization

from secuprobe_action.platforms.base import Comment
from secuprobe_action.platforms.marker import Marker


def comment_on(pull: Issue, comment: Comment, viewer: Callable[[], str]) -> None:
    """Edit the viewer's own comment of that name and site, or make one.

    Args:
        pull: the pull request, as the issue that it is, too.
        comment: what to say.
        viewer: returns whose the token is, as `login_of` does; it asks GitHub.
    """
    marker = Marker(comment.name, comment.site)
    body = f"{marker}\n{comment.body}"
    own = _own_comments(pull, marker, viewer)
    if own:
        own[0].edit(body)
    elif comment.may_create:
        created = pull.create_comment(body)
        # Another run may have done so at the same moment: both look again, and both keep the older one.
        own = _own_comments(pull, marker, viewer)
        if own and own[0].id != created.id:
            own[0].edit(body)
    for duplicate in own[1:]:
        with contextlib.suppress(github.UnknownObjectException):  # somebody else's job has done it
            duplicate.delete()


def login_of(login: str) -> str:
    """Return a login as both of GitHub's APIs can be compared: REST appends `[bot]`."""
    return login.removesuffix("[bot]").lower()


def _own_comments(pull: Issue, marker: Marker, viewer: Callable[[], str]) -> list[IssueComment]:
    """Return the viewer's comments with that marker, the oldest first. A comment whose author is gone is nobody's."""
    marked = [each for each in pull.get_comments() if marker.begins(each.body)]
    return sorted((each for each in marked if _is_by(each.user, viewer)), key=lambda each: each.id)


def _is_by(author: NamedUser | Organization | None, viewer: Callable[[], str]) -> bool:
    return author is not None and login_of(author.login) == viewer()
