"""Inputs and environment, validated once into one frozen Settings. It must not know what they are used for."""

import argparse
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, SecretStr, ValidationError, ValidationInfo

from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings.gate import Policy
from secuprobe_action.findings.model import SCAN_ID, Severity
from secuprobe_action.findings.sites import named_site, site_of
from secuprobe_action.findings.urls import secrets_in, shown_url
from secuprobe_action.network import Network
from secuprobe_action.report_files import pairs
from secuprobe_action.reports import FORMATS
from secuprobe_action.reports.sarif import NO_CATEGORY
from secuprobe_action.workspace import path_problem

DEFAULTS: Mapping[str, str] = {
    "api_key": "",
    "url": "",
    "fail_on_severity": "critical",
    "timeout": "600",
    "api_url": "https://secuprobe.io/api/v1",
    "scan_id": "",
    "baseline": "",
    "fail_on": "all",
    "min_score": "",
    "ignore_file": ".secuprobe-ignore.yml",
    "reports": "",
    "sarif_category": "",
    "site": "",
    "commit": "",
    "check_run": "false",
    "check_name": "SecuProbe",
    "pr_comment": "off",
    "github_token": "",
}
"""Every input with its default; a test holds them against action.yml."""

DOMAIN_DEFAULTS: Mapping[str, str] = {
    "api_key": "",
    "timeout": "60",
    "api_url": DEFAULTS["api_url"],
    "include": "",
    "exclude": "",
    "format": "table",
}
"""The inputs of the command `domains`, which are those of domains/action.yml, too."""

ESTATE_DEFAULTS: Mapping[str, str] = {
    "api_key": "",
    "urls": "",
    "include": "",
    "exclude": "",
    "fail_on_severity": DEFAULTS["fail_on_severity"],
    "timeout": "1h",
    "api_url": DEFAULTS["api_url"],
    "baseline": "",
    "fail_on": "all",
    "min_score": "",
    "ignore_file": DEFAULTS["ignore_file"],
    "reports": "secuprobe",
    "check_run": "false",
    "check_name": "SecuProbe estate",
    "github_token": "",
}
"""The inputs of the command `estate`, which are those of estate/action.yml, too."""

NONE = "none"

KEY_PREFIX = "sp_live_"
AUTO = "auto"


_Model = TypeVar("_Model", bound=BaseModel)


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


def _api_key(value: str) -> SecretStr:
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


def _url(value: str, info: ValidationInfo) -> str | None:
    if value:
        _web_url(value)
        return shown_url(value)
    if info.data.get("scan_id", "unreadable") is None:
        raise ValueError("is missing; give the URL to scan, as in https://your-app.com")
    return None


def _api_url(value: str) -> str:
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


def _threshold(value: str) -> Severity | None:
    if value.lower() not in _THRESHOLDS:
        raise ValueError(f"must be one of {', '.join(_THRESHOLDS)}")
    return _THRESHOLDS[value.lower()]


def _timeout(value: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})\s*([smh]?)", value.lower())
    if not match:
        raise ValueError("must be a duration: seconds (600 or 600s), minutes (10m) or hours (1h)")
    seconds = int(match[1]) * _UNIT_S[match[2]]
    if not _MIN_TIMEOUT_S <= seconds <= _MAX_TIMEOUT_S:
        raise ValueError("must be between 10 seconds and 6 hours")
    return seconds


def _scan_id(value: str) -> str | None:
    if value and not SCAN_ID.match(value):
        raise ValueError("must be a scan's id as the output scan_id gave it, or empty")
    return value or None


def _baseline(value: str) -> str | None:
    if value and not SCAN_ID.match(value):
        raise ValueError("must be auto, the id of a scan to compare with, or empty")
    return AUTO if value.lower() == AUTO else value or None


def _fail_on(value: str, info: ValidationInfo) -> str:
    if value.lower() not in ("all", "new"):
        raise ValueError("must be all or new")
    if value.lower() == "new" and info.data.get("baseline", "unreadable") is None:
        raise ValueError("needs a baseline to tell what is new: set the input baseline to auto or to a scan's id")
    return value.lower()


