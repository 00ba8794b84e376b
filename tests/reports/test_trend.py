"""A score's course, as characters, in words and as a chart."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from secuprobe_action.findings.history import History
from secuprobe_action.reports import comment, html_report, markdown, plain
from secuprobe_action.reports.story import Story
from secuprobe_action.reports.trend import HEIGHT, WIDTH, Trend, trend
from tests.reports.rendered import Page
from tests.reports.stories import rich

COURSE = (61.0, 64.5, None, 70.0, 78.0)


def with_scores(*scores: float | None) -> Story:
    shown = rich()
    return replace(shown, verdict=replace(shown.verdict, history=History(scores)))


@pytest.mark.parametrize(
    ("scores", "line"),
    [
        (COURSE, "▂▃·▅█"),
        ((50.0, 50.0), "██"),
        ((50.0, 51.0, 49.0), "██▇"),
        ((0.0, 100.0, 50.0), "▁█▅"),
        ((3.0, 0.0), "▂▁"),
    ],
)
def test_each_run_is_a_character_as_high_as_its_score(scores: tuple[float | None, ...], line: str) -> None:
    assert Trend(scores).sparkline == line


@pytest.mark.parametrize("scores", [(), (50.0,), (None, 50.0), (None, None)])
def test_one_score_is_no_course(scores: tuple[float | None, ...]) -> None:
    shown = with_scores(*scores)

    assert trend(shown.verdict) is None
    assert "Trend" not in markdown.render(shown) + plain.render(shown.report, shown.verdict) + html_report.render(shown)


def test_every_place_for_people_shows_it() -> None:
    shown = with_scores(*COURSE)
    words = "from 61 to 78 in 5 runs"

    for text in (markdown.render(shown), comment.render(shown.report, shown.verdict, "a" * 40)):
        assert f"Trend ▂▃·▅█ {words} (▲\N{NO-BREAK SPACE}17)" in Page(text).text
    assert f"Trend      ▂▃·▅█ {words}\n" in plain.render(shown.report, shown.verdict)
    assert f"SecuScore, {words}" in html_report.render(shown)


def test_the_chart_is_one_that_can_be_read_without_being_seen() -> None:
    html = html_report.render(with_scores(*COURSE))

    (chart,) = re.findall(r'<section class="card trend".*?(<svg.*?</svg>)', html, re.DOTALL)
    svg = ElementTree.fromstring(chart)
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "SecuScore from run to run, the oldest first: 61, 64.5, none, 70, 78."
    lines = [line.attrib["points"].split() for line in svg.iter("polyline")]
    assert [len(line) for line in lines] == [2, 2], "a run without a score interrupts the line"
    assert len(list(svg.iter("circle"))) == 4


def test_no_score_leaves_the_chart() -> None:
    points = [point for line in Trend((-5.0, 250.0, 100.0)).lines for point in line]

    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
