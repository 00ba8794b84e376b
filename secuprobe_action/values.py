"""What the text of an input may say, and what it means: a function a kind. Each raises ValueError with what is wrong."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr, ValidationInfo

from secuprobe_action.findings.model import SCAN_ID, Severity
from secuprobe_action.findings.sites import named_site, site_of
from secuprobe_action.findings.urls import shown_url
from secuprobe_action.report_files import pairs
from secuprobe_action.reports import FORMATS
from secuprobe_action.reports.sarif import NO_CATEGORY
from secuprobe_action.workspace import path_problem

NONE = "none"

KEY_PREFIX = "sp_live_"
AUTO = "auto"


class CommentMode(Enum):
    """When to comment on the pull request."""

    OFF = "off"
    ALWAYS = "always"
    CHANGES = "changes"


@dataclass(frozen=True)
class ReportFile:
    """A report to write.

    Args:
        format: one of the report formats.
        path: where, relative to the workspace.
    """

    format: str
    path: str


_THRESHOLDS: Mapping[str, Severity | None] = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "none": None,
}
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600}
_MIN_TIMEOUT_S, _MAX_TIMEOUT_S = 10, 6 * 3600  # 6 h: what a job on a GitHub-hosted runner may take
_PRIVATE_NETWORKS = [
    ipaddress.ip_network(network)
    # loopback; RFC 1918; RFC 4193
    for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
]


def api_key(value: str) -> SecretStr:
    # Not in the message: what was given. It may be another service's secret.
    if not value:
        raise ValueError(f"is missing; give it an API key, which starts with {KEY_PREFIX}, from a secret")
    if not re.fullmatch(KEY_PREFIX + r"[!-~]+", value):
        raise ValueError(
            f"is not a SecuProbe API key: it must start with {KEY_PREFIX} and be free of blanks. It was not sent anywhere"
        )
    return SecretStr(value)


def _web_url(value: str) -> SplitResult:
    if re.search(r"[\s\\<>\"\x00-\x1f\x7f]", value):
        raise ValueError("must not contain blanks, quotes, angle brackets or backslashes")
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # reading it validates it
    except ValueError as error:  # not told: it may quote a password
        raise ValueError("must be a valid URL: its host or its port can't be read") from error
    if parts.scheme not in ("http", "https"):
        raise ValueError("must start with https:// or http://")
    if not parts.hostname:
        raise ValueError("must name a host, as in https://your-app.com")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    return parts


def url(value: str, info: ValidationInfo) -> str | None:
    if value:
        _web_url(value)
        return shown_url(value)
    if info.data.get("scan_id", "unreadable") is None:
        raise ValueError("is missing; give the URL to scan, as in https://your-app.com")
    return None


def api_url(value: str) -> str:
    parts = _web_url(value)
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or a fragment")
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        raise ValueError(
            "must start with https:// (http:// is only for loopback, private addresses and hosts of the local network)"
        )
    return value.rstrip("/")


def _is_local(host: str) -> bool:
    """Whether plain HTTP to this host stays on networks of the user's own, so that the key does not travel in the clear."""
    if host == "host.docker.internal":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A name without a dot is looked up in the local network only; a number is an address in disguise.
        return re.fullmatch(r"[a-z][a-z0-9_-]*", host) is not None
    return any(address in network for network in _PRIVATE_NETWORKS)


def threshold(value: str) -> Severity | None:
    if value.lower() not in _THRESHOLDS:
        raise ValueError(f"must be one of {', '.join(_THRESHOLDS)}")
    return _THRESHOLDS[value.lower()]


def timeout(value: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})\s*([smh]?)", value.lower())
    if not match:
        raise ValueError("must be a duration: seconds (600 or 600s), minutes (10m) or hours (1h)")
    seconds = int(match[1]) * _UNIT_S[match[2]]
    if not _MIN_TIMEOUT_S <= seconds <= _MAX_TIMEOUT_S:
        raise ValueError("must be between 10 seconds and 6 hours")
    return seconds


