"""The documented API, to the letter: paths, fields, codes, error bodies, scopes and rate-limit headers."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from secuprobe_action.local import estimates
from secuprobe_action.local.accounts import Account
from secuprobe_action.local.description import DomainList, LaunchedScan, Scan, ScanRequest, VulnerabilityList, answers, body, link
from secuprobe_action.local.engine import Engine, EngineError
from secuprobe_action.local.guard import in_daemon
from secuprobe_action.local.store import STOPPED, Store, StoredScan

BASE_PATH = "/api/v1"

MAX_BODY = 65_536
MAX_URL = 8_000
_URL = re.compile(r"https?://[^\x00-\x20\x7f\ud800-\udfff]+", re.IGNORECASE)
"""What reaches a program's command line: it begins with a scheme, and holds nothing that isn't a character of a line."""


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
        requests: what was asked, where that is noted.
        scans: what is remembered.
        now: seconds since the epoch.
        tell: is told of each scan that failed, in a line.
    """

    engine: Engine
    accounts: Sequence[Account]
    shape: Literal["documented", "nested"] = "documented"
    requests: list[str] = field(default_factory=list)
    scans: Store = field(default_factory=Store.in_memory)
    now: Callable[[], float] = time.time
    tell: Callable[[str], None] = lambda _: None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def account(self, key: str) -> Account | None:
        """Return whose key it is, or None."""
        return next((account for account in self.accounts if account.opens_with(key)), None)

    def authorise(self, request: Request, scope: str) -> Account:
        """Return whose request it is: 401 without a known key, then 429, then 403 without the scope."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        account = self.account(key) if scheme.lower() == "bearer" else None
        if account is None:
            raise Refusal(401, "Invalid or missing API key")
        request.state.account = account
        if not account.limiter.admit():
            raise Refusal(429, "Rate limit exceeded")
        if scope not in account.scopes:
            raise Refusal(403, f"This API key lacks the scope {scope}")
        return account

    async def launch(self, account: Account, url: Any) -> StoredScan:
        """Take a scan into the queue.

        Raises:
            Refusal: the URL is none, or may not be scanned.
        """
        host = host_of(url)
        if host is None:
            raise Refusal(400, "url must be a valid http or https URL")
        if account.domains and not account.validates(host):
            raise Refusal(403, f"The domain {host} is not validated for your account")
        refusal = await in_daemon(lambda: self.engine.refusal(url))
        if refusal:
            raise Refusal(403, refusal)
        scan = self.scans.add(account.owner, url, host, self.engine.depth)
        task = asyncio.create_task(self._carry_out(scan.id, url))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return scan

    async def _carry_out(self, scan_id: str, url: str) -> None:
        """See a scan through to its end: it always comes to one, and that is stored."""
        try:
            await self.engine.wait_in_queue(url)
            self.scans.set_status(scan_id, "running")
            self.scans.finish(scan_id, await self.engine.scan(url))
        except EngineError as error:
            self._fail(scan_id, str(error))
        except asyncio.CancelledError:
            self._fail(scan_id, STOPPED)
            raise
        except Exception as error:  # noqa: BLE001  # a full disk, a program that can't be run: nobody waits for ever
            self._fail(scan_id, f"The embedded SecuProbe itself failed with {type(error).__name__}: {error}")

    def _fail(self, scan_id: str, problem: str) -> None:
        """Store and tell why a scan failed; the API has no field for it. It may be what a site said, so it stays one line."""
        self.tell("".join(each if each.isprintable() else " " for each in f"scan {scan_id} failed: {problem}"))
        self.scans.fail(scan_id, problem)

    def estimate_s(self, scan: StoredScan) -> float | None:
        """Return how many seconds a scan is expected to take: as earlier ones did, or what the engine says; or None."""
        if not self.engine.learns:
            return self.engine.estimate_s(scan.url)
        of_host = self.scans.durations(scan.host, scan.depth, estimates.OF_HOST)
        of_any = [] if of_host else self.scans.durations(None, scan.depth, estimates.OF_ANY)
        return estimates.learned(of_host, of_any) or self.engine.estimate_s(scan.url)

    def find(self, account: Account, scan_id: str) -> StoredScan:
        """Return the account's scan; another's is as unknown as one that doesn't exist."""
        scan = self.scans.get(scan_id)
        if scan is None or scan.owner != account.owner:
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
        docs_url=None,  # these two load scripts from elsewhere
        redoc_url=None,
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
        scan = await service.launch(account, (await _json_object(request)).get("url"))
        estimate = service.estimate_s(scan)
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
        listed = [{"id": each.id, **each.finding.model_dump()} for each in service.scans.findings(scan)]
        return AsciiJson({"total": scan.total, "vulnerabilities": listed})

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


async def limited_body(request: Request) -> bytes:
    """Return a request's body.

    Raises:
        Refusal: it is longer than any of ours.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refusal(400, f"The request body is longer than {MAX_BODY:,} bytes")
    return body


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await limited_body(request))
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "The request body must be a JSON object")
    return body


def host_of(url: Any) -> str | None:
    """Return the host of what is to be scanned, or None where it isn't a URL that a scanner could be told."""
    if not isinstance(url, str) or len(url) > MAX_URL or not _URL.fullmatch(url):
        return None
    try:
        return urlsplit(url).hostname if urlsplit(url).port != 0 else None
    except ValueError:
        return None


def _documented(scan: StoredScan, request: Request) -> dict[str, Any]:
    answer: dict[str, Any] = {"scanId": scan.id, "url": scan.url, "status": scan.status}
    if scan.status == "completed" and scan.completed_at is not None:
        answer |= {
            "secuScore": scan.score,
            "vulnerabilitiesCount": scan.counts,
            "completedAt": f"{datetime.fromtimestamp(scan.completed_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "reportUrl": f"{request.url.scheme}://{request.url.netloc}/scan/{scan.id}",
        }
    return answer


def _nested(scan: StoredScan) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": scan.id, "url": scan.url, "status": scan.status}
    if scan.status == "completed":
        answer |= {"secuScore": scan.score, "vulnerabilities": scan.counts}
    return {"scan": answer}
