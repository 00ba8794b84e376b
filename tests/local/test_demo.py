"""The demo's reading of a step's files, by the runner's rules."""

import pytest

from secuprobe_action.local.demo import read_outputs


def test_outputs_are_names_with_values_or_with_lines_up_to_a_delimiter() -> None:
    text = "a=1\nb=x=y<<z\n\nc<<EOF\nline 1\n\nd=2\nEOF\ne=\n"

    assert read_outputs(text) == {"a": "1", "b": "x=y<<z", "c": "line 1\n\nd=2", "e": ""}


def test_a_later_value_takes_the_place_of_an_earlier_one() -> None:
    assert read_outputs("a=1\na<<E\n2\nE\n") == {"a": "2"}


@pytest.mark.parametrize("text", ["nonsense\n", "a<<EOF\nno end\n", "<<EOF\nx\nEOF\n"])
def test_what_the_runner_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an output|delimiter"):
        read_outputs(text)
