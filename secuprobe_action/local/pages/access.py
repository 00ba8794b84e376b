"""Who may read the pages: a session begun with the API key, or anybody on this machine where that was asked for."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from secuprobe_action.local.accounts import Account, Limiter

COOKIE = "secuprobe_session"
SESSION_S = 12 * 3600
MAX_SESSIONS = 1000

TRIES_A_MINUTE = 10

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass
class Access:
    """Sessions, and what else opens the pages.

    Args:
        open_as: whose scans anybody may read who asks under a name of loopback, or None: a session is needed.
        now: seconds since the epoch.
    """

    open_as: Account | None = None
    now: Callable[[], float] = time.time
    _sessions: dict[str, tuple[Account, float]] = field(default_factory=dict)
    _failures: Limiter = field(init=False)

    def __post_init__(self) -> None:
        self._failures = Limiter(TRIES_A_MINUTE, self.now)

    def reader(self, cookies: Mapping[str, str], host: str) -> Account | None:
        """Return whose scans a request may read, or None.

        Args:
            cookies: the request's.
            host: the Host header. Without it a page of the internet could have its own name point to loopback, and read.
        """
        if self.open_as is not None:
            return self.open_as if hostname(host) in LOOPBACK_NAMES else None
        account, ends_at = self._sessions.get(cookies.get(COOKIE, ""), (None, 0.0))
        return account if self.now() < ends_at else None

    def may_try(self) -> bool:
        """Whether another key may be tried, or too many were wrong within a minute."""
        return not self._failures.is_used_up()

    def failed(self) -> None:
        """Count a key that was wrong."""
        self._failures.admit()

    def begin(self, account: Account) -> str:
        """Return a new session's token. It isn't the key, which no cookie holds: they go to every port of a host."""
        now = self.now()
        living = [(token, session) for token, session in self._sessions.items() if now < session[1]]
        self._sessions = dict(living[-(MAX_SESSIONS - 1) :])
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (account, now + SESSION_S)
        return token

    def end(self, cookies: Mapping[str, str]) -> None:
        """End a session."""
        self._sessions.pop(cookies.get(COOKIE, ""), None)


def hostname(host: str) -> str:
    """Return the name of a Host header, without its port; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page of ours. Cookies don't tell: another port of this host is the same site to them.

    A browser says where a form is from; what doesn't say it, such as a scan that a site sent on to here, is no browser.
    """
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host") if "//" in origin else False
    return headers.get("sec-fetch-site") == "same-origin"
