"""`python -m secuprobe_action serve`: the embedded SecuProbe as a process."""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from secuprobe_action.local.accounts import SCOPES, Account, Limiter
from secuprobe_action.local.background import LOOPBACK, listen, server
from secuprobe_action.local.demo_site import create_site
from secuprobe_action.local.engine import Engine
from secuprobe_action.local.faults import FaultInjector
from secuprobe_action.local.scripted import Scenario, ScriptedEngine
from secuprobe_action.local.server import BASE_PATH, RequestLog, SecuProbe, create_app
from secuprobe_action.local.wapiti import TIME_LIMIT_S, WapitiEngine, default_program


def scripted_service(scenario: Scenario, accounts: Sequence[Account]) -> SecuProbe:
    """Return a service that plays `scenario`."""
    return SecuProbe(ScriptedEngine(scenario), accounts, shape=scenario.shape)


def application(service: SecuProbe) -> Any:
    """Return the ASGI application of `service`, with its scenario's faults around it."""
    faults = service.engine.scenario.faults if isinstance(service.engine, ScriptedEngine) else []
    return RequestLog(FaultInjector(create_app(service), faults), service)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve until interrupted; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        engine = _engine(options)
    except (OSError, ValueError) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 2
    key = options.key or environment.get("SECUPROBE_API_KEY") or f"sp_live_{secrets.token_urlsafe(24)}"
    account = Account(
        key=key,
        limiter=Limiter(options.limit, time.time),
        scopes=frozenset(options.scopes.split(",")) & SCOPES,
        domains=dict.fromkeys(options.domain, True) | dict.fromkeys(options.unvalidated_domain, False),
    )
    shape = engine.scenario.shape if isinstance(engine, ScriptedEngine) else "documented"
    service = SecuProbe(engine, [account], shape)
    return _serve(options, application(service), f"SecuProbe API  {{url}}{BASE_PATH}\nAPI key        {key}")


def demo_site(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve the demo site until interrupted; return the exit code."""
    parser = argparse.ArgumentParser("secuprobe_action demo-site", description="Serve a deliberately insecure site.")
    _add_address(parser, port=8081)
    return _serve(parser.parse_args(arguments), create_site(), "Demo site  {url}")


def _serve(options: argparse.Namespace, served: Any, banner: str) -> int:
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        print(f"can't listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 2
    print(banner.format(url=f"http://{options.host}:{listener.getsockname()[1]}"), flush=True)
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
        raise ValueError(f"Wapiti is not installed at {options.wapiti}; `make setup` installs it")
    return WapitiEngine(options.wapiti, options.allow_public, options.time_limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("secuprobe_action serve", description="Serve the SecuProbe API on this machine.")
    _add_address(parser, port=8080)
    parser.add_argument("--engine", choices=("wapiti", "scripted"), default="wapiti", help="what scans (default: %(default)s)")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="JSON for the scripted engine: durations, findings, faults")
    parser.add_argument("--key", help="the API key to accept (default: SECUPROBE_API_KEY, else a new one)")
    parser.add_argument("--scopes", default=",".join(sorted(SCOPES)), help="of the key (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=60, metavar="N", help="requests a minute (default: %(default)s, as Pro)")
    parser.add_argument(
        "--domain", action="append", default=[], metavar="HOST", help="a validated domain; none: any host is accepted"
    )
    parser.add_argument("--unvalidated-domain", action="append", default=[], metavar="HOST", help="a domain not validated yet")
    parser.add_argument("--allow-public", action="store_true", help="scan hosts beyond loopback and private addresses, too")
    parser.add_argument(
        "--time-limit", type=float, default=TIME_LIMIT_S, metavar="SECONDS", help="of a Wapiti scan (default: %(default)s)"
    )
    parser.add_argument("--wapiti", type=Path, default=default_program(), metavar="PROGRAM", help="the wapiti command")
    return parser
