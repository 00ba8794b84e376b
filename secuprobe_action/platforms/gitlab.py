"""GitLab CI: log sections, and variables for later jobs. It must not know about SecuProbe."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from secuprobe_action.network import Network
from secuprobe_action.platforms.base import Forge, Level
from secuprobe_action.platforms.gitlab_api import TOKEN_VARIABLE, GitLabApi
from secuprobe_action.platforms.gitlab_forge import GitLabForge
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.text import one_line
from secuprobe_action.workspace import Workspace

DOTENV_FILE = "secuprobe.env"
MAX_DOTENV_BYTES = 5_120
"""GitLab's limit for artifacts:reports:dotenv; a larger file fails the job's upload."""

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
        network: the way to GitLab, or None for the environment's.
    """

    comments_progress = True
    attempt: int | None = None
    forge_needs = f"the variable {TOKEN_VARIABLE} (a token with the scope api)"

    def __init__(
        self, environment: Mapping[str, str], out: TextIO, now: Callable[[], float] = time.time, network: Network | None = None
    ) -> None:
        super().__init__(environment, out)
        self._network = network or Network.of(environment)
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
        environment = self._environment
        own_token = environment.get(TOKEN_VARIABLE)
        if not own_token:
            return None
        url, project = environment.get("CI_API_V4_URL", ""), environment.get("CI_PROJECT_ID", "")
        return GitLabForge(GitLabApi(url, project, own_token, self._network), environment, commit)


def _definition_file(config_path: str) -> str:
    """Return the pipeline's file, where it lies in this project."""
    return config_path if config_path and re.fullmatch(r"[\w./-]+\.ya?ml", config_path) else ".gitlab-ci.yml"
