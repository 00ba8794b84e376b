"""How thoroughly Wapiti scans: modules, time and pages."""

from collections.abc import Mapping
from dataclasses import dataclass

_QUICK = ("cookieflags", "csp", "csrf", "http_headers", "permanentxss", "redirect", "sql", "xss")
_STANDARD = (*_QUICK, "crlf", "exec", "file", "methods", "upload")
_DEEP = (*_STANDARD, "backup", "htaccess", "ldap", "shellshock", "spring4shell", "timesql")


@dataclass(frozen=True)
class Depth:
    """How thoroughly to scan.

    Args:
        name: what users call it.
        modules: Wapiti's, named one by one: without those that ask a server of Wapiti's on the internet (ssrf, xxe, log4shell),
            fetch a list from there (nikto, wapp, cms, htp), or connect past the proxy (https_redirect, ssl).
        time_limit_s: when a scan is killed and failed, in seconds; its parts are held to times that leave some for the report.
        pages_per_folder: how many pages of a folder of the site are looked at.
        links_per_page: how many links of a page are followed.
        levels: how many links away from the URL a page may be.
        estimate_s: what a small site on the same machine takes, in seconds, while nothing better is known.
    """

    name: str
    modules: tuple[str, ...]
    time_limit_s: float
    pages_per_folder: int
    links_per_page: int
    levels: int
    estimate_s: float

    @property
    def crawl_s(self) -> float:
        """How long pages are looked for, in seconds."""
        return (self.time_limit_s - self._spare_s) * 0.3

    @property
    def attack_s(self) -> float:
        """How long each module may take, one after the other, in seconds."""
        return (self.time_limit_s - self._spare_s) * 0.7 / len(self.modules)

    @property
    def _spare_s(self) -> float:
        """What is kept for Wapiti's start and its report, in seconds: a scan killed before its report has found nothing."""
        return min(10.0, self.time_limit_s / 4)


DEPTHS: Mapping[str, Depth] = {
    depth.name: depth
    for depth in (
        Depth("quick", _QUICK, 240.0, 50, 100, 10, 6.0),
        Depth("standard", _STANDARD, 900.0, 200, 300, 20, 20.0),
        Depth("deep", _DEEP, 3600.0, 1000, 1000, 40, 60.0),
    )
}
