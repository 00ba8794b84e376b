"""The hidden first line by which a comment of ours is found again, on whatever forge."""

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True)
class Marker:
    """Whose comment it is: there is one a check's name and site.

    Args:
        name: the check's name.
        site: the site, or None where that isn't known.
    """

    name: str
    site: str | None = field(repr=False)

    def __str__(self) -> str:
        # In a comment of HTML no `--` may stand (html.spec.whatwg.org, "Comments"), and some names have one.
        name = quote(self.name, safe="").replace("-", "%2D").replace("~", "%7E")
        return f"<!-- secuprobe-scan-action name={name} site={digest(self.site)} -->"

    def begins(self, body: str | None) -> bool:
        """Whether a text begins with this marker: further down it may be quoted by whoever else writes there."""
        return bool(body) and re.match(re.escape(str(self)) + r"\r?(\n|\Z)", body or "") is not None


def digest(site: str | None) -> str:
    """Return what stands for a site in markers: it can't be told from the digest."""
    return hashlib.sha256((site or "").encode("utf-8", "replace")).hexdigest()[:16]
