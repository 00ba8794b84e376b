"""A memory as a line: read back as it was written, and believed nowhere else and by nobody else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.memory.record import MAX_LENGTHS, MAX_SCORES, Memory, NotBelieved, Place, Signer, State

UUID = "550e8400-e29b-41d4-a716-446655440000"
MEMORY = Memory(State.JUDGED, True, "123456789012", 3, 1_790_000_000, UUID, UUID[::-1], (118, 121), (78, None, 100))
PLACE = Place("org/app", "a" * 40, "SecuProbe", "https://shop.example")
SIGNER = Signer("sp_live_key")
MAX_CHARS = 255


def written(memory: Memory = MEMORY, place: Place = PLACE, signer: Signer = SIGNER) -> str:
    line = signer.write(memory, place, MAX_CHARS)
    assert line is not None
    return line


def test_a_line_is_as_documented() -> None:
    head, version, site, state, run, at, seen, accepted, lengths, scores, mac = written().split(":")

    assert (head, version, len(site)) == ("secuprobe", "2", 10)
    assert (state, run, at) == ("jm", "123456789012.3", "1790000000")
    assert (seen, accepted, lengths, scores) == (UUID, UUID[::-1], "118,121", "78,-,100")
    assert len(mac) == 22


scans = st.from_regex(r"[A-Za-z0-9._~-]{1,40}", fullmatch=True)
memories = st.builds(
    Memory,
    st.sampled_from(State),
    st.booleans(),
    st.from_regex(r"[0-9]{0,12}", fullmatch=True),
    st.integers(1, 999),
    st.integers(0, 10**11),
    scans,
    st.none() | scans,
    st.lists(st.integers(1, 21_600), max_size=9).map(tuple),
    st.lists(st.none() | st.integers(0, 100), max_size=30).map(tuple),
)


@given(memories)
def test_what_is_written_is_read_back_but_for_the_oldest_of_a_long_history(memory: Memory) -> None:
    line = written(memory)
    read = SIGNER.read(line, PLACE)

    assert len(line) <= MAX_CHARS
    assert read.lengths == memory.lengths[len(memory.lengths) - len(read.lengths) :]
    assert read.scores == memory.scores[len(memory.scores) - len(read.scores) :]
    assert replace(read, lengths=(), scores=()) == replace(memory, lengths=(), scores=())


def test_a_full_history_of_a_usual_site_fits() -> None:
    memory = replace(MEMORY, accepted=MEMORY.seen, lengths=(1_200,) * 9, scores=(100,) * 30)

    read = SIGNER.read(written(memory), PLACE)

    assert (len(read.lengths), len(read.scores)) == (MAX_LENGTHS, MAX_SCORES)


def test_where_the_two_scans_alone_are_too_long_nothing_is_remembered() -> None:
    assert SIGNER.write(replace(MEMORY, seen="a" * 128, accepted="b" * 128), PLACE, MAX_CHARS) is None
    assert SIGNER.write(replace(MEMORY, seen="a" * 128, accepted="a" * 128), PLACE, MAX_CHARS) is not None


@pytest.mark.parametrize("moved", [{"repository": "org/other"}, {"commit": "b" * 40}, {"name": "Other"}])
def test_it_is_believed_nowhere_else(moved: dict[str, Any]) -> None:
    with pytest.raises(NotBelieved, match="signature"):
        SIGNER.read(written(), replace(PLACE, **moved))


def test_another_sites_is_passed_over_without_a_word() -> None:
    with pytest.raises(NotBelieved) as raised:
        SIGNER.read(written(), replace(PLACE, site="https://other.example"))

    assert str(raised.value) == ""


def test_another_keys_is_not_believed_and_the_likely_cause_named() -> None:
    with pytest.raises(NotBelieved, match="the key was rotated, or it was forged, altered or moved"):
        Signer("sp_live_other").read(written(), PLACE)


@given(st.data())
def test_no_character_of_it_can_be_altered(data: st.DataObject) -> None:
    line = written()
    index = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != line[index]))

    with pytest.raises(NotBelieved):
        SIGNER.read(line[:index] + other + line[index + 1 :], PLACE)


@given(st.text())
def test_any_other_text_is_no_memory(text: str) -> None:
    with pytest.raises(NotBelieved):
        SIGNER.read(text, PLACE)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not written by this action"),
        ("other:2:x", "not written by this action"),
        ("secuprobe:1:scan:0:1", "another version"),
    ],
)
def test_why_it_is_not_believed_is_told(line: str, reason: str) -> None:
    with pytest.raises(NotBelieved, match=reason):
        SIGNER.read(line, PLACE)


def test_texts_that_run_into_each_other_are_not_the_same() -> None:
    one, other = replace(PLACE, repository="a", name="bc"), replace(PLACE, repository="ab", name="c")

    with pytest.raises(NotBelieved):
        SIGNER.read(written(place=one), other)
