"""Since when a run's findings are there, as one signed text: it goes beside the memory, where the forge has room for it. Pure."""

import datetime as dt
import re

from secuprobe_action.findings.history import KEY_CHARS, Ages, Seen
from secuprobe_action.memory.record import Place, Signer

VERSION = 1
"""Of the text. Texts of another version are not read."""

MAX_FINDINGS = 3_000
"""A check run's text holds 65,535 characters."""

_TEXT = re.compile(r"<!-- secuprobe ages (?P<version>[0-9]+) (?P<content>[0-9a-z,+]*) (?P<mac>[A-Za-z0-9_.]{22}) -->\s*")
_EACH = re.compile(rf"(?P<key>[0-9a-f]{{{KEY_CHARS}}})(?P<before>[bs])(?P<day>[0-9]{{1,7}})")
# `b`: there before that day; `s`: since that day. Days are those of Python's calendar, which begins with the year 1.


def write(ages: Ages, signer: Signer, place: Place, scan_id: str) -> str:
    """Return the text, as a comment of HTML: nobody need see it.

    Args:
        ages: what to tell.
        signer: what signs it.
        place: where it belongs.
        scan_id: the scan whose findings they are.
    """
    listed = list(ages.first.items())
    each = [f"{key}{'b' if seen.before else 's'}{seen.on.toordinal()}" for key, seen in listed[:MAX_FINDINGS]]
    content = ",".join(each) + ("" if ages.whole and len(listed) <= MAX_FINDINGS else "+")
    # In a comment of HTML no `--` may stand, and a signature may have one.
    mac = signer.sign(_signed(content, scan_id), place).replace("-", ".")
    return f"<!-- secuprobe ages {VERSION} {content} {mac} -->"


def read(text: str, signer: Signer, place: Place, scan_id: str) -> Ages | None:
    """Return what a text tells, or None where there is none, or it was not written there, of that scan and with this key."""
    match = _TEXT.fullmatch(text)
    if match is None or match["version"] != str(VERSION):
        return None
    content = match["content"]
    if not signer.has_signed(_signed(content, scan_id), match["mac"].replace(".", "-"), place):
        return None
    found = _EACH.finditer(content)
    first = {each["key"]: Seen(dt.date.fromordinal(int(each["day"])), each["before"] == "b") for each in found}
    return Ages(first, whole=not content.endswith("+"))


def _signed(content: str, scan_id: str) -> str:
    """Return what is signed: nothing that a line (`record`) could say."""
    return f"ages {VERSION} {scan_id} {content}"
