"""Makes what a run begins with: the caller's repository, this repository as a release has it, the stand-ins for others."""

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts import release
from secuprobe_action import __version__
from tests.engine.act import READ_BACK, SUMMARY
from tests.support import ROOT, command_output, copy_of_this

OURS = "Garconposey/secuprobe-scan-action"
SECUPROBE = "https://secuprobe.io/api/v1"
_AUTHOR = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@a"}


def released(folder: Path, image: str, api_url: str) -> Path:
    """Return what a workflow gets of this repository at its tag.

    The actions are rewritten as a release rewrites them. What differs from a release: where the image is, and where SecuProbe
    is; summaries go where they can be read back; `$/` is written out.
    """
    copy_of_this(folder)
    for name, text in release.rewritten(folder, "sha256:" + "0" * 64, __version__).items():
        action = re.sub(r"docker://\S+ # .*", f"docker://{image}\n  env:\n    GITHUB_STEP_SUMMARY: {SUMMARY}", text)
        (folder / name).write_text(action.replace(SECUPROBE, api_url), encoding="utf-8")
    for path in (folder / ".github" / "workflows").glob("*.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8").replace(SECUPROBE, api_url))
        path.write_text(as_workflow(written_out(document)), encoding="utf-8")
    return folder


def written_out(node: Any) -> Any:
    """Return a workflow in which `$/path`, the repository's own action at the running commit, names the tag instead."""
    if isinstance(node, dict):
        return {name: written_out(value) for name, value in node.items()}
    if isinstance(node, list):
        return [written_out(each) for each in node]
    match = re.fullmatch(r"\$/(.*)", node) if isinstance(node, str) else None
    return "/".join(filter(None, (OURS, match[1]))) + f"@v{__version__}" if match else node


def as_workflow(document: Mapping[Any, Any]) -> str:
    """Return a workflow's text with two more steps in each job: one makes the file of summaries, one shows it at the end.

    Its name is the run's own, since act calls containers by it, and removes those of the same name.
    """
    jobs = {key: _with_summaries(job) for key, job in document["jobs"].items()}
    whole = {**document, "jobs": jobs, "name": f"Run {secrets.token_hex(4)}"}
    return yaml.safe_dump({"on" if key is True else key: value for key, value in whole.items()}, sort_keys=False, width=10_000)


def _with_summaries(job: Mapping[str, Any]) -> Mapping[str, Any]:
    first = {"name": "Make the file of summaries", "shell": "sh", "run": f"true > {SUMMARY}"}
    last = {"name": READ_BACK, "if": "always()", "shell": "sh", "run": f"cat {SUMMARY}"}
    return {**job, "steps": [first, *job["steps"], last]} if "steps" in job else job


def caller(folder: Path, workflow: str, files: Mapping[str, str] | None = None) -> Path:
    """Make a repository with a workflow, and return the workflow's file."""
    path = folder / ".github" / "workflows" / "security.yml"
    path.parent.mkdir(parents=True)
    path.write_text(as_workflow(yaml.safe_load(workflow)), encoding="utf-8")
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    commit_all(folder)
    return path


def commit_all(folder: Path, origin: str = "https://github.com/org/app") -> str:
    """Make a folder a repository of one commit, and return the commit."""
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["remote", "add", "origin", origin],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "All of it"],
    ):
        command_output(["git", *command], cwd=folder, env=_AUTHOR)
    return command_output(["git", "rev-parse", "HEAD"], cwd=folder).strip()


def stand_ins() -> dict[str, Path]:
    """Return the stand-ins for the actions of others, by `owner/name@ref` as workflows and pages pin them."""
    listed = json.loads((ROOT / ".github" / "actions.json").read_text(encoding="utf-8"))["actions"]
    here = Path(__file__).parent / "actions"
    folders = {name: here / name.replace("/", "__") for name in listed}
    return {f"{name}@{listed[name]['commit']}": folder for name, folder in folders.items() if folder.is_dir()}
