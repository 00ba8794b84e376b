"""GitHub Actions: workflow commands, outputs, the job summary, and what the event says. It must not know about SecuProbe."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from actions_toolkit.command import Command
from actions_toolkit.file_command import prepare_key_value_message

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.findings.progress import Progress
from secuprobe_action.platforms.base import BEAT_S, Forge, Level
from secuprobe_action.platforms.stream import LogStream
from secuprobe_action.text import encodable, one_line, printable

_WITHHELD_FROM_FORKS = ("pull_request", "pull_request_review", "pull_request_review_comment")
"""Events whose workflows get no secrets from a fork (docs.github.com, "Events that trigger workflows", pull_request)."""

_WITHHELD_FROM_DEPENDABOT = (*_WITHHELD_FROM_FORKS, "push", "create", "deployment_status")
"""Events whose workflows get Dependabot's secrets rather than Actions' where Dependabot caused them (docs.github.com,
"Dependabot on GitHub Actions"; the changelog has added one after the other)."""


class GitHub:
    """Speaks to the runner.

    Commands are written to the log's stream and not to sys.stdout, so their text comes from the toolkit's `Command`; files
    are appended to here rather than by the toolkit's `issue_file_command`, which raises a bare Exception.

    Args:
        environment: the process's environment.
        out: where the log goes; the runner reads commands from it.
    """

    input_prefixes: tuple[str, ...] = ("INPUT_", "SECUPROBE_")  # a script in a `container:` job has no `with:`
    forge_needs = "the input github_token"
    has_results = False
    comments_progress = False
    beat_s = BEAT_S
    max_annotations = 10  # of each level in a step; the runner drops the rest without a word

    def __init__(self, environment: Mapping[str, str], out: TextIO) -> None:
        self._environment = environment
        self._log = LogStream(out)
        self._annotations: Counter[Level] = Counter()
        self.attempt: int | None = int(re.sub(r"\D", "", environment.get("GITHUB_RUN_ATTEMPT", "")) or 1)
        self.workspace = Path(environment.get("GITHUB_WORKSPACE") or Path.cwd())
        self.definition_file = _workflow_file(environment.get("GITHUB_WORKFLOW_REF", ""))

    def mask(self, secret: str) -> None:
        self._command("add-mask", secret)

    def info(self, line: str) -> None:
        self._log.write("\n".join(_inert(part) for part in printable(line).split("\n")))

    def warn(self, text: str) -> None:
        self.annotate(Level.WARNING, "SecuProbe", text)

    def debug(self, line: str) -> None:
        self._command("debug", printable(line))

    def show_progress(self, progress: Progress) -> None:
        self.info(progress.line)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self._command("group", one_line(title))
        try:
            yield
        finally:
            self._command("endgroup", "")

    def annotate(self, level: Level, title: str, message: str) -> None:
        self._annotations[level] += 1
        if self._annotations[level] > self.max_annotations:
            self.info(f"{title}: {message}")
        else:
            self._command(level.value, printable(message), title=one_line(title))

    def set_output(self, name: str, value: str) -> None:
        problem = self._append("GITHUB_OUTPUT", prepare_key_value_message(name, encodable(value)) + "\n")
        if problem:
            self.annotate(Level.ERROR, "SecuProbe: output not written", f"The output {name} could not be written: {problem}.")

    def publish_summary(self, markdown: str) -> None:
        problem = self._append("GITHUB_STEP_SUMMARY", encodable(markdown) + "\n")
        if problem:
            self.annotate(Level.WARNING, "SecuProbe: summary not written", f"The job summary could not be written: {problem}.")

    def publish_result(self, name: str, report: ScanReport, verdict: Verdict) -> None:
        """Do nothing: the check is the result."""

    def publish_progress(self, name: str, site: str | None, progress: Progress, report_url: str | None) -> None:
        """Do nothing: the check says it."""

    def publish_no_result(self, name: str, site: str | None, title: str, message: str, report_url: str | None) -> None:
        """Do nothing: the job's own result is shown."""

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        if not token or not self._environment.get("GITHUB_REPOSITORY"):
            return None
        from secuprobe_action.platforms.github_forge import GitHubForge  # PyGithub takes long to import

        event = self._event()
        return GitHubForge(token, self._environment, event if isinstance(event, dict) else {}, commit)

    def secrets_withheld(self) -> str | None:
        name = self._environment.get("GITHUB_EVENT_NAME")
        if name in _WITHHELD_FROM_DEPENDABOT and self._environment.get("GITHUB_ACTOR") == "dependabot[bot]":
            return "Workflows that Dependabot causes get Dependabot's own secrets, among which the key is not stored"
        if name in _WITHHELD_FROM_FORKS and _is_from_fork(self._event()):
            return "GitHub gives no secrets to workflows of pull requests from forks"
        return None

    def _event(self) -> Any:
        try:
            return json.loads(Path(self._environment["GITHUB_EVENT_PATH"]).read_bytes())
        except (KeyError, OSError, ValueError):
            return None

    def _command(self, name: str, message: str, **properties: str) -> None:
        self._log.write(str(Command(name, properties, message)))

    def _append(self, variable: str, text: str) -> str | None:
        """Append to one of the runner's files, and return what was in the way, or None."""
        path = self._environment.get(variable)
        if not path:
            return f"{variable} is not set"
        try:
            # Not created where it is missing: the runner made it before the step, and reads no other.
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            with os.fdopen(descriptor, "a", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            return error.strerror or type(error).__name__
        return None


def _inert(line: str) -> str:
    """Return a line of the log that the runner will not take for a command.

    The runner obeys `::name::` after leading white space, and the older `##[name]` anywhere in a line (actions/runner,
    ActionCommand.cs).
    """
    line = re.sub(r"##(?=\[)", "## ", line)
    return re.sub(r"^(\s*):(?=:)", r"\1: ", line)


def _workflow_file(workflow_ref: str) -> str:
    """Return the path in `owner/repository/.github/workflows/scan.yml@refs/heads/main`."""
    match = re.fullmatch(r"[^/]+/[^/]+/([^@]+)@.*", workflow_ref)
    return match[1] if match else ".github/workflows"


def _is_from_fork(event: Any) -> bool:
    """Whether the event's pull request comes from another repository, one deleted since included."""
    match event:
        case {"pull_request": {"head": {"repo": None}}}:
            return True
        case {"pull_request": {"head": {"repo": {"full_name": head}}, "base": {"repo": {"full_name": base}}}}:
            return bool(head != base)
    return False
