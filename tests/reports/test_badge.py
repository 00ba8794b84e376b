"""The badge's JSON, as shields.io reads it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from secuprobe_action.findings.model import Severity
from secuprobe_action.reports import FAILURE_FORMATS, FORMATS
from secuprobe_action.reports.story import Story
from tests.reports.stories import TROUBLE, story
from tests.support import finding


def badge(shown: Story) -> Any:
    text = FORMATS["badge"](shown)
    assert text is not None
    return json.loads(text)


@pytest.mark.parametrize(
    ("shown", "message", "colour"),
    [
        (story(score=78), "78 / 100", "brightgreen"),
        (story(finding(Severity.HIGH), score=78.5), "78.5 / 100", "red"),
        (story(finding(Severity.HIGH), threshold=None), "78 / 100", "blue"),
        (story(threshold=None, min_score=90), "78 / 100", "red"),
        (story(score=None), "passed", "brightgreen"),
        (story(finding(Severity.HIGH), score=None), "failed", "red"),
    ],
)
def test_it_says_the_score_in_the_verdicts_colour(shown: Story, message: str, colour: str) -> None:
    assert badge(shown) == {"schemaVersion": 1, "label": "SecuProbe", "message": message, "color": colour}


def test_without_a_verdict_it_does_not_go_on_showing_an_earlier_one() -> None:
    written = json.loads(FAILURE_FORMATS["badge"](TROUBLE))

    assert (written["message"], written["color"]) == ("unknown", "lightgrey")


def test_its_label_is_the_checks_name() -> None:
    assert badge(replace(story(), name="Shop (EU)"))["label"] == "Shop (EU)"
    assert len(badge(replace(story(), name="n" * 900))["label"]) == 60
