"""How long a scan will take, learned from those that were: pure."""

from collections.abc import Sequence
from statistics import median

OF_HOST, OF_ANY = 5, 20
"""How many of the last scans are looked at: few of the same host, since a site changes; more where it is a new one."""


def learned(of_host: Sequence[float], of_any: Sequence[float]) -> float | None:
    """Return the seconds that a scan is expected to take, or None where nothing is known.

    Args:
        of_host: how long the last scans of the same host took, in seconds.
        of_any: how long the last scans of whatever host took.
    """
    known = of_host[:OF_HOST] or of_any[:OF_ANY]
    return round(median(known), 1) if known else None
