"""The escapes: any text means just itself where it is shown."""

import re

import pytest

from secuprobe_action.reports.escape import html_attribute, markdown, markdown_lines, sarif_message, xml
from tests.reports.rendered import Page

HOSTILE = [
    "a | b | c",
    "line\none\r\ntwo\rthree",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><h1>owned</h1>",
    "<!-- comment -->",
    "[click](https://evil.example)",
    "![pixel](https://evil.example/p.png)",
    "[ref]: https://evil.example",
    "<https://evil.example>",
    "https://evil.example/path?a=b",
    "http://evil.example www.evil.example WWW.EVIL.EXAMPLE ftp://evil.example",
    "user@evil.example mailto:user@evil.example xmpp:user@evil.example/x",
    "@octocat and @org/team",
    "#123 octo/repo#7 GH-42 gh-42",
    ":tada: :+1: a:b:c 12:30:45",
    "**bold** __bold__ *it* _it_ ~~gone~~ ~sub~",
    "`code` ``more`` ```fence```",
    "$x^2$ and $$y$$",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "    indented",
    "---",
    "\\| \\* \\\\",
    "&amp; &#64; &lt;b&gt; &copy;",
    "a\\",
    "trailing |",
    "'single' \"double\"",
    "==mark== ^sup^",
    "::error::x ##[error]x",
]


def shown(page: Page) -> str:
    return " ".join(page.tables[0].rows[1][0].split())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_table_cell_is_just_text(text: str) -> None:
    page = Page(f"| a | b |\n| - | - |\n| {markdown(text)} | end |\n")

    assert [len(row) for row in page.tables[0].rows] == [2, 2]
    assert shown(page) == " ".join(text.split())
    assert {name for name, _ in page.elements} <= {"table", "thead", "tbody", "tr", "th", "td", "span"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_folded_part_is_just_text(text: str) -> None:
    page = Page(f"<details><summary>{markdown(text)}</summary>\n<p>{markdown_lines(text, 1000)}</p>\n</details>\n")

    assert " ".join(page.summaries[0].split()) == " ".join(text.split())
    assert {name for name, _ in page.elements} <= {"details", "summary", "p", "span", "br"}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_node_holds_what_github_would_link_or_replace(text: str) -> None:
    page = Page(f"x {markdown(text)}\n")

    for node in page.nodes:
        assert not re.search(r"@\w|\w#\d|^#\d| #\d|\bgh-\d|:[a-z0-9_+-]+:", node, re.IGNORECASE), node


def test_line_breaks_are_kept_where_there_is_room_for_them() -> None:
    assert markdown_lines("1. a\r\n2. b\n\n3. c", 100) == "1. a<br>2. b<br><br>3. c"


def test_text_is_cut_before_it_is_escaped() -> None:
    assert markdown("<<<<<", 3) == "&#60;&#60;…"
    assert markdown_lines("ab\ncdefgh", 5) == "ab<br>c…"


def test_control_characters_and_lone_surrogates_are_shown_as_replaced() -> None:
    text = "a\x00b\x1b[31mc\ud800d\u202ee"

    assert markdown(text) == "a�b�&#91;31mc�d�e"
    markdown_lines(text, 50).encode("utf-8")


def test_an_attribute_can_not_be_left() -> None:
    escaped = html_attribute("https://a.example/?a=1&b=\"><script>'`\n")

    assert not set(escaped) & set("<>\"'`\n")
    assert Page(f'<a href="{escaped}">x</a>\n').elements[-1] == ("a", {"href": "https://a.example/?a=1&b=\"><script>'`"})


def test_a_sarif_message_makes_no_links() -> None:
    assert sarif_message("[click](1) a\\b \x00") == "\\[click\\](1) a\\\\b �"


def test_xml_gets_one_line_of_what_it_can_carry() -> None:
    assert xml("a\nb\x0bc\ufffe") == "a b�c�"


def test_text_that_just_fits_is_not_cut() -> None:
    assert markdown_lines("abc", 3) == "abc"
    assert markdown_lines("ab cd", 4) == "ab…"
