"""The text beside a memory: read back as it was written, and believed nowhere else and by nobody else."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.findings.history import Ages, Seen
from secuprobe_action.memory.ages import MAX_FINDINGS, read, write
from secuprobe_action.memory.record import Place, Signer

PLACE = Place("org/app", "a" * 40, "SecuProbe", "https://shop.example")
SIGNER = Signer("sp_live_key")
AGES = Ages({"0123456789ab": Seen(dt.date(2026, 9, 1), before=True), "ba9876543210": Seen(dt.date(2026, 11, 27))})
TEXT = write(AGES, SIGNER, PLACE, "scan-1")

seen = st.builds(Seen, st.dates(), st.booleans())


@given(st.builds(Ages, st.dictionaries(st.from_regex(r"[0-9a-f]{12}", fullmatch=True), seen), st.booleans()))
def test_what_is_written_is_read_back(ages: Ages) -> None:
    assert read(write(ages, SIGNER, PLACE, "scan-1"), SIGNER, PLACE, "scan-1") == ages


def test_as_many_as_there_is_room_for_and_no_more() -> None:
    many = Ages({f"{n:012x}": Seen(dt.date(2026, 9, 1)) for n in range(MAX_FINDINGS + 1)})

    text = write(many, SIGNER, PLACE, "scan-1")
    told = read(text, SIGNER, PLACE, "scan-1")

    assert len(text) < 65_535
    assert told is not None
    assert (len(told.first), told.whole) == (MAX_FINDINGS, False), "what isn't among them may have been there"


def test_it_shows_nothing_to_a_person() -> None:
    assert TEXT.startswith("<!-- ")
    assert "--" not in TEXT.removeprefix("<!--").removesuffix("-->")


@pytest.mark.parametrize(
    ("signer", "place", "scan_id", "text"),
    [
        (Signer("another"), PLACE, "scan-1", TEXT),
        (SIGNER, replace(PLACE, commit="b" * 40), "scan-1", TEXT),
        (SIGNER, replace(PLACE, site="https://b.example"), "scan-1", TEXT),
        (SIGNER, PLACE, "scan-2", TEXT),
        (SIGNER, PLACE, "scan-1", TEXT.replace("b7", "s7", 1)),
        (SIGNER, PLACE, "scan-1", TEXT.replace("ages 1", "ages 2")),
        (SIGNER, PLACE, "scan-1", ""),
        (SIGNER, PLACE, "scan-1", f"{TEXT} and more"),
    ],
)
def test_elsewhere_and_changed_it_is_not_believed(signer: Signer, place: Place, scan_id: str, text: str) -> None:
    assert read(text, signer, place, scan_id) is None
