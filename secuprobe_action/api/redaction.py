"""What comes back from the API, without what must not be shown: the key, and the values of the scanned URL's query.

It must not know of HTTP: the client hands it every text and every decoded answer.
"""

import re
from typing import Any

from secuprobe_action.findings.model import SCAN_ID
from secuprobe_action.findings.urls import HIDDEN, secrets_in, shown_url
from secuprobe_action.text import encodable

MAX_LEARNT_URL = 10_000
"""Of the API's own copy of the URL: a longer one is no URL that was ever scanned."""

_IDENTIFIERS = ("id", "scanId", "hostname")
_WORDS = ("status", "severity")
# A query's value may well be `completed` or `critical`: such a word decides something in an answer, and is no secret there.
_WORD = re.compile(r"[A-Za-z_ -]{1,30}")


class Redactor:
    """Hides secrets in texts.

    Args:
        key: the API key.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._values: tuple[str, ...] = ()

    def hide(self, url: str) -> None:
        """Hide the values of this URL's query in all that follows."""
        known = {*self._values, *secrets_in(url)}
        self._values = tuple(sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for secret in (self._key, *self._values):
            text = text.replace(secret, HIDDEN)
        return text

    def answer(self, data: Any) -> Any:
        """Return decoded JSON without secrets, and with text that can be encoded.

        The scanned URL that it names may be one that only the API knows, where a scan is attached to: its values are hidden, too.
        """
        for scan in (data, data.get("scan")) if isinstance(data, dict) else ():
            url = scan.get("url") if isinstance(scan, dict) else None
            if isinstance(url, str) and len(url) <= MAX_LEARNT_URL:
                self.hide(url)
        return self._harmless(data, "")

    def _harmless(self, data: Any, name: str) -> Any:
        match data:
            case str():
                return encodable(self._shown(data, name))
            case list():
                return [self._harmless(item, name) for item in data]
            case dict():
                return {encodable(self._shown(key, "status")): self._harmless(item, key) for key, item in data.items()}
        return data

    def _shown(self, text: str, name: str) -> str:
        if (name in _IDENTIFIERS and SCAN_ID.match(text)) or (name in _WORDS and _WORD.fullmatch(text)):
            return text.replace(self._key, HIDDEN)
        return self.text(shown_url(text) if name == "url" else text)
