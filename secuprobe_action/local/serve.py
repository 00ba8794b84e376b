"""`secuprobe serve`: the embedded SecuProbe as a process."""

import argparse
import dataclasses
import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from secuprobe_action.local.accounts import SCOPES, Account, Limiter
from secuprobe_action.local.background import LOOPBACK, listen, server
from secuprobe_action.local.database import StoreError
from secuprobe_action.local.demo.site import create_site
from secuprobe_action.local.depth import DEPTHS
from secuprobe_action.local.engine import Engine
from secuprobe_action.local.faults import FaultInjector, RequestLog
from secuprobe_action.local.pages.access import LOOPBACK_NAMES, Access
from secuprobe_action.local.pages.app import create_pages
from secuprobe_action.local.reach import Reach
from secuprobe_action.local.scripted import Scenario, ScriptedEngine
from secuprobe_action.local.server import BASE_PATH, SecuProbe, create_app
from secuprobe_action.local.store import Store
from secuprobe_action.local.wapiti import INSTALL_WAPITI, Login, WapitiEngine, default_program

PORT = 8080


def scripted_service(scenario: Scenario, accounts: Sequence[Account]) -> SecuProbe:
    """Return a service that plays `scenario`."""
    return SecuProbe(ScriptedEngine(scenario), accounts, shape=scenario.shape)


def application(service: SecuProbe, access: Access | None = None) -> Any:
    """Return the ASGI application of `service`: its API, with its scenario's faults around it, and its pages.

    Args:
        service: what is behind both.
        access: who may read the pages; None: who has a key.
    """
    faults = service.engine.scenario.faults if isinstance(service.engine, ScriptedEngine) else []
    api = (
        RequestLog(FaultInjector(create_app(service), faults), service.requests)
        if not service.engine.learns
        else create_app(service)
    )
    return ApiOrPages(api, create_pages(service, access or Access()))


class ApiOrPages:
    """Hands a request to the API, where its path is one of the API's, and else to the pages.

    Args:
        api: the API's application, which also sees the server begin and end.
        pages: the pages'.
    """

    def __init__(self, api: Any, pages: Any) -> None:
        self._api, self._pages = api, pages

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith(("/api/", "/openapi.json"))
        await (self._pages if is_page else self._api)(scope, receive, send)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve until interrupted; return the exit code."""
    try:
        options = _parser(environment).parse_args(arguments)
        if options.open and options.host not in LOOPBACK_NAMES:
            raise ValueError(f"--open needs an address of loopback to listen on, and {options.host} is none")
        _require_ranges(options)
        store = Store.in_folder(options.data) if options.data else Store.in_memory()
        engine = _engine(options)
    except (OSError, ValueError, StoreError) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 2
    given = options.key or environment.get("SECUPROBE_API_KEY")
    key = given or f"sp_live_{secrets.token_urlsafe(24)}"
    account = Account(
        key=key,
        limiter=Limiter(options.limit, time.time),
        scopes=frozenset(options.scopes.split(",")) & SCOPES,
        domains=dict.fromkeys(options.domain, True) | dict.fromkeys(options.unvalidated_domain, False),
        name="local",  # its scans are there after a restart with another key, too
    )
    shape = engine.scenario.shape if isinstance(engine, ScriptedEngine) else "documented"
    service = SecuProbe(engine, [account], shape, scans=store, tell=_tell)
    served = application(service, Access(account if options.open else None))
    banner = [
        f"SecuProbe API  {{url}}{BASE_PATH}",
        f"API key        {'as given' if given else key}",
        "Pages          {url}/" + ("" if options.open else " (log in with the key)"),
    ]
    try:
        return _serve(options, served, "\n".join(banner), engine)
    finally:
        store.close()


def _require_ranges(options: argparse.Namespace) -> None:
    """See that numbers are such as can be used.

    Raises:
        ValueError: one isn't.
    """
    if options.limit < 1:
        raise ValueError(f"--limit is {options.limit}; it must be at least 1")
    if options.time_limit is not None and not 1 <= options.time_limit <= 86_400:
        raise ValueError(f"--time-limit is {options.time_limit:g}; it must be 1 to 86400 seconds")


def _tell(line: str) -> None:
    print(f"serve: {line}", file=sys.stderr, flush=True)


def demo_site(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve the demo site until interrupted; return the exit code."""
    parser = argparse.ArgumentParser("secuprobe demo-site", description="Serve a deliberately insecure site.")
    _add_address(parser, port=8081)
    return _serve(parser.parse_args(arguments), create_site(), "Demo site  {url}")


def _serve(options: argparse.Namespace, served: Any, banner: str, engine: Engine | None = None) -> int:
    try:
        listener = listen(options.host, options.port)
    except (OSError, OverflowError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "a port is 0 to 65535"
        print(f"can't listen on {options.host}:{options.port}: {why}. Name another --port; 0 takes a free one.", file=sys.stderr)
        return 2
    if isinstance(engine, WapitiEngine):
        engine.own = listener.getsockname()[:2]
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(banner.format(url=f"http://{host}:{listener.getsockname()[1]}"), flush=True)
    server(served).run(sockets=[listener])
    return 0


def _add_address(parser: argparse.ArgumentParser, port: int) -> None:
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=port, help="0 takes a free one (default: %(default)s)")


