"""Which commit and which pull request a GitHub event is about. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secuprobe_action.platforms.base import Subject

_OF_THE_CHECKED_OUT_COMMIT = ("push", "schedule", "workflow_dispatch")
"""Events whose GITHUB_SHA is the commit that was deployed, as far as anybody can tell (docs.github.com, "Events that trigger
workflows"). Others run with the default branch's head, whatever was scanned."""


_OF_THE_RUNS_HEAD = (*_OF_THE_CHECKED_OUT_COMMIT, "pull_request", "merge_group", "deployment", "deployment_status")
"""Events whose runs have the commit that they were about as `head_sha`; that of others is the default branch's head."""


@dataclass(frozen=True, slots=True)
class PullHead:
    """The commit is the head of a pull request that the event only numbers."""

    number: int


def subject_of(event_name: str, event: Mapping[str, Any], sha: str) -> Subject | PullHead | None:
    """Return what a run is about, or None where the event doesn't say it for sure.

    Args:
        event_name: GITHUB_EVENT_NAME.
        event: the event's payload.
        sha: GITHUB_SHA.
    """
    match event_name, event:
        case ("merge_group", {"merge_group": {"head_sha": str(head), "head_ref": str(ref)}}):
            queued = re.search(r"/pr-(\d+)-[0-9a-f]+$", ref)
            return Subject(head, (int(queued[1]),) if queued else (), moves=False)
        case ("workflow_run", {"workflow_run": {"head_sha": str(head)} as run}):
            return Subject(head) if run.get("event", "push") in _OF_THE_RUNS_HEAD else None
        case ("issue_comment", {"issue": {"number": int(number), "pull_request": _}}):
            return PullHead(number)
        case (
            ("deployment" | "deployment_status", {"deployment": {"sha": str(head)}})
            | ("check_run", {"check_run": {"head_sha": str(head)}})
            | ("check_suite", {"check_suite": {"head_sha": str(head)}})
        ):
            return Subject(head)
        case (str(name), {"pull_request": {"number": int(number), "head": {"sha": str(head)}}}) if name.startswith(
            "pull_request"
        ):
            return Subject(head, (number,))
    return Subject(sha) if event_name in _OF_THE_CHECKED_OUT_COMMIT and sha else None
