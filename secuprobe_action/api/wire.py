"""What crosses the wire, in both shapes that SecuProbe is known to send. It must not know what the program does with it.

The documentation shows flat scan objects (`scanId`, `vulnerabilitiesCount`, `reportUrl`); the live service has also been
seen to answer GET /scans/{id} with `{"scan": {"id", "status", "secuScore", "url", "vulnerabilities": {counts}}}`.
Unknown fields are ignored; fields that aren't needed to go on may be missing, null, or whatever else: `reading` makes of them
what can be made.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from secuprobe_action.api.reading import MAX_COUNT, read
from secuprobe_action.findings.model import SCAN_ID


def _scalar_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) else value


def _checked_scan_id(value: Any) -> Any:
    text = _scalar_as_text(value)
    if isinstance(text, str) and not SCAN_ID.match(text):
        raise ValueError("a scan id consists of letters, digits, '-', '_', '.' and '~'")
    return text


def _none_if_unreadable(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


_NoneIfUnreadable = WrapValidator(_none_if_unreadable)
Text = Annotated[str | None, BeforeValidator(_scalar_as_text), _NoneIfUnreadable]
ScanId = Annotated[str, BeforeValidator(_checked_scan_id)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
WireCounts = Mapping[str, int] | None


class _Wire(BaseModel):
    # Built when first used: the first request goes out before any answer is read.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)


class _ScanObject(_Wire):
    scan_id: ScanId = Field(validation_alias=AliasChoices("scanId", "id"))

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, data: Any) -> Any:
        unwrapped = data["scan"] if isinstance(data, dict) and isinstance(data.get("scan"), dict) else data
        return cls._readable(unwrapped) if isinstance(unwrapped, dict) else unwrapped

    @classmethod
    def _readable(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Return an answer's fields in the form that the model takes."""
        return data


class LaunchedScan(_ScanObject):
    """The answer to POST /scans. Only the id is insisted on: the scan runs, and must not be lost over the rest."""

    status: Annotated[str | None, _NoneIfUnreadable] = None
    estimated_duration_s: Annotated[float | None, Field(gt=0, le=86_400), _NoneIfUnreadable] = Field(
        None, validation_alias="estimatedDuration"
    )


class Scan(_ScanObject):
    """The answer to GET /scans/{id}. Status and id are insisted on; of the rest, `reading.Reading` says what is made of it."""

    status: Annotated[str, Field(min_length=1)]
    url: Text = None
    report_url: Text = Field(None, validation_alias="reportUrl")
    score: float | None = None
    counts: WireCounts = None
    total: int | None = None
    unreadable: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @classmethod
    def _readable(cls, data: dict[str, Any]) -> dict[str, Any]:
        counts = data.get("vulnerabilitiesCount")
        reading = read(data.get("secuScore"), data.get("vulnerabilities") if counts is None else counts)
        texts = {"url": "url", "reportUrl": "link to the report"}
        odd = [words for name, words in texts.items() if isinstance(data.get(name), dict | list)]
        return {
            **data,
            "score": reading.score,
            "counts": reading.counts,
            "total": reading.total,
            "unreadable": reading.unreadable,
            "doubts": (*reading.doubts, *(f"The API's {words} of the scan can't be read, so it is left out." for words in odd)),
        }


class Vulnerability(_Wire):
    """One entry of the list of vulnerabilities."""

    id: Text = None
    title: Text = None
    severity: Text = None
    category: Text = None
    description: Text = None
    remediation_guide: Text = Field(None, validation_alias="remediationGuide")


class VulnerabilityList(_Wire):
    """The answer to GET /scans/{id}/vulnerabilities."""

    total: Count | None = None
    vulnerabilities: tuple[Vulnerability, ...]
    incomplete: Annotated[str, BeforeValidator(lambda _: "")] = ""  # ours, not the API's

    @classmethod
    def joined(cls, pages: Sequence["VulnerabilityList"], problem: str) -> "VulnerabilityList":
        """Return a list's pages as one.

        Args:
            pages: at least one.
            problem: why it isn't the whole list, in the words that follow `the list isn't whole:`; nothing where it is.
        """
        totals = [page.total for page in pages if page.total is not None]
        entries = tuple(entry for page in pages for entry in page.vulnerabilities)
        return pages[0].model_copy(update={"total": max(totals, default=None), "vulnerabilities": entries, "incomplete": problem})


class Domain(_Wire):
    """One domain of the account."""

    hostname: str
    is_validated: bool = Field(default=False, validation_alias="isValidated")
    id: Text = None
    created_at: Text = Field(None, validation_alias="createdAt")


class DomainList(_Wire):
    """The answer to GET /domains."""

    domains: tuple[Domain, ...]
