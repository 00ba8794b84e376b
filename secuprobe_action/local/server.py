"""The documented API, to the letter: paths, fields, codes, error bodies, scopes and rate-limit headers."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from secuprobe_action.local.accounts import Account
from secuprobe_action.local.description import DomainList, LaunchedScan, Scan, ScanRequest, VulnerabilityList, answers, body, link
from secuprobe_action.local.engine import Engine, EngineError, Outcome

BASE_PATH = "/api/v1"
SEVERITIES = ("critical", "high", "medium", "low", "info")


@dataclass
class StoredScan:
    """A scan, and whose it is."""

    id: str
    url: str
    owner: Account
    status: str = "queued"
    outcome: Outcome | None = None
    completed_at: datetime | None = None


class AsciiJson(JSONResponse):
    """JSON with an escape for all that isn't ASCII: a scenario's lone surrogates, say, which have no other form on the wire."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Refusal(HTTPException):
    """An error answer: a documented code and a message for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)


@dataclass
class SecuProbe:
    """The service behind the API.

    Args:
        engine: what scans.
        accounts: who may ask.
        shape: how scan objects look: as documented, or nested as the live service was seen to send them.
    """

    engine: Engine
    accounts: Sequence[Account]
    shape: Literal["documented", "nested"] = "documented"
    requests: list[str] = field(default_factory=list)
    scans: dict[str, StoredScan] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def authorise(self, request: Request, scope: str) -> Account:
        """Return whose request it is: 401 without a known key, then 429, then 403 without the scope."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        account = next((a for a in self.accounts if scheme.lower() == "bearer" and a.key == key), None)
        if account is None:
            raise Refusal(401, "Invalid or missing API key")
        request.state.account = account
        if not account.limiter.admit():
            raise Refusal(429, "Rate limit exceeded")
        if scope not in account.scopes:
            raise Refusal(403, f"This API key lacks the scope {scope}")
        return account

    def launch(self, account: Account, url: Any) -> StoredScan:
        """Take a scan into the queue."""
        host = _host(url)
        if host is None:
            raise Refusal(400, "url must be a valid http or https URL")
        if account.domains and not account.domains.get(host):
            raise Refusal(403, f"The domain {host} is not validated for your account")
        refusal = self.engine.refusal(url)
        if refusal:
            raise Refusal(403, refusal)
        scan = StoredScan(str(uuid.uuid4()), url, account)
        self.scans[scan.id] = scan
        task = asyncio.create_task(self._carry_out(scan))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return scan

    async def _carry_out(self, scan: StoredScan) -> None:
        await self.engine.wait_in_queue(scan.url)
        scan.status = "running"
        try:
            scan.outcome = await self.engine.scan(scan.url)
            scan.status = "completed"
        except EngineError:
            scan.status = "failed"
        scan.completed_at = datetime.now(UTC)

    def find(self, account: Account, scan_id: str) -> StoredScan:
        """Return the account's scan; another's is as unknown as one that doesn't exist."""
        scan = self.scans.get(scan_id)
        if scan is None or scan.owner is not account:
            raise Refusal(404, "Scan not found")
        return scan

    async def stop(self) -> None:
        """End the scans that are under way, and wait for their engines' processes to be gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def launches(self) -> int:
        """How many requests to launch a scan have arrived."""
        return self.requests.count(f"POST {BASE_PATH}/scans")


def create_app(service: SecuProbe) -> FastAPI:
    """Return the API of `service` as an ASGI application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await service.stop()

    app = FastAPI(
        title="SecuProbe API (embedded)",
        version="1",
        description="SecuProbe's documented API, as `python -m secuprobe_action serve` implements it.",
        lifespan=lifespan,
        dependencies=[Security(HTTPBearer(auto_error=False, description="An API key; it starts with sp_live_."))],
        generate_unique_id_function=lambda route: route.name,
    )

    @app.middleware("http")
    async def add_limit_headers(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        account: Account | None = getattr(request.state, "account", None)
        if account is not None:
            response.headers.update(account.limiter.headers())
        return response

    @app.exception_handler(HTTPException)
    async def refuse(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def break_down(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": "Internal server error"}, 500)

    links = {"status": link("get_scan"), "vulnerabilities": link("list_vulnerabilities")}

    @app.post(f"{BASE_PATH}/scans", openapi_extra=body(ScanRequest), **answers(201, LaunchedScan, 400, links=links))
    async def launch_scan(request: Request) -> JSONResponse:
        """Launch a scan (scope scans:create). It returns at once; ask for the scan until it is completed or failed."""
        account = service.authorise(request, "scans:create")
        scan = service.launch(account, (await _json_object(request)).get("url"))
        estimate = service.engine.estimate_s(scan.url)
        answer = {
            "scanId": scan.id,
            "status": scan.status,
            **({} if estimate is None else {"estimatedDuration": estimate}),
            "resultsUrl": str(request.url_for("get_scan", scan_id=scan.id)),
        }
        return JSONResponse(answer, 201)

    @app.get(f"{BASE_PATH}/scans/{{scan_id}}", **answers(200, Scan, 404))
    async def get_scan(request: Request, scan_id: str) -> JSONResponse:
        """A scan's status and summary (scope scans:read)."""
        scan = service.find(service.authorise(request, "scans:read"), scan_id)
        return AsciiJson(_documented(scan, request) if service.shape == "documented" else _nested(scan))

    @app.get(f"{BASE_PATH}/scans/{{scan_id}}/vulnerabilities", **answers(200, VulnerabilityList, 404))
    async def list_vulnerabilities(request: Request, scan_id: str) -> JSONResponse:
        """All that a scan found, with descriptions and remediation guides (scope scans:read)."""
        scan = service.find(service.authorise(request, "scans:read"), scan_id)
        outcome = scan.outcome or Outcome()
        listed = [{"id": str(uuid.uuid4()), **finding.model_dump()} for finding in outcome.findings]
        return AsciiJson({"total": len(listed) if outcome.total is None else outcome.total, "vulnerabilities": listed})

    @app.get(f"{BASE_PATH}/domains", **answers(200, DomainList))
    async def list_domains(request: Request) -> JSONResponse:
        """The account's domains (scope domains:read)."""
        account = service.authorise(request, "domains:read")
        domains = [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, host)),
                "hostname": host,
                "isValidated": ok,
                "createdAt": "2026-01-15T10:00:00Z",
            }
            for host, ok in account.domains.items()
        ]
        return JSONResponse({"domains": domains})

    return app


