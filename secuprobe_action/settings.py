"""Inputs and environment, validated once into one frozen Settings. It must not know what they are used for."""

import argparse
import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo

from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings.model import SCAN_ID, Severity

DEFAULTS: Mapping[str, str] = {
    "api_key": "",
    "url": "",
    "fail_on_severity": "critical",
    "timeout": "600",
    "api_url": "https://secuprobe.io/api/v1",
    "scan_id": "",
}
"""Every input with its default; a test holds them against action.yml."""

KEY_PREFIX = "sp_live_"

_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR")
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
    except ValueError as error:
        raise ValueError(f"must be a valid URL ({error})") from error
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
        return value
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


class Settings(BaseModel):
    """What the user wants, checked.

    Attributes:
        api_key: the SecuProbe API key.
        scan_id: a scan to attach to instead of launching one, or None.
        url: what to scan; None only where `scan_id` is given.
        fail_on_severity: the severity from which findings fail the gate, or None where nothing does.
        timeout: the time budget of the whole run, in seconds, 10 to 21,600.
        api_url: the API's address, without a slash at its end.
        ca_bundle: a file or folder of CA certificates to trust instead of the usual ones, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Annotated[SecretStr, BeforeValidator(_api_key)]
    scan_id: Annotated[str | None, BeforeValidator(_scan_id)]
    url: Annotated[str | None, BeforeValidator(_url)]  # after scan_id, on which it depends
    fail_on_severity: Annotated[Severity | None, BeforeValidator(_threshold)]
    timeout: Annotated[int, BeforeValidator(_timeout)]
    api_url: Annotated[str, BeforeValidator(_api_url)]
    ca_bundle: str | None = Field(None, min_length=1)


def read_inputs(environment: Mapping[str, str], prefix: str, flags: Mapping[str, str | None]) -> dict[str, str]:
    """Return every input as text: the flag, else the environment variable, else the default.

    Args:
        environment: the process's environment.
        prefix: `INPUT_` on GitHub, `SECUPROBE_` elsewhere.
        flags: the command line's values by input name; None where a flag wasn't given.

    White space around a value is dropped, and an empty value is the same as none: that is what a workflow's
    `${{ inputs.timeout }}` gives where nothing was entered.
    """
    inputs = {}
    for name, default in DEFAULTS.items():
        flag = flags.get(name)
        given = environment.get(prefix + name.upper(), "") if flag is None else flag
        inputs[name] = given.strip() or default
    return inputs


def validate(inputs: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Return the settings that `inputs` describe.

    Args:
        inputs: all inputs as text, as `read_inputs` returns them.
        environment: the process's environment, for what is configured there by convention (CA certificates).

    Raises:
        InputError: one or more inputs can't be used; it names them all.
    """
    ca_bundle = next((environment[name] for name in _CA_VARIABLES if environment.get(name)), None)
    try:
        return Settings.model_validate({**inputs, "ca_bundle": ca_bundle})
    except ValidationError as error:
        raise InputError([_mistake(item, inputs) for item in error.errors(include_url=False)]) from None


def _mistake(item: Any, inputs: Mapping[str, str]) -> Mistake:
    name = str(item["loc"][0])
    given = inputs[name] or None
    if name == "api_key":
        given = None
    elif given:
        given = re.sub(r"//[^/?#]*@", "//***@", given)  # a password in a URL is no less a secret for being a mistake
    return Mistake(name, given, str(item["ctx"]["error"]))


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add a command-line flag for each input: `--fail-on-severity`, or spelled as the input is."""
    for name, default in DEFAULTS.items():
        spellings = dict.fromkeys([f"--{name.replace('_', '-')}", f"--{name}"])
        parser.add_argument(*spellings, dest=name, metavar="VALUE", help=f"default: {default}" if default else None)


def parse_flags(arguments: Sequence[str], parser: argparse.ArgumentParser) -> dict[str, str | None]:
    """Return the inputs given on the command line, None where not given."""
    return {name: value for name, value in vars(parser.parse_args(arguments)).items() if name in DEFAULTS}
