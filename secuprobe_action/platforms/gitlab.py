"""GitLab CI: log sections, variables for later jobs, notes on merge requests. It must not know about SecuProbe."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import httpx

from secuprobe_action.errors import InputError
from secuprobe_action.network import Network
from secuprobe_action.platforms.base import Check, Comment, Forge, ForgeError, FoundBaseline, Level
from secuprobe_action.platforms.marker import Marker, digest
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.text import one_line

DOTENV_FILE = "secuprobe.env"
MAX_DOTENV_BYTES = 5_120
"""GitLab's limit for artifacts:reports:dotenv; a larger file fails the job's upload."""

TOKEN_VARIABLE = "SECUPROBE_GITLAB_TOKEN"  # noqa: S105  # a variable's name
_REQUEST_TIMEOUT_S = 10.0
_MAX_NOTES = 1_000

_VARIABLES = {
    "scan_id": "SECUPROBE_SCAN_ID",
    "secu_score": "SECUPROBE_SCORE",
    "report_url": "SECUPROBE_REPORT_URL",
    "result": "SECUPROBE_RESULT",
    "new_count": "SECUPROBE_NEW_COUNT",
    "fixed_count": "SECUPROBE_FIXED_COUNT",
}


class GitLab(Terminal):
    """A GitLab job.

    Args:
        environment: the process's environment.
        out: where the log goes.
        now: seconds since the epoch, for the log's sections.
    """

    forge_needs = f"a merge request pipeline and the variable {TOKEN_VARIABLE} (a token with the scope api)"

    def __init__(self, environment: Mapping[str, str], out: TextIO, now: Callable[[], float] = time.time) -> None:
        super().__init__(environment, out)
        self._now = now
        self._outputs: dict[str, str] = {}
        # A script may have gone into a subfolder; where it runs elsewhere altogether, the variable is another machine's.
        here, project = Path.cwd(), Path(environment.get("CI_PROJECT_DIR") or ".")
        self.workspace = project if project in (here, *here.parents) else here
        self.definition_file = _definition_file(environment.get("CI_CONFIG_PATH", ""))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold as a section of the log (docs.gitlab.com, "Job logs", custom collapsible sections)."""
        self._log.write(f"\x1b[0Ksection_start:{self._now():.0f}:secuprobe_scan[collapsed=true]\r\x1b[0K{one_line(title)}")
        try:
            yield
        finally:
            self._log.write(f"\x1b[0Ksection_end:{self._now():.0f}:secuprobe_scan\r\x1b[0K")

    def set_output(self, name: str, value: str) -> None:
        """Write the variables for later jobs anew: a file without blank lines, comments and quotes, and never too large."""
        if name not in _VARIABLES:
            return
        self._outputs[_VARIABLES[name]] = one_line(value)[:1_000]
        lines = [f"{variable}={text}\n" for variable, text in self._outputs.items()]
        content = "".join(lines)
        if len(content.encode("utf-8", "replace")) > MAX_DOTENV_BYTES:
            content = "".join(line for line in lines if len(line) < MAX_DOTENV_BYTES // (4 * len(_VARIABLES)))
        try:
            (self.workspace / DOTENV_FILE).write_text(content, encoding="utf-8", errors="replace")
            (self.workspace / DOTENV_FILE).chmod(0o644)
        except OSError as error:
            text = f"The output {name} could not be written to {DOTENV_FILE}: {error.strerror}."
            self.annotate(Level.ERROR, "SecuProbe: output not written", text)

    def forge(self, token: str | None) -> Forge | None:
        own_token = self._environment.get(TOKEN_VARIABLE)
        iid = self._environment.get("CI_MERGE_REQUEST_IID")
        if not own_token or not iid:
            return None
        return GitLabForge(own_token, self._environment, iid)


class GitLabForge:
    """Notes on the merge request, through GitLab's API.

    Args:
        token: with the scope api.
        environment: the job's.
        iid: the merge request's number.
    """

    def __init__(self, token: str, environment: Mapping[str, str], iid: str) -> None:
        self._token = token
        self._network = Network.of(environment)
        self._project = f"{environment.get('CI_API_V4_URL', '')}/projects/{environment.get('CI_PROJECT_ID', '')}"
        self._api = environment.get("CI_API_V4_URL", "")
        self._notes = f"{self._project}/merge_requests/{iid}/notes"
        self._pipeline = re.sub(r"\D", "", environment.get("CI_PIPELINE_ID", ""))

    def find_baseline(self, name: str, scanned_url: str | None) -> FoundBaseline | None:
        """Refuse: GitLab has no check runs to remember scans by."""
        raise ForgeError("baseline auto works on GitHub only; name a scan's id instead")

    def publish_check(self, check: Check) -> None:
        """Refuse: the job is the check."""
        raise ForgeError("check runs exist on GitHub only; here the job is the check")

    def publish_comment(self, comment: Comment) -> None:
        """Edit this token's own note of that name, or make one."""
        marker = Marker(comment.name, digest(comment.scanned_url), self._pipeline)
        body = f"{marker}\n{comment.body}"
        try:
            headers = {"PRIVATE-TOKEN": self._token}
            with self._network.client(self._api, headers=headers, timeout=_REQUEST_TIMEOUT_S) as http:
                author = _json(http.get(f"{self._api}/user"))["username"]
                own = [(note["id"], note["body"]) for note in self._all_notes(http) if note["author"]["username"] == author]
                existing = marker.find(own)
                if existing is not None:
                    _json(http.put(f"{self._notes}/{existing}", json={"body": body}))
                elif comment.may_create:
                    _json(http.post(self._notes, json={"body": body}))
        except InputError as error:
            raise ForgeError(f"GitLab can't be asked: {error.message}") from error
        except httpx.HTTPError as error:
            raise ForgeError(f"GitLab could not be reached ({type(error).__name__})") from error
        except (KeyError, TypeError, ValueError, httpx.InvalidURL) as error:
            raise ForgeError(f"GitLab's answer was not understood ({type(error).__name__})") from error

    def _all_notes(self, http: httpx.Client) -> Iterator[Any]:
        page = "1"
        seen = 0
        while page and seen < _MAX_NOTES:
            answer = http.get(self._notes, params={"per_page": "100", "page": page})
            notes = _json(answer)
            yield from notes
            seen += len(notes)
            page = answer.headers.get("X-Next-Page", "")


def _json(answer: httpx.Response) -> Any:
    if answer.status_code in (401, 403, 404):
        raise ForgeError(f"GitLab answered {answer.status_code}: {TOKEN_VARIABLE} needs the scope api and the role Developer")
    if not answer.is_success:
        raise ForgeError(f"GitLab answered {answer.status_code}")
    return answer.json()


def _definition_file(config_path: str) -> str:
    """Return the pipeline's file, where it lies in this project."""
    return config_path if config_path and re.fullmatch(r"[\w./-]+\.ya?ml", config_path) else ".gitlab-ci.yml"
