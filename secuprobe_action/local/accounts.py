"""Who may ask what, and how often: keys, scopes and the limit per key and minute."""

import hashlib
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 60.0

SCOPES = frozenset({"scans:create", "scans:read", "domains:read"})


@dataclass
class Limiter:
    """A fixed window, as `X-RateLimit-Reset` describes it; refused requests don't count.

    Args:
        limit: requests a window, at least 1.
        now: seconds since the epoch.
        admitted: how many requests were admitted so far.
        refused: how many weren't.
        window_s: how long a window is.
    """

    limit: int
    now: Callable[[], float]
    admitted: int = 0
    refused: int = 0
    window_s: float = WINDOW_S
    _ends_at: float = 0.0
    _used: int = 0

    def admit(self) -> bool:
        """Count a request, and return whether the window had room for it."""
        if self.is_used_up():
            self.refused += 1
            return False
        self._used += 1
        self.admitted += 1
        return True

    def is_used_up(self) -> bool:
        """Whether the window has no room for another request."""
        if self.now() >= self._ends_at:
            self.begin_window()
        return self._used >= self.limit

    def begin_window(self, ends_in_s: float | None = None) -> None:
        """Begin a window of which nothing is used yet."""
        self._ends_at, self._used = self.now() + (self.window_s if ends_in_s is None else ends_in_s), 0

    def headers(self) -> dict[str, str]:
        """Return the documented headers. The reset is rounded up: at that second the window is over."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - self._used),
            "X-RateLimit-Reset": str(math.ceil(self._ends_at)),
        }


@dataclass(frozen=True)
class Account:
    """A customer.

    Args:
        key: the API key.
        limiter: the key's limit.
        scopes: what the key may do.
        domains: the hosts the customer added, with whether they are validated; empty: any host may be scanned.
        name: what the account's scans are filed under; one without a name is known by its key.
    """

    key: str
    limiter: Limiter
    scopes: frozenset[str] = SCOPES
    domains: dict[str, bool] = field(default_factory=dict)
    name: str = ""

    @property
    def owner(self) -> str:
        """What the account's scans are filed under. The key itself is never stored."""
        return self.name or hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()

    def validates(self, host: str) -> bool:
        """Whether the customer has validated a host, in whatever case it was added."""
        return any(ok for name, ok in self.domains.items() if name.lower() == host)

    def opens_with(self, key: str) -> bool:
        """Whether `key` is the account's; how long that takes tells nothing about how near it is."""
        return secrets.compare_digest(self.key.encode("utf-8", "surrogatepass"), key.encode("utf-8", "surrogatepass"))