def _min_score(value: str) -> float | None:
    if value and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", value):
        raise ValueError("must be a number from 0 to 100, or empty")
    score = float(value) if value else None
    if score is not None and score > 100:
        raise ValueError("must be a number from 0 to 100, or empty")
    return score


def _workspace_path(value: str) -> str:
    problem = path_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _reports(value: str) -> tuple[ReportFile, ...]:
    return tuple(ReportFile(format_name, _workspace_path(path)) for format_name, path in pairs(value, FORMATS))


def _sarif_category(value: str) -> str | None:
    if len(value) > 200 or re.search(r"[\x00-\x1f\x7f]", value) or (value and not value.strip("/ ")):
        raise ValueError("must be one line of at most 200 characters, none for no category, or empty for the usual one")
    return (value.lower() if value.lower() == NO_CATEGORY else value) or None


def _flag(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return value.lower() == "true"


def _globs(value: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\s,]+", value.lower().strip(", \n"))) if value else ()


def _urls(value: str) -> tuple[SecretStr, ...]:
    return tuple(map(_one_of_urls, value.split()))


def _one_of_urls(url: str) -> SecretStr:
    try:
        _web_url(url)
    except ValueError as error:
        # Which one it is must be told, and what a mistaken URL hides must not.
        raise ValueError(f"must have a URL a line, and {_harmless(url)} {error}") from error
    return SecretStr(url)


def _host_globs(value: str, info: ValidationInfo) -> tuple[str, ...]:
    if value and info.data.get("urls"):
        raise ValueError("chooses among the account's domains, so it doesn't go with urls")
    return _globs(value)


def _estate_baseline(value: str) -> str | None:
    if value.lower() not in ("", AUTO):
        raise ValueError("must be auto or empty: a scan to compare with is one site's")
    return AUTO if value else None


def _folder(value: str) -> str | None:
    if value.lower() == NONE:
        return None
    return _workspace_path(value.rstrip("/")).removeprefix("./")


def _list_format(value: str) -> str:
    if value.lower() not in ("table", "json"):
        raise ValueError("must be table or json")
    return value.lower()


def _check_name(value: str) -> str:
    if len(value) > 1_000 or re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must be one line of at most 1,000 characters")
    return value


def _site(value: str, info: ValidationInfo) -> str | None:
    if len(value) > 1_000 or re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must be one line of at most 1,000 characters")
    url = info.data.get("url")
    return named_site(value) if value else site_of(url) if url else None


def _commit(value: str) -> str | None:
    if value and not re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", value):
        raise ValueError("must be a commit's full SHA, or empty for the event's commit")
    return value.lower() or None


def _comment_mode(value: str) -> CommentMode:
    # YAML reads a bare `off` as false.
    modes = {"off": CommentMode.OFF, "false": CommentMode.OFF, "always": CommentMode.ALWAYS, "changes": CommentMode.CHANGES}
    if value.lower() not in modes:
        raise ValueError("must be off, always or changes")
    return modes[value.lower()]


class Access(BaseModel):
    """What every command needs that asks SecuProbe.

    Attributes:
        api_key: the SecuProbe API key.
        timeout: the time budget of the whole run, in seconds, 10 to 21,600.
        api_url: the API's address, without a slash at its end.
        network: what the environment says of proxies and certificates.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    api_key: Annotated[SecretStr, BeforeValidator(_api_key)]
    timeout: Annotated[int, BeforeValidator(_timeout)]
    api_url: Annotated[str, BeforeValidator(_api_url)]
    network: InstanceOf[Network]


class Settings(Access):
    """What the user wants of a scan, checked.

    Attributes:
        scan_id: a scan to attach to instead of launching one, or None.
        url: what to scan, as it may be shown (`urls.shown_url`); None only where `scan_id` is given.
        target: what to scan, with all that its query holds: for the request to SecuProbe, and for nothing else.
        fail_on_severity: the severity from which findings fail the gate, or None where nothing does.
        baseline: the id of the scan to compare with, AUTO to look it up, or None for no comparison.
        fail_on: whether all findings fail the gate, or only new ones.
        min_score: the score below which the gate fails, or None.
        ignore_file: the file of accepted risks, relative to the workspace.
        reports: the report files to write.
        sarif_category: the category of the SARIF file, `none` for a file without one, or None for the usual one.
        site: what the findings belong to, by whatever URL it is reached; None only where it is that of a scan not yet asked for.
        commit: the commit under test where only the workflow knows it, or None for the event's.
        check_run: whether to publish a check run.
        check_name: its name, and the comment's.
        pr_comment: when to comment on the pull request.
        github_token: the token for GitHub's API, or None.
    """

    scan_id: Annotated[str | None, BeforeValidator(_scan_id)]
    url: Annotated[str | None, BeforeValidator(_url)]  # after scan_id, on which it depends
    target: Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)] = Field(validation_alias="url")
    fail_on_severity: Annotated[Severity | None, BeforeValidator(_threshold)]
    baseline: Annotated[str | None, BeforeValidator(_baseline)]
    fail_on: Annotated[Literal["all", "new"], BeforeValidator(_fail_on)]  # after baseline, on which it depends
    min_score: Annotated[float | None, BeforeValidator(_min_score)]
    ignore_file: Annotated[str, BeforeValidator(_workspace_path)]
    reports: Annotated[tuple[ReportFile, ...], BeforeValidator(_reports)]
    sarif_category: Annotated[str | None, BeforeValidator(_sarif_category)]
    site: Annotated[str | None, BeforeValidator(_site)]  # after url, on which it depends
    commit: Annotated[str | None, BeforeValidator(_commit)]
    check_run: Annotated[bool, BeforeValidator(_flag)]
    check_name: Annotated[str, BeforeValidator(_check_name)]
    pr_comment: Annotated[CommentMode, BeforeValidator(_comment_mode)]
    github_token: Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)]

    @property
    def policy(self) -> Policy:
        """What fails the check."""
        return Policy(self.fail_on_severity, only_new=self.fail_on == "new", min_score=self.min_score)


class DomainFilter(Access):
    """What the user wants to know of the account's domains, checked.

    Attributes:
        include: globs of host names to list; empty: all.
        exclude: globs of host names to leave out.
        format: how they are listed.
    """

    include: Annotated[tuple[str, ...], BeforeValidator(_globs)]
    exclude: Annotated[tuple[str, ...], BeforeValidator(_globs)]
    format: Annotated[Literal["table", "json"], BeforeValidator(_list_format)]


class EstateSettings(Access):
    """What the user wants of many sites, checked.

    Attributes:
        urls: what to scan, a URL a site, with all that its query holds; empty for the account's validated domains.
        include: globs of the host names of the account's domains; empty: all.
        exclude: globs of those to leave out.
        reports: the folder of the reports, relative to the workspace, or None for none.

    The others are those of `Settings`.
    """

    urls: Annotated[tuple[SecretStr, ...], BeforeValidator(_urls)]
    include: Annotated[tuple[str, ...], BeforeValidator(_host_globs)]  # after urls, which they don't go with
    exclude: Annotated[tuple[str, ...], BeforeValidator(_host_globs)]
    fail_on_severity: Annotated[Severity | None, BeforeValidator(_threshold)]
    baseline: Annotated[str | None, BeforeValidator(_estate_baseline)]
    fail_on: Annotated[Literal["all", "new"], BeforeValidator(_fail_on)]  # after baseline, on which it depends
    min_score: Annotated[float | None, BeforeValidator(_min_score)]
    ignore_file: Annotated[str, BeforeValidator(_workspace_path)]
    reports: Annotated[str | None, BeforeValidator(_folder)]
    check_run: Annotated[bool, BeforeValidator(_flag)]
    check_name: Annotated[str, BeforeValidator(_check_name)]
    github_token: Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)]

    @property
    def policy(self) -> Policy:
        """What fails a site."""
        return Policy(self.fail_on_severity, only_new=self.fail_on == "new", min_score=self.min_score)


def read_inputs(
    environment: Mapping[str, str],
    prefixes: tuple[str, ...],
    flags: Mapping[str, str | None],
    defaults: Mapping[str, str] = DEFAULTS,
) -> dict[str, str]:
    """Return every input as text: the flag, else the first environment variable that isn't empty, else the default.

    Args:
        environment: the process's environment.
        prefixes: what the variables begin with, the first one first: `INPUT_`, then `SECUPROBE_` on GitHub; the latter elsewhere.
        flags: the command line's values by input name; None where a flag wasn't given.
        defaults: every input of the command with its default.

    White space around a value is dropped, and an empty value is the same as none: that is what a workflow's
    `${{ inputs.timeout }}` gives where nothing was entered.
    """
    inputs = {}
    for name, default in defaults.items():
        flag = flags.get(name)
        variables = [environment.get(prefix + name.upper(), "") for prefix in prefixes]
        given = variables if flag is None else [flag]
        inputs[name] = next((text.strip() for text in given if text.strip()), default)
    return inputs


def secrets_of(inputs: Mapping[str, str]) -> tuple[str, ...]:
    """Return what no log may show of these inputs, valid or not: the API key, and what the URL's query may hide.

    Args:
        inputs: all inputs as text, as `read_inputs` returns them.
    """
    urls = (inputs.get("url", ""), *inputs.get("urls", "").split())
    return tuple(filter(None, (inputs.get("api_key"), *(secret for url in urls for secret in secrets_in(url)))))


def validate(inputs: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Return the settings that `inputs` describe.

    Args:
        inputs: all inputs as text, as `read_inputs` returns them.
        environment: the process's environment, for what is configured there by convention (proxies, certificates).

    Raises:
        InputError: one or more inputs can't be used; it names them all.
    """
    return _validated(Settings, inputs, network=Network.of(environment))


def validate_domain_filter(inputs: Mapping[str, str], environment: Mapping[str, str]) -> DomainFilter:
    """Return what `inputs` ask of the account's domains; arguments and errors as with `validate`."""
    return _validated(DomainFilter, inputs, network=Network.of(environment))


def validate_estate(inputs: Mapping[str, str], environment: Mapping[str, str]) -> EstateSettings:
    """Return what `inputs` ask of many sites; arguments and errors as with `validate`."""
    return _validated(EstateSettings, inputs, network=Network.of(environment))


def _validated(model: type[_Model], inputs: Mapping[str, str], **configured: Network) -> _Model:
    try:
        return model.model_validate({**inputs, **configured})
    except ValidationError as error:
        raise InputError([_mistake(item, inputs) for item in error.errors(include_url=False)]) from None


def _mistake(item: Any, inputs: Mapping[str, str]) -> Mistake:
    name = str(item["loc"][0])
    given = inputs[name] or None
    if name in ("api_key", "github_token"):
        given = None
    elif name == "urls":
        given = None  # the message names the one that is wrong
    elif given and (name in ("url", "site", "api_url") or "://" in given):
        given = _harmless(given)
    return Mistake(name, given, str(item["ctx"]["error"]))


def _harmless(url: str) -> str:
    """Return a URL to be shown: a secret in it is no less one for being a mistake."""
    return re.sub(r"//.*@", "//***@", shown_url(url), flags=re.DOTALL)


def add_flags(parser: argparse.ArgumentParser, defaults: Mapping[str, str] = DEFAULTS) -> None:
    """Add a command-line flag for each input: `--fail-on-severity`, or spelled as the input is."""
    for name, default in defaults.items():
        spellings = dict.fromkeys([f"--{name.replace('_', '-')}", f"--{name}"])
        parser.add_argument(*spellings, dest=name, metavar="VALUE", help=f"default: {default}" if default else None)


def parse_flags(arguments: Sequence[str], parser: argparse.ArgumentParser) -> dict[str, str | None]:
    """Return the inputs given on the command line, None where not given."""
    return dict(vars(parser.parse_args(arguments)))