def scan_id(value: str) -> str | None:
    if value and not SCAN_ID.match(value):
        raise ValueError("must be a scan's id as the output scan_id gave it, or empty")
    return value or None


def baseline(value: str) -> str | None:
    if value and not SCAN_ID.match(value):
        raise ValueError("must be auto, the id of a scan to compare with, or empty")
    return AUTO if value.lower() == AUTO else value or None


def fail_on(value: str, info: ValidationInfo) -> str:
    if value.lower() not in ("all", "new"):
        raise ValueError("must be all or new")
    if value.lower() == "new" and info.data.get("baseline", "unreadable") is None:
        raise ValueError("needs a baseline to tell what is new: set the input baseline to auto or to a scan's id")
    return value.lower()


def min_score(value: str) -> float | None:
    if value and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", value):
        raise ValueError("must be a number from 0 to 100, or empty")
    score = float(value) if value else None
    if score is not None and score > 100:
        raise ValueError("must be a number from 0 to 100, or empty")
    return score


def workspace_path(value: str) -> str:
    problem = path_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def reports(value: str) -> tuple[ReportFile, ...]:
    return tuple(ReportFile(format_name, workspace_path(path)) for format_name, path in pairs(value, FORMATS))


def sarif_category(value: str) -> str | None:
    if len(value) > 200 or re.search(r"[\x00-\x1f\x7f]", value) or (value and not value.strip("/ ")):
        raise ValueError("must be one line of at most 200 characters, none for no category, or empty for the usual one")
    return (value.lower() if value.lower() == NO_CATEGORY else value) or None


def flag(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return value.lower() == "true"


def globs(value: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\s,]+", value.lower().strip(", \n"))) if value else ()


def urls(value: str) -> tuple[SecretStr, ...]:
    return tuple(map(one_of_urls, value.split()))


def one_of_urls(url: str) -> SecretStr:
    try:
        _web_url(url)
    except ValueError as error:
        # Which one it is must be told, and what a mistaken URL hides must not.
        raise ValueError(f"must have a URL a line, and {harmless(url)} {error}") from error
    return SecretStr(url)


def host_globs(value: str, info: ValidationInfo) -> tuple[str, ...]:
    if value and info.data.get("urls"):
        raise ValueError("chooses among the account's domains, so it doesn't go with urls")
    return globs(value)


def estate_baseline(value: str) -> str | None:
    if value.lower() not in ("", AUTO):
        raise ValueError("must be auto or empty: a scan to compare with is one site's")
    return AUTO if value else None


def folder(value: str) -> str | None:
    if value.lower() == NONE:
        return None
    return workspace_path(value.rstrip("/")).removeprefix("./")


def list_format(value: str) -> str:
    if value.lower() not in ("table", "json"):
        raise ValueError("must be table or json")
    return value.lower()


def check_name(value: str) -> str:
    if len(value) > 1_000 or re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must be one line of at most 1,000 characters")
    return value


def site(value: str, info: ValidationInfo) -> str | None:
    if len(value) > 1_000 or re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must be one line of at most 1,000 characters")
    url = info.data.get("url")
    return named_site(value) if value else site_of(url) if url else None


def commit(value: str) -> str | None:
    if value and not re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", value):
        raise ValueError("must be a commit's full SHA, or empty for the event's commit")
    return value.lower() or None


def comment_mode(value: str) -> CommentMode:
    # YAML reads a bare `off` as false.
    modes = {"off": CommentMode.OFF, "false": CommentMode.OFF, "always": CommentMode.ALWAYS, "changes": CommentMode.CHANGES}
    if value.lower() not in modes:
        raise ValueError("must be off, always or changes")
    return modes[value.lower()]


def harmless(url: str) -> str:
    """Return a URL to be shown: a secret in it is no less one for being a mistake."""
    return re.sub(r"//.*@", "//***@", shown_url(url), flags=re.DOTALL)
