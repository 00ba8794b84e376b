"""The hidden first line by which a comment of ours is found again, on whatever forge."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, unquote

_Comment = TypeVar("_Comment")


@dataclass(frozen=True)
class Marker:
    """Whose comment it is.

    Args:
        name: the check's name.
        url: a digest of what was scanned.
        run: the run that wrote it, a number.
    """

    name: str
    url: str
    run: str

    def __str__(self) -> str:
        return f"<!-- secuprobe-scan-action name={quote(self.name, safe='')} url={self.url} run={self.run} -->"

    @classmethod
    def parse(cls, body: str | None) -> "Marker | None":
        """Return the marker that a comment begins with, or None."""
        match = re.match(r"<!-- secuprobe-scan-action name=(\S*) url=([0-9a-f]*) run=([0-9]*) -->", body or "")
        return cls(unquote(match[1]), match[2], match[3]) if match else None

    def find(self, comments: Iterable[tuple[_Comment, str | None]]) -> _Comment | None:
        """Return the comment to edit: the one of the same name.

        Several URLs scanned under one name in one run have a comment each; a preview's URL, which differs at each commit, takes
        over the one of an earlier run.

        Args:
            comments: this token's own comments, each with its body.
        """
        found = [(comment, marker) for comment, body in comments if (marker := Marker.parse(body)) and marker.name == self.name]
        same = [comment for comment, marker in found if marker.url == self.url]
        earlier = [comment for comment, marker in found if marker.run != self.run]
        return next(iter([*same, *earlier]), None)


def digest(url: str | None) -> str:
    """Return what stands for a URL in markers and identities: it can't be told from the digest."""
    return hashlib.sha256((url or "").encode("utf-8", "replace")).hexdigest()[:12]
