"""The input `reports`: however its pairs are set apart, each is one file, and none has a name that nobody meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.report_files import pairs
from secuprobe_action.reports import FORMATS

TWO = (("sarif", "out/scan.sarif"), ("html", "report.html"))


@pytest.mark.parametrize(
    "text",
    [
        "sarif=out/scan.sarif\nhtml=report.html",
        "\r\n sarif = out/scan.sarif \r\n\r\nHTML=report.html\r\n",
        "sarif=out/scan.sarif,html=report.html",
        "sarif=out/scan.sarif, html=report.html,",
        "sarif=out/scan.sarif html=report.html",  # YAML's folded >
        "sarif= out/scan.sarif\thtml =report.html",
    ],
)
def test_pairs_are_set_apart_by_lines_commas_or_blanks(text: str) -> None:
    assert pairs(text, FORMATS) == TWO


@pytest.mark.parametrize("text", ["", " \n ", ",", " , \n"])
def test_nothing_is_no_reports(text: str) -> None:
    assert pairs(text, FORMATS) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sarif=a.sarif # for the Security tab", "'#' is none"),
        ("# reports\nsarif=a.sarif", "'#' is none"),
        ("sarif=my report.sarif", "'report.sarif' is none"),
        ("- sarif=a.sarif", "'-' is none"),
        ("sarif: a.sarif", "'sarif:' is none"),
        ("a.sarif", "'a.sarif' is none"),
        ('["sarif=a.sarif"]', "is none"),
        ("sarif=a.sarif;json=a.json", "more than one"),
        ("sarif=json=a.json", "more than one"),
        ("sarif=a.sarif;", "~, #, -, $ and ; mean nothing here"),
        ("sarif=$HOME/a.sarif", "~, #, -, $ and ; mean nothing here"),
        ("sarif=-", "~, #, -, $ and ; mean nothing here"),
        ("sarif=#a.sarif", "~, #, -, $ and ; mean nothing here"),
        ("sarif=a.sarif\n=b", "'=b' is none"),
        ("sarif=~/a.sarif", "~, #, -, $ and ; mean nothing here"),
        *[(f"sarif=a{character}b", f"must not have {character!r}") for character in "\":<>|*?\\'`\x00\x07\x7f"],
        ("'sarif=a.sarif'", "is none"),
        ("sarif='a.sarif'", "must not have"),
    ],
)
def test_what_is_no_pair_is_refused_and_told_how(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        pairs(text, FORMATS)

    assert "sarif=out/secuprobe.sarif" in str(raised.value)


@pytest.mark.parametrize("other", ["a/b.json", "./a/b.json", "a//b.json", "a/./b.json", "A/B.JSON", "./././A/b.json"])
def test_the_same_file_by_two_spellings_is_refused(other: str) -> None:
    with pytest.raises(ValueError, match=r"each file once, and a/b\.json and"):
        pairs(f"json=a/b.json\nsarif={other}", FORMATS)


def test_letters_that_are_written_in_two_ways_are_the_same_file() -> None:
    with pytest.raises(ValueError, match="each file once"):
        pairs("json=b\u00fccher\nsarif=bu\u0308cher", FORMATS)


@pytest.mark.parametrize("text", ["json=out\nhtml=out/a.html", "html=out/x/a.html json=./out"])
def test_a_file_is_no_folder_of_another(text: str) -> None:
    with pytest.raises(ValueError, match="for a file and a folder"):
        pairs(text, FORMATS)


@given(st.text(st.sampled_from("sarif=json htm,l\n\t#'\"./\\-:>A"), max_size=60))
def test_no_text_makes_a_file_with_an_odd_name(text: str) -> None:
    try:
        found = pairs(text, FORMATS)
    except ValueError:
        return

    for name, path in found:
        assert name in FORMATS
        assert not re.search(r"[\s,\"'\\:<>|*?]|^[#~-]|(sarif|json|html)=", path)
