"""What a run remembers, as one signed line of text. Pure: it must not know where the line is kept."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from enum import Enum

VERSION = 2
"""Of the line. Lines of another version are not read."""

MAX_SCORES, MAX_LENGTHS = 20, 6

_SCAN = r"[A-Za-z0-9._~-]{1,128}"
_CONTENT = re.compile(
    rf"(?P<state>[rje])(?P<branch>[md]):(?P<run>[0-9]{{0,20}})\.(?P<attempt>[0-9]{{1,6}}):(?P<at>[0-9]{{1,12}})"
    rf":(?P<seen>{_SCAN}):(?P<accepted>|=|{_SCAN}):(?P<lengths>[0-9,]*):(?P<scores>[0-9,-]*)"
)


class State(Enum):
    """How far a run came."""

    RUNNING = "r"
    """It launched a scan and has no verdict yet: a later attempt may attach to it."""

    JUDGED = "j"
    ENDED = "e"
    """It ended without a verdict, and its scan is of no use to anybody."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run remembers.

    Args:
        state: how far the run came.
        on_default: whether its commit is one of the default branch.
        run: the workflow run, or the pipeline, by its number; empty where that isn't known.
        attempt: which try of it, from 1.
        at: when this was written, in seconds since the epoch.
        seen: the run's own scan.
        accepted: the scan whose findings are the accepted state after this run, or None where the run can't say.
        lengths: how many seconds the newest scans of the site took, the newest last.
        scores: their scores, the newest last; None where one had none.
    """

    state: State
    on_default: bool
    run: str
    attempt: int
    at: int
    seen: str
    accepted: str | None = None
    lengths: tuple[int, ...] = ()
    scores: tuple[int | None, ...] = ()


class NotBelieved(Exception):
    """A line that is no memory of this site; the message says why, as the end of a sentence. Empty: it is another site's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a memory belongs: in another one it isn't believed.

    Args:
        repository: the repository, by what stays the same of it.
        commit: the commit under test.
        name: the check's name.
        site: the site (`findings.sites`).
    """

    repository: str
    commit: str
    name: str
    site: str

    @property
    def site_digest(self) -> str:
        """What tells sites apart in a line, so that another site's isn't mistaken for a forged one."""
        return hashlib.sha256(self.site.encode("utf-8", "replace")).hexdigest()[:10]


class Signer:
    """Signs lines and believes only what it signed: nobody without the API key can make one, move it, or change it.

    Args:
        key: the API key.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode("utf-8", "replace")

    def write(self, memory: Memory, place: Place, room: int) -> str | None:
        """Return the memory as a line, or None where its scans' identifiers are too long for that.

        The history is cut from its oldest end until it fits.

        Args:
            memory: what is to be remembered.
            place: where it belongs.
            room: the most characters of the line.
        """
        kept = replace(memory, lengths=memory.lengths[-MAX_LENGTHS:], scores=memory.scores[-MAX_SCORES:])
        while len(line := self._line(kept, place)) > room:
            if not kept.scores and not kept.lengths:
                return None
            kept = replace(kept, lengths=kept.lengths[1:] if not kept.scores else kept.lengths, scores=kept.scores[1:])
        return line

    def read(self, line: str, place: Place) -> Memory:
        """Return the memory in a line.

        Raises:
            NotBelieved: it isn't one of this place, or was not written with this key.
        """
        head, _, rest = line.partition(":")
        version, _, rest = rest.partition(":")
        if head != "secuprobe" or not version.isdigit():
            raise NotBelieved("it was not written by this action")
        if version != str(VERSION):
            raise NotBelieved("another version of this action wrote it")
        site, _, signed = rest.partition(":")
        if site != place.site_digest:
            raise NotBelieved
        content, _, mac = signed.rpartition(":")
        if not self.has_signed(content, mac, place):
            raise NotBelieved("its signature is not this key's: the key was rotated, or it was forged, altered or moved")
        match = _CONTENT.fullmatch(content)
        if match is None:
            raise NotBelieved("another version of this action wrote it")
        return _memory(match)

    def _line(self, memory: Memory, place: Place) -> str:
        content = _content(memory)
        return f"secuprobe:{VERSION}:{place.site_digest}:{content}:{self.sign(content, place)}"

    def has_signed(self, content: str, mac: str, place: Place) -> bool:
        """Whether a content was signed for that place with this key."""
        return hmac.compare_digest(self.sign(content, place).encode(), mac.encode("utf-8", "replace"))

    def sign(self, content: str, place: Place) -> str:
        """Return the signature of a content at a place: 22 characters."""
        signed = (f"secuprobe memory {VERSION}", place.repository, place.commit, place.name, place.site, content)
        # Each with its length, so that no two lists of texts are the same bytes.
        message = b"".join(b"%d:%b" % (len(part), part) for part in (text.encode("utf-8", "replace") for text in signed))
        return urlsafe_b64encode(hmac.digest(self._key, message, "sha256")[:16]).decode().rstrip("=")


def _content(memory: Memory) -> str:
    accepted = "" if memory.accepted is None else "=" if memory.accepted == memory.seen else memory.accepted
    return ":".join(
        (
            memory.state.value + ("m" if memory.on_default else "d"),
            f"{memory.run}.{memory.attempt}",
            str(memory.at),
            memory.seen,
            accepted,
            ",".join(map(str, memory.lengths)),
            ",".join("-" if score is None else str(score) for score in memory.scores),
        )
    )


def _memory(match: re.Match[str]) -> Memory:
    accepted = match["seen"] if match["accepted"] == "=" else match["accepted"] or None
    return Memory(
        State(match["state"]),
        match["branch"] == "m",
        match["run"],
        int(match["attempt"]),
        int(match["at"]),
        match["seen"],
        accepted,
        tuple(int(length) for length in match["lengths"].split(",") if length),
        tuple(None if score == "-" else int(score) for score in match["scores"].split(",") if score),
    )
