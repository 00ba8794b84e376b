"""The pages as an ASGI application: routes, who may read them, and what a browser may do with them."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from secuprobe_action.local.accounts import Account
from secuprobe_action.local.pages import views
from secuprobe_action.local.pages.access import COOKIE, SESSION_S, Access, is_from_here
from secuprobe_action.local.server import Refusal, SecuProbe, limited_body
from secuprobe_action.local.store import StoredScan

View = Callable[[Request, Account], Awaitable[Response]]

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STATIC = {"pages.css": "text/css", "pages.js": "text/javascript", "icon.svg": "image/svg+xml"}


def create_pages(service: SecuProbe, access: Access) -> Starlette:
    """Return the pages of `service` as an ASGI application."""
    return _Pages(service, access).application()


class _Pages:
    def __init__(self, service: SecuProbe, access: Access) -> None:
        self._service, self._access = service, access
        self._templates = Environment(
            loader=PackageLoader("secuprobe_action.local.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.globals |= {
            name: getattr(views, name) for name in ("counts", "duration", "fit", "machine_moment", "moment", "severity")
        }

    def application(self) -> Starlette:
        routes = [
            Route("/", self._for_readers(self._scans)),
            Route("/scan", self._for_readers(self._launch), methods=["POST"]),
            Route("/scan/{scan_id}", self._for_readers(self._scan)),
            Route("/dashboard/scans/{scan_id}", _to_report),  # where the live service's dashboard has it
            Route("/domains", self._for_readers(self._domains)),
            Route("/login", self._show_login, methods=["GET"]),
            Route("/login", self._login, methods=["POST"]),
            Route("/logout", self._logout, methods=["POST"]),
            Route("/health", _health),
            *(Route(f"/static/{name}", _static(name, kind)) for name, kind in _STATIC.items()),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._refused})

    def _for_readers(self, view: View) -> Callable[[Request], Awaitable[Response]]:
        """Return a view that sends away who may not read, to come back after a login."""

        async def guarded(request: Request) -> Response:
            account = self._access.reader(request.cookies, request.headers.get("host", ""))
            if account is None and self._access.open_as is not None:
                raise Refusal(403, "These pages are open under a name of this machine only, such as http://127.0.0.1")
            if account is None:
                to = request.url.path if request.method == "GET" else "/"
                return _to(f"/login?to={quote(to)}")
            _require_own_form(request)
            return await view(request, account)

        return guarded

    async def _scans(self, request: Request, account: Account) -> Response:
        before = request.query_params.get("before", "")
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
        scans = self._service.scans.newest(account.owner, views.A_PAGE + 1, number)
        return self._page(
            "scans.html",
            scans=[(scan, self._progress(scan)) for scan in scans[: views.A_PAGE]],
            older=scans[views.A_PAGE - 1].number if len(scans) > views.A_PAGE else None,
            newest=number is None,
            live=number is None and self._service.scans.any_unfinished(account.owner),
        )

    async def _scan(self, request: Request, account: Account) -> Response:
        scan = self._service.find(account, request.path_params["scan_id"])
        store, size = self._service.scans, views.FINDINGS_A_PAGE
        listed = 0 if scan.unfinished else store.listed(scan)
        part = views.Part.of(request.query_params.get("part"), listed, size)
        return self._page(
            "scan.html",
            scan=scan,
            progress=self._progress(scan),
            findings=store.worst(scan, size, part.offset(size)) if listed else [],
            listed=listed,
            part=part,
            live=scan.unfinished,
        )

    async def _domains(self, request: Request, account: Account) -> Response:
        part = request.query_params.get("part", "")
        number = min(int(part), 10_000) if part.isascii() and part.isdigit() and 0 < len(part) < 6 else 1
        number = max(number, 1)
        scanned = self._service.scans.hosts(account.owner, views.A_PAGE + 1, (number - 1) * views.A_PAGE)
        return self._page(
            "domains.html",
            declared=sorted(account.domains.items()),
            scanned=scanned[: views.A_PAGE],
            number=number,
            more=len(scanned) > views.A_PAGE,
            live=False,
        )

    async def _launch(self, request: Request, account: Account) -> Response:
        url = (await _form(request)).get("url", "").strip()
        try:
            if "scans:create" not in account.scopes:
                raise Refusal(403, "This API key lacks the scope scans:create")
            scan = await self._service.launch(account, url)
        except Refusal as refusal:
            return self._page("refused.html", refusal.status_code, message=refusal.detail, url=url, live=False)
        return _to(f"/scan/{scan.id}")

    async def _show_login(self, request: Request) -> Response:
        return self._login_page(request.query_params.get("to", "/"))

    async def _login(self, request: Request) -> Response:
        _require_own_form(request)
        form = await _form(request)
        to = form.get("to", "/")
        account = self._service.account(form.get("key", "").strip())
        if account is None or "scans:read" not in account.scopes:
            # Asked of wrong keys only: whoever sends those must not keep out who has the right one.
            if not self._access.may_try():
                return self._login_page(to, "Too many wrong keys. Wait a minute, then try again.", 429)
            self._access.failed()
            problem = "This is not the API key" if account is None else "This API key lacks the scope scans:read"
            return self._login_page(to, f"{problem}.", 401)
        response = _to(_local_path(to))
        response.set_cookie(
            COOKIE, self._access.begin(account), SESSION_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
        return response

    async def _logout(self, request: Request) -> Response:
        _require_own_form(request)
        self._access.end(request.cookies)
        response = _to("/login")
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._page("refused.html", error.status_code, message=error.detail, url="", live=False)

    def _login_page(self, to: str, problem: str = "", status: int = 200) -> Response:
        return self._page("login.html", status, to=_local_path(to), problem=problem, live=False)

    def _progress(self, scan: StoredScan) -> views.Progress | None:
        if not scan.unfinished:
            return None
        return views.progress(scan, self._service.estimate_s(scan), self._service.now())

    def _page(self, template: str, status: int = 200, **shown: Any) -> Response:
        by_session = self._access.open_as is None
        html = self._templates.get_template(template).render(shown, depth=self._service.engine.depth, by_session=by_session)
        return HTMLResponse(html, status, _HEADERS)


async def _form(request: Request) -> dict[str, str]:
    body = (await limited_body(request)).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True, max_num_fields=20).items()}


def _require_own_form(request: Request) -> None:
    if request.method != "POST":
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or not is_from_here(request.headers):
        raise Refusal(403, "This form was not sent by a page of this SecuProbe")


def _local_path(to: str) -> str:
    """Return where to go after a login: a path of ours, whatever the address said."""
    parts = urlsplit(to) if to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() else None
    return parts.path if parts else "/"


async def _to_report(request: Request) -> Response:
    return _to(f"/scan/{quote(request.path_params['scan_id'], safe='')}")


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, _HEADERS)


def _static(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    content = (files("secuprobe_action.local.pages") / "static" / name).read_bytes()

    async def serve(_: Request) -> Response:
        return Response(content, media_type=kind, headers={**_HEADERS, "Cache-Control": "no-cache"})

    return serve


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n", headers=_HEADERS)
