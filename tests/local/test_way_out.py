"""The guard is the only way out of a scan: what Wapiti does is watched by Python's audit hooks, whatever its modules are."""

import ast
import asyncio
from pathlib import Path

import pytest

from secuprobe_action.local.depth import DEPTHS
from secuprobe_action.local.wapiti import WapitiEngine, default_program
from tests.local.test_reach import Site, site

WATCHED = """#!{python}
import sys
log = open({log!r}, "a", buffering=1)
(proxy,) = (argument.rpartition(":")[2] for argument in sys.argv if argument.startswith("--proxy="))
print(["proxy", int(proxy)], file=log)

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        print([event, *(arguments[1:] if event in ("socket.connect", "socket.sendto") else arguments[:2])], file=log)
    if event in ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"):
        print([event, str(arguments[0])], file=log)

sys.addaudithook(note)
from wapitiCore.main.wapiti import wapiti_asyncio_wrapper
sys.exit(wapiti_asyncio_wrapper())
"""


def watched(folder: Path) -> tuple[Path, Path]:
    """Return Wapiti as a program that writes down whom it connects to, and where it does."""
    program, log = folder / "wapiti", folder / "log"
    python = default_program().with_name("python").absolute()
    program.write_text(WATCHED.format(python=python, log=str(log)), encoding="utf-8")
    program.chmod(0o755)
    return program, log


@pytest.mark.wapiti
@pytest.mark.timeout(300)
def test_every_connection_of_a_scan_is_the_guards_whatever_the_module(tmp_path: Path) -> None:
    program, log = watched(tmp_path)

    def answer(self: Site) -> None:
        self.page('<form action="/?a=1"><input name="q"></form>')

    async def scan(url: str) -> None:
        engine = WapitiEngine(program, level=DEPTHS["deep"])
        await engine.wait_in_queue(url)
        await engine.scan(url)

    with site(answer) as (port, asked):
        asyncio.run(scan(f"http://127.0.0.1:{port}/"))

    (_, proxy), *events = [ast.literal_eval(line) for line in log.read_text(encoding="utf-8").splitlines()]
    reached = {tuple(event) for event in events}
    assert len(asked) > 50
    assert reached <= {
        ("socket.connect", ("127.0.0.1", proxy)),
        ("socket.getaddrinfo", "127.0.0.1", proxy),
        ("socket.gethostbyname", "127.0.0.1"),
    }