def _engine(options: argparse.Namespace) -> Engine:
    if options.engine == "scripted":
        try:
            return ScriptedEngine(Scenario.model_validate(json.loads(options.scenario.read_bytes()) if options.scenario else {}))
        except ValidationError as error:
            raise ValueError(f"{options.scenario} is not a scenario: {error}") from error
    if not options.wapiti.exists():
        raise ValueError(f"Wapiti is not installed at {options.wapiti}. {INSTALL_WAPITI}")
    depth = DEPTHS[options.scan]
    if options.time_limit:
        depth = dataclasses.replace(depth, time_limit_s=options.time_limit)
    hosts = frozenset(
        name.strip().lower().rstrip(".") for given in options.allow_host for name in given.split(",") if name.strip()
    )
    headers = tuple(_header(line) for line in options.scan_header.splitlines() if line.strip())
    login = Login(headers, _swagger(options.scan_swagger))
    return WapitiEngine(options.wapiti, Reach(hosts, options.allow_public), depth, login, _work(options.data))


def _header(line: str) -> str:
    """Return a request header.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[^\x00-\x1f\x7f]*", line):
        raise ValueError("SECUPROBE_SCAN_HEADER must be lines of the form `Name: value`")  # not shown: it may be a secret
    return line


def _swagger(given: str) -> str:
    """Return the path or URL of an OpenAPI file, or empty.

    Raises:
        ValueError: Wapiti could do nothing with it.
    """
    is_url = given.startswith(("http://", "https://"))
    if given and not (urlsplit(given).path if is_url else given).endswith((".json", ".yaml", ".yml")):
        raise ValueError(f"SECUPROBE_SCAN_SWAGGER is {given!r}; Wapiti reads files whose name ends in .json, .yaml or .yml")
    if given and not is_url and not Path(given).is_file():
        raise ValueError(f"SECUPROBE_SCAN_SWAGGER names {given!r}, and there is no such file")
    return given


def _work(data: Path | None) -> Path | None:
    """Return where scans keep their own files while they run: below the data, which may be all that can be written."""
    if data is None:
        return None
    work = data / "work"
    shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    return work


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("secuprobe serve", description="Serve the SecuProbe API and its pages on this machine.")
    _add_address(parser, port=PORT)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where scans are kept (default: in memory, until it ends)")
    parser.add_argument("--open", action="store_true", help="the pages need no login; on loopback only")
    parser.add_argument("--key", help="the API key to accept (default: SECUPROBE_API_KEY, else a new one)")
    parser.add_argument("--scopes", default=",".join(sorted(SCOPES)), help="of the key (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=60, metavar="N", help="requests a minute (default: %(default)s, as Pro)")
    parser.add_argument(
        "--domain", action="append", default=[], metavar="HOST", help="a validated domain; none: any host is accepted"
    )
    parser.add_argument("--unvalidated-domain", action="append", default=[], metavar="HOST", help="a domain not validated yet")
    _add_engine(parser, environment)
    return parser


def _add_engine(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    given = environment.get
    parser.add_argument("--engine", choices=("wapiti", "scripted"), default="wapiti", help="what scans (default: %(default)s)")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="JSON for the scripted engine: durations, findings, faults")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[given("SECUPROBE_ALLOW_HOST", "")],
        metavar="HOST",
        help="a public host that may be scanned, too, or *.example.com (SECUPROBE_ALLOW_HOST: several, separated by commas)",
    )
    parser.add_argument("--allow-public", action="store_true", help="scan any host but a cloud's metadata")
    parser.add_argument(
        "--scan",
        choices=tuple(DEPTHS),
        default=_choice(given("SECUPROBE_SCAN") or "quick"),
        help="how thoroughly to scan (SECUPROBE_SCAN; default: quick)",
    )
    parser.add_argument(
        "--scan-swagger",
        default=given("SECUPROBE_SCAN_SWAGGER", ""),
        metavar="FILE_OR_URL",
        help="an OpenAPI file whose operations are scanned, too (SECUPROBE_SCAN_SWAGGER)",
    )
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="of a scan (default: the depth's)")
    parser.add_argument("--wapiti", type=Path, default=default_program(environment), metavar="PROGRAM", help="the wapiti command")
    parser.set_defaults(scan_header=given("SECUPROBE_SCAN_HEADER", ""))  # no flag: other processes could read it


def _choice(name: str) -> str:
    """Return the depth that the environment names; argparse doesn't check defaults.

    Raises:
        ValueError: there is no such depth.
    """
    if name not in DEPTHS:
        raise ValueError(f"SECUPROBE_SCAN is {name!r}; it must be one of {', '.join(DEPTHS)}")
    return name
