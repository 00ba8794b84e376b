"""An estate's memory as a line and a text: read back as it was written, and believed nowhere else and by nobody else."""

import base64
import random
import zlib
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.memory import ledger
from secuprobe_action.memory.ledger import ESTATE, MAX_LENGTHS, MAX_READ, MAX_SCORES, MAX_TEXT, Ledger, digest_of, read, write
from secuprobe_action.memory.record import Memory, NotBelieved, Place, Signer, State

PLACE = Place("org/app", "a" * 40, "SecuProbe estate", ESTATE)
SIGNER = Signer("sp_live_key")
CHECK_TEXT = 65_535
"""Characters that a check run's text holds."""


def uuid(source: random.Random) -> str:
    return str(UUID(int=source.getrandbits(128), version=4))


def of(*memories: Memory, **fields: Any) -> Ledger:
    """Return a ledger of sites that are numbered."""
    sites = {digest_of(f"https://site-{n}.example"): memory for n, memory in enumerate(memories)}
    return Ledger(**{"whole": True, "on_default": True, "run": "42", "attempt": 1, "at": 1_790_000_000, **fields}, sites=sites)


def memory(seen: str = "scan-1", **fields: Any) -> Memory:
    return Memory(
        **{"state": State.JUDGED, "on_default": True, "run": "42", "attempt": 1, "at": 1_790_000_000, **fields}, seen=seen
    )


def estate(sites: int, source: random.Random) -> Ledger:
    """Return a ledger in the worst case that happens: each site red, so that what is accepted is an older scan."""
    return of(
        *(
            memory(
                uuid(source),
                accepted=uuid(source),
                lengths=tuple(round(120 * source.lognormvariate(0, 0.35)) for _ in range(3)),
                scores=tuple(source.randint(0, 100) for _ in range(3)),
            )
            for _ in range(sites)
        )
    )


scans = (
    st.uuids().map(str)
    | st.uuids().map(lambda each: str(each).upper())
    | st.from_regex(r"[A-Za-z0-9._~-]{1,128}", fullmatch=True)
)
states = st.sampled_from(State)
lengths = st.lists(st.integers(1, 21_600), max_size=6).map(tuple)
scores = st.lists(st.none() | st.integers(0, 100), max_size=6).map(tuple)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    said: dict[str, Any] = {
        "on_default": draw(st.booleans()),
        "run": draw(st.from_regex(r"[0-9]{0,20}", fullmatch=True)),
        "attempt": draw(st.integers(1, 999)),
        "at": draw(st.integers(0, 10**11)),
    }
    memories = []
    for _ in range(draw(st.integers(0, 5))):
        seen = draw(scans)
        accepted = draw(st.none() | st.just(seen) | scans)
        memories.append(Memory(draw(states), **said, seen=seen, accepted=accepted, lengths=draw(lengths), scores=draw(scores)))
    return of(*memories, whole=draw(st.booleans()), **said)


def cut(each: Memory) -> Memory:
    """What there is room for of a site's past."""
    return replace(each, lengths=each.lengths[-MAX_LENGTHS:], scores=each.scores[-MAX_SCORES:])


@given(ledgers())
def test_what_is_written_is_read_back_but_for_the_oldest_of_a_long_history(written: Ledger) -> None:
    line, text, left_out = write(written, SIGNER, PLACE)

    assert left_out == 0
    assert len(line) <= 255, "it stands where a single site's line does"
    assert read(line, text, SIGNER, PLACE) == replace(written, sites={site: cut(each) for site, each in written.sites.items()})


def test_a_site_is_found_by_its_name() -> None:
    line, text, _ = write(of(memory("scan-0"), memory("scan-1")), SIGNER, PLACE)
    found = read(line, text, SIGNER, PLACE)

    assert found.of("https://site-1.example") == memory("scan-1")
    assert found.of("https://site-2.example") is None


def test_what_is_out_of_range_is_brought_into_it() -> None:
    line, text, _ = write(of(memory(lengths=(10**6,), scores=(-5, 250))), SIGNER, PLACE)
    (found,) = read(line, text, SIGNER, PLACE).sites.values()

    assert (found.lengths, found.scores) == ((0xFFFF,), (0, 100))


def test_line_ends_that_a_forge_changes_change_nothing() -> None:
    line, text, _ = write(of(memory()), SIGNER, PLACE)

    assert read(line, text.replace("\n", "\r\n"), SIGNER, PLACE).of("https://site-0.example") == memory()


# Room.


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_sites_whose_accepted_scan_is_another_fit(seed: int) -> None:
    written = estate(1_000, random.Random(seed))
    line, text, left_out = write(written, SIGNER, PLACE)

    assert left_out == 0
    assert len(text) <= MAX_TEXT < CHECK_TEXT
    found = read(line, text, SIGNER, PLACE)
    assert len(found.sites) == 1_000
    assert all(found.sites[site].accepted == each.accepted for site, each in written.sites.items())


def test_history_goes_first_and_then_whole_sites_that_are_counted() -> None:
    source = random.Random(1)
    kept = []
    for sites in (200, 900, 1_000, 2_000, 5_000):
        line, text, left_out = write(estate(sites, source), SIGNER, PLACE)
        found = read(line, text, SIGNER, PLACE)
        history = {len(each.lengths) for each in found.sites.values()}
        assert len(text) <= MAX_TEXT
        assert len(found.sites) + left_out == sites
        assert len(history) == 1, "all sites lose the same of it"
        kept.append((left_out, history.pop()))

    assert kept[0] == (0, MAX_LENGTHS)
    assert all(history == 0 for left_out, history in kept if left_out), "no site goes while there is history"
    assert [left_out > 0 for left_out, _ in kept] == [False, False, False, True, True]


