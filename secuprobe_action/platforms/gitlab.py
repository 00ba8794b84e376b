"""GitLab CI: log sections, variables for later jobs, notes on merge requests. It must not know about SecuProbe."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

import httpx

from secuprobe_action.errors import InputError
from secuprobe_action.network import Network
from secuprobe_action.platforms.base import Check, Comment, Forge, ForgeError, Kept, Level, Lineage, Subject
from secuprobe_action.platforms.marker import Marker
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.text import one_line
from secuprobe_action.workspace import Workspace

DOTENV_FILE = "secuprobe.env"
MAX_DOTENV_BYTES = 5_120
"""GitLab's limit for artifacts:reports:dotenv; a larger file fails the job's upload."""

TOKEN_VARIABLE = "SECUPROBE_GITLAB_TOKEN"  # noqa: S105  # a variable's name
_REQUEST_TIMEOUT_S = 10.0
_MAX_NOTES = 1_000

_Result = TypeVar("_Result")

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

    comments_progress = True
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
            Workspace(self.workspace).write(DOTENV_FILE, content)
        except OSError as error:
            text = f"The output {name} could not be written to {DOTENV_FILE}: {error.strerror or error}."
            self.annotate(Level.ERROR, "SecuProbe: output not written", text)

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        own_token = self._environment.get(TOKEN_VARIABLE)
        iid = re.sub(r"\D", "", self._environment.get("CI_MERGE_REQUEST_IID", ""))
        if not own_token or not iid:
            return None
        return GitLabForge(own_token, self._environment, int(iid), commit)


class GitLabForge:
    """Notes on the merge request, through GitLab's API.

    Args:
        token: with the scope api.
        environment: the job's.
        iid: the merge request's number.
        commit: the commit under test where the user names it, or None for the pipeline's.
    """

    def __init__(self, token: str, environment: Mapping[str, str], iid: int, commit: str | None) -> None:
        self._token = token
        self._network = Network.of(environment)
        self._api = environment.get("CI_API_V4_URL", "")
        self.repository = environment.get("CI_PROJECT_ID", "")
        self.run, self.attempt = re.sub(r"\D", "", environment.get("CI_PIPELINE_ID", "")), 1
        # A merged results pipeline runs with a commit of its own; the variable names the source branch's then.
        named = commit or environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA", "")
        self._subject = Subject(named, (iid,))
        self._merge_request = f"{self._api}/projects/{self.repository}/merge_requests/{iid}"

    def subject(self) -> Subject:
        """Return the pipeline's commit and merge request."""
        return self._subject

    def is_current(self, subject: Subject) -> bool:
        """Whether the commit is still the head of the merge request; where GitLab names none, it is."""
        return self._asking(lambda http: _json(http.get(self._merge_request)).get("sha") in (None, subject.commit))

    def lineage(self, commit: str) -> Lineage:
        """Refuse: GitLab has no check runs to remember scans by."""
        raise ForgeError("baseline auto works on GitHub only; name a scan's id instead")

    def kept(self, commit: str, name: str) -> Sequence[Kept]:
        """Return nothing: GitLab has no check runs."""
        return ()

    def publish_check(self, check: Check, commit: str, check_id: int | None) -> int:
        """Refuse: the job is the check."""
        raise ForgeError("check runs exist on GitHub only; here the job is the check")

    def describe_check(self, check: Check, commit: str, check_id: int) -> None:
        """Refuse, likewise."""
        raise ForgeError("check runs exist on GitHub only; here the job is the check")

    def publish_comment(self, comment: Comment, subject: Subject) -> None:
        """Edit this token's own note of that name and site, or make one."""
        self._asking(lambda http: self._note(http, comment))

    def _note(self, http: httpx.Client, comment: Comment) -> None:
        notes = f"{self._merge_request}/notes"
        marker = Marker(comment.name, comment.site)
        body = {"body": f"{marker}\n{comment.body}"}
        author = _json(http.get(f"{self._api}/user"))["username"]
        own = self._own_notes(http, author, marker)
        if own:
            _json(http.put(f"{notes}/{own[0]}", json=body))
        elif comment.may_create:
            created = _json(http.post(notes, json=body))["id"]
            # Another job may have done so at the same moment: both look again, and both keep the older one.
            own = self._own_notes(http, author, marker)
            if own and own[0] != created:
                _json(http.put(f"{notes}/{own[0]}", json=body))
        for duplicate in own[1:]:
            _accepted(http.delete(f"{notes}/{duplicate}"), also=404)

    def _own_notes(self, http: httpx.Client, author: str, marker: Marker) -> list[int]:
        """Return the numbers of this token's notes with that marker, the oldest first."""
        notes = [note for note in self._all_notes(http) if (note.get("author") or {}).get("username") == author]
        return sorted(note["id"] for note in notes if marker.begins(note["body"]))

    def _all_notes(self, http: httpx.Client) -> Iterator[Any]:
        page = "1"
        seen = 0
        while page and seen < _MAX_NOTES:
            answer = http.get(f"{self._merge_request}/notes", params={"per_page": "100", "page": page})
            notes = _json(answer)
            yield from notes
            seen += len(notes)
            page = answer.headers.get("X-Next-Page", "")

    def _asking(self, ask: Callable[[httpx.Client], _Result]) -> _Result:
        """Do what `ask` does, with what can go wrong with GitLab's API as one kind of error."""
        try:
            headers = {"PRIVATE-TOKEN": self._token}
            with self._network.client(self._api, headers=headers, timeout=_REQUEST_TIMEOUT_S) as http:
                return ask(http)
        except InputError as error:
            raise ForgeError(f"GitLab can't be asked: {error.message}") from error
        except httpx.HTTPError as error:
            raise ForgeError(f"GitLab could not be reached ({type(error).__name__})") from error
        except (KeyError, TypeError, ValueError, AttributeError, httpx.InvalidURL) as error:
            raise ForgeError(f"GitLab's answer was not understood ({type(error).__name__})") from error


def _accepted(answer: httpx.Response, also: int | None = None) -> None:
    if answer.is_success or answer.status_code == also:
        return
    said = _said(answer)
    if answer.status_code in (401, 403, 404):
        raise ForgeError(
            f"GitLab answered {answer.status_code}{said}; {TOKEN_VARIABLE} needs the scope api and the role Developer"
        )
    raise ForgeError(f"GitLab answered {answer.status_code}{said}")


def _said(answer: httpx.Response) -> str:
    """Return GitLab's own message, where it gave one."""
    try:
        data = answer.json()
    except ValueError:
        return ""
    message = (data.get("message") or data.get("error")) if isinstance(data, dict) else None
    return f": “{one_line(str(message), 300)}”" if message else ""


def _json(answer: httpx.Response) -> Any:
    _accepted(answer)
    return answer.json()


def _definition_file(config_path: str) -> str:
    """Return the pipeline's file, where it lies in this project."""
    return config_path if config_path and re.fullmatch(r"[\w./-]+\.ya?ml", config_path) else ".gitlab-ci.yml"
