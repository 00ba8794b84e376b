"""What a run of many sites remembers of each, as one signed text. Pure: it must not know where the text is kept.

A line (`record`) has room for one site. An estate's line names the run and the digest of a text beside it, which holds an entry a
site; the signature covers both, and both are believed or neither.
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from secuprobe_action.memory.record import Memory, NotBelieved, Place, Signer, State

VERSION = 1
"""Of the text. Others are not read."""

MAX_TEXT = 60_000
"""Characters: a check run's text holds 65,535."""

MAX_READ = 4_000_000
"""Bytes that a text may unfold to, several times what a text holds that was made here; more is not believed."""

MAX_LENGTHS, MAX_SCORES = 3, 3

ESTATE = "(estate)"
"""In the place of a site, in what is signed."""

_HEAD = re.compile(
    r"secuprobe-estate:(?P<version>[0-9]+):(?P<state>[wp])(?P<branch>[md]):(?P<run>[0-9]{0,20})\.(?P<attempt>[0-9]{1,6})"
    r":(?P<at>[0-9]{1,12}):(?P<digest>[A-Za-z0-9_-]{43}):(?P<mac>[A-Za-z0-9_-]{22})"
)
_OPEN, _CLOSE = "<!-- secuprobe estate\n", "\n-->"
_SCAN = re.compile(r"[A-Za-z0-9._~-]{1,128}")


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a run remembers of many sites.

    Args:
        whole: whether every site's scan came to its end; else a later attempt of the run goes on with what is known.
        on_default: whether the commit is one of the default branch.
        run: the workflow run by its number; empty where that isn't known.
        attempt: which try of it, from 1.
        at: when this was written, in seconds since the epoch.
        sites: the sites by the digest of their name, each with what is remembered of it.
    """

    whole: bool
    on_default: bool
    run: str
    attempt: int
    at: int
    sites: Mapping[bytes, Memory]

    def of(self, site: str) -> Memory | None:
        """Return what is remembered of a site, or None."""
        return self.sites.get(digest_of(site))


def digest_of(site: str) -> bytes:
    """Return what a site is called in a ledger: 8 bytes, too many for two sites of one account to share them by chance."""
    return hashlib.sha256(site.encode("utf-8", "replace")).digest()[:8]


def write(ledger: Ledger, signer: Signer, place: Place) -> tuple[str, str, int]:
    """Return the line and the text of a ledger, and how many sites they had no room for.

    What is known of earlier scans' lengths and scores goes first, then whole sites, those that come last.

    Args:
        ledger: what to remember.
        signer: what signs it.
        place: where it belongs; its site is ESTATE.
    """
    kept = dict(ledger.sites)
    history = MAX_LENGTHS
    text = _text(kept, history)
    while len(text) > MAX_TEXT:
        if history:
            history -= 1
        else:
            kept = dict(list(kept.items())[: int(len(kept) * min(0.99, MAX_TEXT / len(text)))])
        text = _text(kept, history)
    head = _head(ledger, text)
    return f"{head}:{signer.sign(head, place)}", text, len(ledger.sites) - len(kept)


def read(line: str, text: str, signer: Signer, place: Place) -> Ledger:
    """Return the ledger in a line and its text.

    Raises:
        NotBelieved: they are none of this place, don't belong together, or were not written with this key.
    """
    match = _HEAD.fullmatch(line)
    if match is None or not text:  # another check's, or kept where there is no room for the text
        raise NotBelieved
    if match["version"] != str(VERSION):
        raise NotBelieved("another version of this action wrote it")
    body = text.replace("\r\n", "\n")
    head, _, mac = line.rpartition(":")
    if not signer.has_signed(head, mac, place):
        raise NotBelieved("its signature is not this key's: the key was rotated, or it was forged, altered or moved")
    if match["digest"] != _digest(body):
        raise NotBelieved("its text was altered")
    on_default, run, attempt, at = match["branch"] == "m", match["run"], int(match["attempt"]), int(match["at"])
    common = Memory(State.ENDED, on_default, run, attempt, at, "")
    return Ledger(match["state"] == "w", on_default, run, attempt, at, dict(_entries(body, common)))


def _head(ledger: Ledger, text: str) -> str:
    state = ("w" if ledger.whole else "p") + ("m" if ledger.on_default else "d")
    return f"secuprobe-estate:{VERSION}:{state}:{ledger.run}.{ledger.attempt}:{ledger.at}:{_digest(text)}"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()).decode().rstrip("=")


def _text(sites: Mapping[bytes, Memory], history: int) -> str:
    packed = zlib.compress(b"".join(_entry(digest, memory, history) for digest, memory in sites.items()), 9)
    # In a comment: a person who opens the check has no use for it.
    return _OPEN + base64.b64encode(packed).decode() + _CLOSE


def _entry(digest: bytes, memory: Memory, history: int) -> bytes:
    lengths = memory.lengths[-history:] if history else ()
    scores = memory.scores[-history:] if history else ()
    return b"".join(
        (
            digest,
            memory.state.value.encode(),
            _scan(memory.seen),
            _scan(memory.accepted, memory.seen),
            bytes([len(lengths)]),
            *(min(length, 0xFFFF).to_bytes(2, "big") for length in lengths),
            bytes([len(scores)]),
            *(bytes([0xFF if score is None else max(0, min(score, 100))]) for score in scores),
        )
    )


def _scan(scan_id: str | None, same_as: str | None = None) -> bytes:
    """Return a scan's identifier: most are UUIDs, whose 16 bytes no compression makes fewer."""
    if scan_id is None:
        return b"-"
    if scan_id == same_as:
        return b"="
    try:
        number = UUID(scan_id)
    except ValueError:
        number = None
    if number is not None and str(number) == scan_id:
        return b"u" + number.bytes
    text = scan_id.encode()
    return b"t" + bytes([len(text)]) + text


class _Reader:
    """Takes bytes from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def is_empty(self) -> bool:
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("it ends early")
        self._at += count
        return taken

    def scan(self, same_as: str | None = None) -> str | None:
        match self.take(1):
            case b"-":
                return None
            case b"=":
                return same_as
            case b"u":
                return str(UUID(bytes=self.take(16)))
        found = self.take(self.take(1)[0]).decode("ascii")
        if not _SCAN.fullmatch(found):
            raise ValueError("it is no scan's identifier")
        return found


def _entries(text: str, common: Memory) -> Iterable[tuple[bytes, Memory]]:
    try:
        reader = _Reader(_unfolded(base64.b64decode(text.removeprefix(_OPEN).removesuffix(_CLOSE), validate=True)))
        while not reader.is_empty:
            yield reader.take(8), _memory(reader, common)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise NotBelieved("another version of this action wrote it") from error


def _unfolded(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, MAX_READ)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut, goes on, or unfolds to more than is read")
    return data


def _memory(reader: _Reader, common: Memory) -> Memory:
    state = State(reader.take(1).decode("ascii"))
    seen = reader.scan()
    if seen is None:
        raise ValueError("it names no scan")
    accepted = reader.scan(seen)
    lengths = tuple(int.from_bytes(reader.take(2), "big") for _ in range(reader.take(1)[0]))
    scores = tuple(None if (score := reader.take(1)[0]) == 0xFF else score for _ in range(reader.take(1)[0]))
    return replace(common, state=state, seen=seen, accepted=accepted, lengths=lengths, scores=scores)
