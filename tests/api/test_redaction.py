"""What is taken out of the API's answers, and what is not: words that decide must stay words."""

import json
from typing import Any

import pytest

from secuprobe_action.api.redaction import Redactor
from tests.support import KEY

TOKEN = "bypass/t0ken=="
URL = "https://preview.example/?t=bypass%2Ft0ken%3D%3D&mode=completed&level=critical&id=scan-12345678&host=shop.example"


@pytest.fixture(name="redactor")
def _redactor() -> Redactor:
    redactor = Redactor(KEY)
    redactor.hide(URL)
    return redactor


@pytest.mark.parametrize("spelling", [TOKEN, "bypass%2Ft0ken%3D%3D", "bypass%2ft0ken%3d%3d", "bypass/t0ken%3D%3D", KEY])
def test_every_spelling_is_hidden_wherever_it_stands(redactor: Redactor, spelling: str) -> None:
    answer = {"a": [{f"b {spelling}": f"x{spelling}y"}], "status": f"is {spelling}", "severity": spelling, "url": f"x?{spelling}"}

    assert spelling not in json.dumps(redactor.answer(answer), ensure_ascii=False)
    assert redactor.text(f"x{spelling}y") == "x***y"


@pytest.mark.parametrize(
    "answer",
    [
        {"scanId": "scan-12345678", "status": "completed", "vulnerabilitiesCount": {"critical": 1}},
        {"scan": {"id": "scan-12345678", "status": "Completed"}},
        {"vulnerabilities": [{"severity": "critical"}, {"severity": "CRITICAL"}]},
        {"domains": [{"hostname": "shop.example", "isValidated": True}]},
        [None, 1, 2.5, True],
    ],
)
def test_what_decides_stays_as_it_is(redactor: Redactor, answer: Any) -> None:
    assert redactor.answer(answer) == answer


def test_the_key_is_hidden_even_where_a_word_is_not(redactor: Redactor) -> None:
    assert redactor.answer({"scanId": KEY, "status": KEY, KEY: 1}) == {"scanId": "***", "status": "***", "***": 1}


@pytest.mark.parametrize("nested", [True, False])
def test_the_values_of_a_url_that_only_the_api_knows_are_hidden_too(nested: bool) -> None:
    redactor = Redactor(KEY)
    scan = {"url": "https://a.example/?t=s3cret-token", "report": "https://b.example/?u=s3cret-token"}

    answer = redactor.answer({"scan": scan} if nested else scan)

    shown = answer["scan"] if nested else answer
    assert shown == {"url": "https://a.example/?t=***", "report": "https://b.example/?u=***"}
    assert redactor.answer(["a s3cret-token"]) == ["a ***"]
