"""The documented API as OpenAPI: what each operation takes and answers. The server's routes carry these descriptions."""

from typing import Any, Literal

from pydantic import BaseModel, Field

_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_EXAMPLE_ID = "550e8400-e29b-41d4-a716-446655440000"


class ScanRequest(BaseModel):
    """What to scan."""

    url: str = Field(
        description="An http or https URL whose host is a validated domain.",
        examples=["https://your-domain.com"],
        max_length=8000,
        pattern=rf"^https?://[A-Za-z0-9.-]+(:{_PORT})?([/?#][^\x00-\x20\x7f]*)?$",
    )


class LaunchedScan(BaseModel):
    """A scan that was taken into the queue."""

    scanId: str = Field(examples=[_EXAMPLE_ID])  # noqa: N815  # the API's own spelling
    status: Literal["queued"]
    estimatedDuration: float | None = Field(None, description="Seconds; left out where it isn't known.")  # noqa: N815
    resultsUrl: str  # noqa: N815


class VulnerabilitiesCount(BaseModel):
    """Findings by severity."""

    critical: int | None = None
    high: int | None = None
    medium: int | None = None
    low: int | None = None
    info: int | None = None


class Scan(BaseModel):
    """A scan's status, and its summary once it is completed or failed."""

    scanId: str  # noqa: N815
    url: str
    status: Literal["queued", "running", "completed", "failed"]
    secuScore: float | None = Field(None, description="0 to 100; 100 is best.")  # noqa: N815
    vulnerabilitiesCount: VulnerabilitiesCount | None = None  # noqa: N815
    completedAt: str | None = Field(None, json_schema_extra={"format": "date-time"})  # noqa: N815
    reportUrl: str | None = Field(None, description="Where a person reads the report.")  # noqa: N815


class Vulnerability(BaseModel):
    """A finding."""

    id: str
    title: str | None = None
    severity: str | None = Field(None, description="critical, high, medium, low or info.")
    category: str | None = None
    description: str | None = None
    remediationGuide: str | None = None  # noqa: N815


class VulnerabilityList(BaseModel):
    """The findings of a scan."""

    total: int
    vulnerabilities: list[Vulnerability]


class Domain(BaseModel):
    """A domain of the account."""

    id: str
    hostname: str
    isValidated: bool  # noqa: N815
    createdAt: str = Field(json_schema_extra={"format": "date-time"})  # noqa: N815


class DomainList(BaseModel):
    """The account's domains."""

    domains: list[Domain]


class Error(BaseModel):
    """What went wrong, for people."""

    error: str


_LIMIT_HEADERS = {
    f"X-RateLimit-{name}": {"description": text, "schema": {"type": "integer"}}
    for name, text in {
        "Limit": "Requests a minute and key.",
        "Remaining": "Requests left in this minute.",
        "Reset": "When the minute ends, in seconds since the epoch.",
    }.items()
}

_REFUSALS = {
    400: "The body or a parameter can't be used.",
    401: "The API key is missing or unknown.",
    403: "The plan or the key's scopes don't allow it, or the domain is not validated.",
    404: "There is no such scan, or it is another account's.",
    429: "The key's rate limit is used up until X-RateLimit-Reset.",
    500: "A fault of the server's own.",
}


def answers(status: int, model: type[BaseModel], *refusals: int, **extra: Any) -> dict[str, Any]:
    """Return the keyword arguments of a route: its answer, and how it may refuse.

    Args:
        status: of the answer.
        model: what the answer holds.
        refusals: the statuses of refusals, beyond 401, 403, 429 and 500, which every operation has.
        extra: what else the answer's description holds.
    """
    refused = {code: {"model": Error, "description": _REFUSALS[code]} for code in sorted({401, 403, 429, 500, *refusals})}
    good = {"model": model, "description": model.__doc__, "headers": _LIMIT_HEADERS, **extra}
    # With 4XX, FastAPI doesn't add the 422 of its own validation, which isn't used.
    other = {"4XX": {"model": Error, "description": "Any other refusal, such as of a method."}}
    return {"status_code": status, "responses": {status: good, **refused, **other}}


def body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a request's body, for a route that reads it itself."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def link(operation: str) -> dict[str, Any]:
    """Return a link from a launched scan to an operation on it."""
    return {"operationId": operation, "parameters": {"scan_id": "$response.body#/scanId"}}
