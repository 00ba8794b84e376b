"""A small shop with deliberate holes, for scanners to find. It must never leave loopback, and holds nothing worth stealing."""

import html
import sqlite3
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

_PAGE = """<!doctype html><html lang="en"><head><title>{title}</title></head><body>
<h1>{title}</h1>
<nav><a href="/">Home</a> <a href="/product?id=1">Teapot</a> <a href="/search?q=tea">Search</a>
<a href="/go?to=/about">About</a> <a href="/guestbook">Guest book</a></nav>
{body}</body></html>"""

_SEARCH_FORM = '<form action="/search" method="get"><input name="q"><button>Search</button></form>'
_GUESTBOOK_FORM = '<form action="/guestbook" method="post"><input name="message"><button>Sign</button></form>'


def create_site(*, mended: bool = False) -> FastAPI:
    """Return the site: reflected and stored XSS, SQL injection, an open redirect, no security headers, a careless cookie.

    Args:
        mended: whether somebody has mended the SQL injection.
    """
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    shop = sqlite3.connect(":memory:", check_same_thread=False)
    shop.executescript(
        "CREATE TABLE products (id INTEGER, name TEXT, price REAL);"
        "INSERT INTO products VALUES (1, 'Teapot', 19.5), (2, 'Cup', 4.2), (3, 'Spoon', 1.1);"
    )
    guestbook: list[str] = []

    @site.get("/")
    async def home() -> Response:
        page = _page("The Teapot Shop", f"<p>All for tea.</p>{_SEARCH_FORM}")
        page.set_cookie("session", "guest-0001")  # neither HttpOnly nor Secure
        return page

    @site.get("/search")
    async def search(q: str = "") -> Response:
        return _page("Search", f"<p>Nothing found for {q}.</p>{_SEARCH_FORM}")  # reflected XSS

    @site.get("/product")
    async def product(id: str = "1") -> Response:
        try:
            if mended:
                rows = shop.execute("SELECT name, price FROM products WHERE id = ?", (id,)).fetchall()
            else:
                rows = shop.execute(f"SELECT name, price FROM products WHERE id = {id}").fetchall()  # SQL injection
        except sqlite3.Error as error:
            return PlainTextResponse(f"sqlite3.OperationalError: {error}", status_code=500)
        items = "".join(f"<li>{html.escape(str(name))}: {price}</li>" for name, price in rows)
        return _page("Product", f"<ul>{items or '<li>No such product</li>'}</ul>")

    @site.get("/go")
    async def go(to: str = "/") -> Response:
        return RedirectResponse(to)  # open redirect

    @site.get("/about")
    async def about() -> Response:
        return _page("About", "<p>A shop that should not exist.</p>")

    @site.get("/guestbook")
    async def read_guestbook() -> Response:
        entries = "".join(f"<li>{entry}</li>" for entry in guestbook[-50:])  # stored XSS
        return _page("Guest book", f"<ul>{entries}</ul>{_GUESTBOOK_FORM}")

    @site.post("/guestbook")
    async def sign_guestbook(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        guestbook.extend(form.get("message", []))
        return RedirectResponse("/guestbook", status_code=303)

    return site


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=title, body=body))
