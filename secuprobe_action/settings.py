"""What the user wants, validated once into one frozen object a command. It must not know what it is used for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, SecretStr, ValidationError

from secuprobe_action import values
from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings.gate import Policy
from secuprobe_action.findings.model import Severity
from secuprobe_action.network import Network

_Model = TypeVar("_Model", bound=BaseModel)


class Access(BaseModel):
    """What every command needs that asks SecuProbe.

    Attributes:
        api_key: the SecuProbe API key.
        timeout: the time budget of the whole run, in seconds, 10 to 21,600.
        api_url: the API's address, without a slash at its end.
        network: what the environment says of proxies and certificates.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    api_key: Annotated[SecretStr, BeforeValidator(values.api_key)]
    timeout: Annotated[int, BeforeValidator(values.timeout)]
    api_url: Annotated[str, BeforeValidator(values.api_url)]
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
        issue: whether to keep an issue open while the gate of the default branch fails.
        github_token: the token for GitHub's API, or None.
    """

    scan_id: Annotated[str | None, BeforeValidator(values.scan_id)]
    url: Annotated[str | None, BeforeValidator(values.url)]  # after scan_id, on which it depends
    target: Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)] = Field(validation_alias="url")
    fail_on_severity: Annotated[Severity | None, BeforeValidator(values.threshold)]
    baseline: Annotated[str | None, BeforeValidator(values.baseline)]
    fail_on: Annotated[Literal["all", "new"], BeforeValidator(values.fail_on)]  # after baseline, on which it depends
    min_score: Annotated[float | None, BeforeValidator(values.min_score)]
    ignore_file: Annotated[str, BeforeValidator(values.workspace_path)]
    reports: Annotated[tuple[values.ReportFile, ...], BeforeValidator(values.reports)]
    sarif_category: Annotated[str | None, BeforeValidator(values.sarif_category)]
    site: Annotated[str | None, BeforeValidator(values.site)]  # after url, on which it depends
    commit: Annotated[str | None, BeforeValidator(values.commit)]
    check_run: Annotated[bool, BeforeValidator(values.flag)]
    check_name: Annotated[str, BeforeValidator(values.check_name)]
    pr_comment: Annotated[values.CommentMode, BeforeValidator(values.comment_mode)]
    issue: Annotated[bool, BeforeValidator(values.flag)]
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

    include: Annotated[tuple[str, ...], BeforeValidator(values.globs)]
    exclude: Annotated[tuple[str, ...], BeforeValidator(values.globs)]
    format: Annotated[Literal["table", "json"], BeforeValidator(values.list_format)]


class EstateSettings(Access):
    """What the user wants of many sites, checked.

    Attributes:
        urls: what to scan, a URL a site, with all that its query holds; empty for the account's validated domains.
        include: globs of the host names of the account's domains; empty: all.
        exclude: globs of those to leave out.
        reports: the folder of the reports, relative to the workspace, or None for none.
        upload_sarif: whether each site's findings become alerts.

    The others are those of `Settings`.
    """

    urls: Annotated[tuple[SecretStr, ...], BeforeValidator(values.urls)]
    include: Annotated[tuple[str, ...], BeforeValidator(values.host_globs)]  # after urls, which they don't go with
    exclude: Annotated[tuple[str, ...], BeforeValidator(values.host_globs)]
    fail_on_severity: Annotated[Severity | None, BeforeValidator(values.threshold)]
    baseline: Annotated[str | None, BeforeValidator(values.estate_baseline)]
    fail_on: Annotated[Literal["all", "new"], BeforeValidator(values.fail_on)]  # after baseline, on which it depends
    min_score: Annotated[float | None, BeforeValidator(values.min_score)]
    ignore_file: Annotated[str, BeforeValidator(values.workspace_path)]
    reports: Annotated[str | None, BeforeValidator(values.folder)]
    check_run: Annotated[bool, BeforeValidator(values.flag)]
    check_name: Annotated[str, BeforeValidator(values.check_name)]
    issue: Annotated[bool, BeforeValidator(values.flag)]
    upload_sarif: Annotated[bool, BeforeValidator(values.flag)]
    github_token: Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)]

    @property
    def policy(self) -> Policy:
        """What fails a site."""
        return Policy(self.fail_on_severity, only_new=self.fail_on == "new", min_score=self.min_score)


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
        given = values.harmless(given)
    return Mistake(name, given, str(item["ctx"]["error"]))
