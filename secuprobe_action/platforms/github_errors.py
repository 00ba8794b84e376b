"""What can go wrong with GitHub's API, as one kind of error, in GitHub's own words."""

import re
from collections.abc import Callable
from typing import TypeVar

import github
import requests

from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.text import one_line

_Result = TypeVar("_Result")


def asking(what: str, ask: Callable[[], _Result]) -> _Result:
    """Do what `ask` does, with what can go wrong with GitHub's API as one kind of error, in GitHub's own words.

    Args:
        what: what is asked for, as in `read check runs`.
        ask: the requests.

    Raises:
        ForgeError: it did not work.
    """
    try:
        return ask()
    except github.RateLimitExceededException as error:
        raise ForgeError(f"GitHub's rate limit did not allow to {what}{said(error)}") from error
    except github.GithubException as error:
        raise ForgeError(f"GitHub answered {error.status} when asked to {what}{said(error)}{_hint(error, what)}") from error
    except (requests.RequestException, TimeoutError) as error:
        raise ForgeError(f"GitHub could not be reached to {what} ({type(error).__name__})") from error
    except (KeyError, TypeError, AttributeError, ValueError, AssertionError) as error:
        raise ForgeError(f"GitHub's answer when asked to {what} was not understood ({type(error).__name__})") from error


_PERMISSIONS = {
    "read check runs": "checks: read",
    "write a check run": "checks: write",
    "comment on the pull request": "pull-requests: write",
    "read the pull request": "pull-requests: read",
    "compare commits": "contents: read",
    "read commits": "contents: read",
    "read issues": "issues: read",
    "open an issue": "issues: write",
    "change an issue": "issues: write",
    "comment on an issue": "issues: write",
    "upload SARIF": "security-events: write",
}


def said(error: github.GithubException) -> str:
    """Return GitHub's own message, as the end of a sentence; nothing where it gave none."""
    message = error.data.get("message") if isinstance(error.data, dict) else None
    return f": “{one_line(message, 300)}”" if isinstance(message, str) and message else ""


def _hint(error: github.GithubException, what: str) -> str:
    """Name the permission where GitHub says that the token lacks it; a 404 or another 403 has other causes as well."""
    if error.status != 403 or not re.search(r"not accessible by|permission|scope", said(error), re.IGNORECASE):
        return ""
    return f"; add the permission `{_PERMISSIONS[what]}` to the job (a pull request from a fork has a read-only token)"
