"""Every command's inputs as text: their defaults, and how environment and flags give them. It must not know what they mean."""

import argparse
from collections.abc import Mapping, Sequence

from secuprobe_action.findings.urls import secrets_in

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
    "issue": "false",
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
    "issue": "false",
    "upload_sarif": "false",
    "github_token": "",
}
"""The inputs of the command `estate`, which are those of estate/action.yml, too."""


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


def add_flags(parser: argparse.ArgumentParser, defaults: Mapping[str, str] = DEFAULTS) -> None:
    """Add a command-line flag for each input: `--fail-on-severity`, or spelled as the input is."""
    for name, default in defaults.items():
        spellings = dict.fromkeys([f"--{name.replace('_', '-')}", f"--{name}"])
        parser.add_argument(*spellings, dest=name, metavar="VALUE", help=f"default: {default}" if default else None)


def parse_flags(arguments: Sequence[str], parser: argparse.ArgumentParser) -> dict[str, str | None]:
    """Return the inputs given on the command line, None where not given."""
    return dict(vars(parser.parse_args(arguments)))