class RequestLog:
    """Notes each request before anything else sees it, those included that a fault swallows.

    Args:
        application: what the requests go on to.
        service: whose `requests` they are noted in.
    """

    def __init__(self, application: Any, service: SecuProbe) -> None:
        self._application, self._service = application, service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self._service.requests.append(f"{scope['method']} {scope['path']}")
        await self._application(scope, receive, send)


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "The request body must be a JSON object")
    return body


def _host(url: Any) -> str | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts.hostname if parts and parts.scheme in ("http", "https") else None
    except ValueError:
        return None


def _counts(outcome: Outcome) -> dict[str, int | None]:
    if outcome.counts is not None:
        return outcome.counts
    found = Counter((finding.severity or "").lower() for finding in outcome.findings)
    return {severity: found[severity] for severity in SEVERITIES}


def _documented(scan: StoredScan, request: Request) -> dict[str, Any]:
    answer: dict[str, Any] = {"scanId": scan.id, "url": scan.url, "status": scan.status}
    if scan.outcome is not None and scan.completed_at is not None:
        answer |= {
            "secuScore": scan.outcome.score,
            "vulnerabilitiesCount": _counts(scan.outcome),
            "completedAt": f"{scan.completed_at:%Y-%m-%dT%H:%M:%SZ}",
            "reportUrl": f"{request.url.scheme}://{request.url.netloc}/scan/{scan.id}",
        }
    return answer


def _nested(scan: StoredScan) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": scan.id, "url": scan.url, "status": scan.status}
    if scan.outcome is not None:
        answer |= {"secuScore": scan.outcome.score, "vulnerabilities": _counts(scan.outcome)}
    return {"scan": answer}
