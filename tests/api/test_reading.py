"""Fields of a finished scan in every form that they may come in: what is read, and what is told where nothing can be."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.api.reading import read, read_score
from secuprobe_action.api.wire import Scan, VulnerabilityList

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("total"), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("given_score", "score"),
    [
        *[(0, 0.0), (78, 78.0), (78.5, 78.5), (100, 100.0), ("78", 78.0), (" 78.5 ", 78.5), ("78,5", 78.5)],
        *[("78/100", 78.0), ("78 / 100", 78.0), ("7.8/10", 78.0), ("78 of 100", 78.0), ("78 out of 100", 78.0), ("78%", 78.0)],
        ("100 %", 100.0),
    ],
)
def test_a_score_is_read_where_it_can_be(given_score: Any, score: float) -> None:
    assert read_score(given_score) == (score, None)


@pytest.mark.parametrize("none", [None, "", " ", "n/a", "N/A", "-", "none", "null", "Unknown"])
def test_no_score_is_no_doubt(none: Any) -> None:
    assert read_score(none) == (None, None)


@pytest.mark.parametrize(
    "odd", ["high", "101", 101, -1, "-1", "78/0", "120/100", "1e2", True, [], {}, {"value": 78}, math.inf, 10**400, "٧٨", "7 8"]
)
def test_a_score_that_can_not_be_read_is_none_and_told(odd: Any) -> None:
    score, doubt = read_score(odd)

    assert score is None
    assert doubt is not None
    assert doubt.startswith("The API's score can't be read (“")


@pytest.mark.parametrize(
    ("counts", "by_name", "total"),
    [
        (None, None, None),
        ({}, None, None),
        ({"high": 2, "low": None}, {"high": 2}, None),
        ({"high": "2", "low": 1.0}, {"high": 2, "low": 1}, None),
        ({"high": 2, "total": 2}, {"high": 2}, 2),
        ({"high": 2, " TOTAL ": "5"}, {"high": 2}, 5),
        ({"total": 3}, None, 3),
        (3, None, 3),
        ("3", None, 3),
        ([], None, None),
        ([{"severity": "high"}, {"severity": "high"}, {"severity": "total"}, {}, 1], {"high": 2, "unknown": 3}, None),
    ],
)
def test_counts_are_read_in_every_form(counts: Any, by_name: Any, total: int | None) -> None:
    reading = read(None, counts)

    assert (reading.counts, reading.total, reading.unreadable, reading.doubts) == (by_name, total, (), ())


@pytest.mark.parametrize(
    ("counts", "unreadable"),
    [
        ({"high": "many"}, ("high",)),
        ({"high": -1, "low": 0.5}, ("high", "low")),
        ({"high": True}, ("high",)),
        ({"high": {"open": 1}}, ("high",)),
        ({"high": 10**12}, ("high",)),
        ({"total": "lots"}, ("unknown",)),
        ("lots", ("unknown",)),
        (True, ("unknown",)),
        (-1, ("unknown",)),
        (1.5, ("unknown",)),
    ],
)
def test_a_count_that_can_not_be_read_is_told(counts: Any, unreadable: tuple[str, ...]) -> None:
    reading = read(None, counts)

    assert reading.unreadable == unreadable
    assert len(reading.doubts) == len(unreadable)
    assert all("can't be read" in doubt and doubt.endswith(".") for doubt in reading.doubts)


@given(JSON, JSON, JSON, JSON)
def test_a_finished_scan_is_not_lost_over_any_field(score: Any, counts: Any, url: Any, link: Any) -> None:
    answer = {
        "scanId": "x",
        "status": "completed",
        "secuScore": score,
        "vulnerabilitiesCount": counts,
        "url": url,
        "reportUrl": link,
    }
    for document in (answer, {"scan": {**answer, "doubts": 1, "unreadable": 2, "counts": 3, "total": "x", "score": "y"}}):
        scan = Scan.model_validate(document)

        assert scan.score is None or 0 <= scan.score <= 100
        assert all(count >= 0 for count in (scan.counts or {}).values())
        assert "total" not in (scan.counts or {})
        assert all(isinstance(doubt, str) for doubt in scan.doubts)


def test_the_counts_of_the_nested_shape_are_read_alike() -> None:
    nested = {"scan": {"id": "x", "status": "completed", "secuScore": "78/100", "vulnerabilities": {"high": 1, "total": 3}}}

    scan = Scan.model_validate(nested)

    assert (scan.score, scan.counts, scan.total) == (78.0, {"high": 1}, 3)


def test_a_finding_is_not_lost_over_a_field_either() -> None:
    listed = json.loads('{"vulnerabilities": [{"title": {"en": "x"}, "severity": ["high"], "description": 5}]}')

    (finding,) = VulnerabilityList.model_validate(listed).vulnerabilities

    assert (finding.title, finding.severity, finding.description) == (None, None, "5")