def test_where_there_is_no_room_those_that_come_first_stay() -> None:
    written = estate(2_000, random.Random(1))
    line, text, left_out = write(written, SIGNER, PLACE)

    assert list(read(line, text, SIGNER, PLACE).sites) == list(written.sites)[: 2_000 - left_out]
    assert left_out < 1_000


# Who is believed.


def genuine() -> tuple[str, str]:
    line, text, _ = write(of(memory("scan-0", accepted="scan-9", lengths=(118,), scores=(78,)), memory("scan-1")), SIGNER, PLACE)
    return line, text


@pytest.mark.parametrize(
    "moved", [{"repository": "org/other"}, {"commit": "b" * 40}, {"name": "Other"}, {"site": "https://a.example"}]
)
def test_it_is_believed_nowhere_else(moved: dict[str, Any]) -> None:
    with pytest.raises(NotBelieved, match="signature"):
        read(*genuine(), SIGNER, replace(PLACE, **moved))


def test_another_keys_is_not_believed_and_the_likely_cause_named() -> None:
    with pytest.raises(NotBelieved, match="the key was rotated, or it was forged, altered or moved"):
        read(*genuine(), Signer("sp_live_other"), PLACE)


@given(st.data())
def test_no_character_of_it_can_be_altered(data: st.DataObject) -> None:
    line, text = genuine()
    whole = line + text
    index = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda each: each not in (whole[index], "\r")))
    altered = whole[:index] + other + whole[index + 1 :]

    with pytest.raises(NotBelieved):
        read(altered[: len(line)], altered[len(line) :], SIGNER, PLACE)


def test_the_line_of_one_and_the_text_of_another_don_t_belong_together() -> None:
    line, _ = genuine()
    _, text, _ = write(of(memory("scan-7")), SIGNER, PLACE)

    with pytest.raises(NotBelieved, match="its text was altered"):
        read(line, text, SIGNER, PLACE)


@given(st.text(), st.text())
def test_anything_else_is_no_memory(line: str, text: str) -> None:
    with pytest.raises(NotBelieved):
        read(line, text, SIGNER, PLACE)


@pytest.mark.parametrize(
    "line", ["", "secuprobe:2:x", SIGNER.write(memory(), replace(PLACE, site="https://a.example"), 255) or ""]
)
def test_a_single_sites_check_is_passed_over_without_a_word(line: str) -> None:
    with pytest.raises(NotBelieved) as raised:
        read(line, "text", SIGNER, PLACE)

    assert str(raised.value) == ""


def test_where_the_text_was_not_kept_there_is_nothing_to_say() -> None:
    with pytest.raises(NotBelieved) as raised:
        read(genuine()[0], "", SIGNER, PLACE)

    assert str(raised.value) == ""


# What this key signed, and still isn't read: another version of the action, or somebody who holds the key.


def signed(packed: bytes, version: int = ledger.VERSION) -> tuple[str, str]:
    text = ledger._OPEN + base64.b64encode(packed).decode() + ledger._CLOSE
    head = ledger._head(of(), text).replace(f"estate:{ledger.VERSION}:", f"estate:{version}:")
    return f"{head}:{SIGNER.sign(head, PLACE)}", text


ENTRY = b"\x00" * 8 + b"j" + b"t\x06scan-1" + b"-" + b"\x00\x00"


def test_the_entry_that_the_others_are_made_from_is_read() -> None:
    assert read(*signed(zlib.compress(ENTRY)), SIGNER, PLACE).sites == {b"\x00" * 8: memory()}


def test_another_version_is_not_read() -> None:
    with pytest.raises(NotBelieved, match="another version"):
        read(*signed(zlib.compress(ENTRY), ledger.VERSION + 1), SIGNER, PLACE)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"nonsense",
        zlib.compress(ENTRY)[:-6],
        zlib.compress(ENTRY) + b"more",
        zlib.compress(ENTRY[:-1]),
        zlib.compress(ENTRY + b"x"),
        zlib.compress(ENTRY.replace(b"j", b"q")),
        zlib.compress(ENTRY.replace(b"scan-1", b"sc n-1")),
        zlib.compress(ENTRY.replace(b"scan-1", b"sc\xc3\xa9-1")),
        zlib.compress(ENTRY.replace(b"t\x06scan-1", b"-")),
    ],
    ids=["empty", "no zlib", "cut", "more behind", "ends early", "half an entry", "state", "blank", "not ASCII", "no scan"],
)
def test_what_is_not_whole_is_not_read(packed: bytes) -> None:
    with pytest.raises(NotBelieved, match="another version"):
        read(*signed(packed), SIGNER, PLACE)


@pytest.mark.parametrize("entries", [MAX_READ // len(ENTRY) + 1, 20 * MAX_READ // len(ENTRY)])
def test_a_bomb_is_not_unfolded(entries: int) -> None:
    packed = zlib.compress(ENTRY * entries, 9)
    assert len(packed) < CHECK_TEXT * 3

    with pytest.raises(NotBelieved, match="another version"):
        read(*signed(packed), SIGNER, PLACE)
