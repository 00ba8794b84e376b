"""The way to GitLab's API: a project's address, its pages, and what can go wrong as one kind of error, in GitLab's words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import httpx

from secuprobe_action.errors import InputError
from secuprobe_action.network import Network
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.text import one_line

TOKEN_VARIABLE = "SECUPROBE_GITLAB_TOKEN"  # noqa: S105  # a variable's name
MAX_LISTED = 1_000
"""Of notes, statuses or jobs that are looked at: more are no honest use, and not to be read in time."""

_REQUEST_TIMEOUT_S = 10.0
PASSING_S = 3.0
"""What a request may take that only says how a scan stands: what concludes waits for it."""

_Result = TypeVar("_Result")


class GitLabApi:
    """A project, as a token sees it.

    Args:
        url: the API's address (CI_API_V4_URL).
        project: the project's number.
        token: with the scope api.
        network: the way out.
    """

    def __init__(self, url: str, project: str, token: str, network: Network) -> None:
        self._url = url
        self._project = f"{url}/projects/{project}"
        self._token = token
        self._network = network

    def asking(self, ask: Callable[[httpx.Client], _Result], timeout_s: float = _REQUEST_TIMEOUT_S) -> _Result:
        """Do what `ask` does with a client for the project's address, each request within so many seconds.

        Raises:
            ForgeError: it did not work.
        """
        try:
            headers = {"PRIVATE-TOKEN": self._token}
            with self._network.client(self._url, base_url=self._project, headers=headers, timeout=timeout_s) as http:
                return ask(http)
        except InputError as error:
            raise ForgeError(f"GitLab can't be asked: {error.message}") from error
        except httpx.HTTPError as error:
            raise ForgeError(f"GitLab could not be reached ({type(error).__name__})") from error
        except (KeyError, TypeError, ValueError, AttributeError, httpx.InvalidURL) as error:
            raise ForgeError(f"GitLab's answer was not understood ({type(error).__name__})") from error

    def viewer(self, http: httpx.Client) -> Mapping[str, Any]:
        """Return whose token it is."""
        user: Mapping[str, Any] = content(http.get(f"{self._url}/user"))
        return user


def pages(http: httpx.Client, path: str, **parameters: str) -> Iterator[Any]:
    """Yield what a list holds, page after page; of a longer list than MAX_LISTED a page more, so that it can be told."""
    page, seen = "1", 0
    while page and seen <= MAX_LISTED:
        answer = http.get(path, params={**parameters, "per_page": "100", "page": page})
        listed = content(answer)
        yield from listed
        seen += len(listed)
        page = answer.headers.get("X-Next-Page", "")


def content(answer: httpx.Response) -> Any:
    """Return what an answer says.

    Raises:
        ForgeError: GitLab refused.
    """
    accepted(answer)
    return answer.json()


def accepted(answer: httpx.Response, also: int | None = None) -> None:
    """Raise ForgeError where GitLab refused, in its own words.

    Args:
        answer: GitLab's.
        also: a status that is no refusal here.
    """
    if answer.is_success or answer.status_code == also:
        return
    said = message(answer)
    quoted = f": “{said}”" if said else ""
    needs = f"; {TOKEN_VARIABLE} needs the scope api and the role Developer" if answer.status_code in (401, 403, 404) else ""
    raise ForgeError(f"GitLab answered {answer.status_code}{quoted}{needs}")


def message(answer: httpx.Response) -> str:
    """Return GitLab's own message, or nothing where it gave none."""
    try:
        data = answer.json()
    except ValueError:
        return ""
    said = (data.get("message") or data.get("error")) if isinstance(data, dict) else None
    return one_line(str(said), 300) if said else ""
