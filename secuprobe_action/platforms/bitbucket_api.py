"""The way to Bitbucket's API, by the pipeline's proxy or with a token, and what can go wrong as one kind of error."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from secuprobe_action.errors import InputError
from secuprobe_action.network import Network, Proxy
from secuprobe_action.platforms.base import ForgeError
from secuprobe_action.text import one_line

ANNOTATIONS_A_REQUEST = 100  # developer.atlassian.com, Bitbucket Cloud REST API, Reports

TOKEN_VARIABLE = "SECUPROBE_BITBUCKET_TOKEN"  # noqa: S105  # a variable's name
# The pipeline's proxy adds the authentication, to plain HTTP only. A pipe runs in a container of its own.
_PROXIES = (Proxy("http", "localhost", 29418), Proxy("http", "host.docker.internal", 29418))
_API = "http://api.bitbucket.org"
_REQUEST_TIMEOUT_S = 10.0

_Result = TypeVar("_Result")


class NotThere(ForgeError):
    """Bitbucket knows no such thing, or doesn't show it."""


class BitbucketApi:
    """A repository.

    Args:
        environment: the process's environment.
        network: the way out.
    """

    def __init__(self, environment: Mapping[str, str], network: Network) -> None:
        self._environment = environment
        self._network = network
        self._token = environment.get(TOKEN_VARIABLE)

    @property
    def ways(self) -> Sequence[Proxy | None]:
        """The proxies to try, the likelier one first, or a None where the environment decides."""
        if self._token:
            return [None]
        return _PROXIES if "BITBUCKET_PIPE_STORAGE_DIR" not in self._environment else tuple(reversed(_PROXIES))

    def asking(self, ask: Callable[[httpx.Client], _Result]) -> _Result:
        """Do what `ask` does with a client for the repository's address.

        Raises:
            ForgeError: it did not work.
        """
        problem = "no way to it was found"
        for proxy in self.ways:
            try:
                with self._client(proxy) as http:
                    return ask(http)
            except InputError as error:
                raise ForgeError(f"Bitbucket can't be asked: {error.message}") from error
            except httpx.ConnectError as error:
                problem = f"no connection ({one_line(str(error), 100)})"
            except httpx.HTTPError as error:
                raise ForgeError(f"Bitbucket could not be reached ({type(error).__name__})") from error
            except (LookupError, TypeError, ValueError, AttributeError, httpx.InvalidURL) as error:
                raise ForgeError(f"Bitbucket's answer was not understood ({type(error).__name__})") from error
        raise ForgeError(f"Bitbucket could not be reached: {problem}")

    def _client(self, proxy: Proxy | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        environment = self._environment
        api = environment.get("SECUPROBE_BITBUCKET_API_URL") or (_API.replace("http:", "https:") if self._token else _API)
        slug = f"{environment.get('BITBUCKET_WORKSPACE', '')}/{environment.get('BITBUCKET_REPO_SLUG', '')}"
        base_url = f"{api}/2.0/repositories/{slug}"
        way = proxy or self._network.proxy_for(base_url)
        return self._network.client_through(way, base_url=base_url, headers=headers, timeout=_REQUEST_TIMEOUT_S)


def accepted(answer: httpx.Response, also: int | None = None) -> None:
    """Raise ForgeError where Bitbucket refused.

    Args:
        answer: Bitbucket's.
        also: a status that is no refusal here.
    """
    if answer.is_success or answer.status_code == also:
        return
    hint = f"; {TOKEN_VARIABLE} needs the scope to write repositories" if answer.status_code in (401, 403) else ""
    raise ForgeError(f"Bitbucket answered {answer.status_code} to {answer.request.method}{hint}")


def read(http: httpx.Client, path: str, **parameters: str) -> Any:
    """Return what Bitbucket knows of the repository itself.

    Raises:
        NotThere: there is no such thing.
        ForgeError: it isn't told. The pipeline's proxy is there for reports (jira.atlassian.com, BCLOUD-21842), so a token may be
            what is missing.
    """
    answer = http.get(path, params=parameters)
    if answer.is_success:
        return answer.json()
    raise (NotThere if answer.status_code == 404 else ForgeError)(
        f"Bitbucket answered {answer.status_code} when asked for commits; they may take {TOKEN_VARIABLE}, "
        "a repository access token with the scope repository"
    )
