"""A badge as shields.io draws it from a file (shields.io, "Endpoint Badge": JSON with schemaVersion, label, message, color)."""

import json

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.reports.story import Format, Story, Trouble
from secuprobe_action.text import number, one_line

MAX_LABEL = 60


def render(story: Story) -> str:
    """Return the score, coloured by the verdict; in words where there is no score."""
    score, verdict = story.report.score, story.verdict
    message = ("passed" if verdict.passed else "failed") if score is None else f"{number(score)} / 100"
    return _badge(story.name, message, _colour(verdict))


def failure(trouble: Trouble) -> str:
    """Return a badge that says that nothing is known: it must not go on showing an earlier run's."""
    return _badge(trouble.name, "unknown", "lightgrey")


def _colour(verdict: Verdict) -> str:
    if not verdict.policy.is_gate:
        return "blue"  # nothing was asked to fail
    return "brightgreen" if verdict.passed else "red"


def _badge(label: str, message: str, colour: str) -> str:
    return json.dumps({"schemaVersion": 1, "label": one_line(label, MAX_LABEL), "message": message, "color": colour}) + "\n"


FORMAT = Format(render, failure)
