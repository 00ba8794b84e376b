"""The wheel: built without a network, installed into a fresh environment, and used far from any checkout."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from secuprobe_action import __version__
from secuprobe_action.local.demo.runner import read_outputs
from secuprobe_action.local.wapiti import default_program
from tests.support import FINDINGS, KEY, ROOT, URL, Api, inherited_environment, secuprobe

OFFLINE = ("--disable-pip-version-check", "--no-index", "--no-deps")


@dataclass(frozen=True)
class Installed:
    """The program as `pip install` leaves it.

    Args:
        command: the console script.
        folder: where it is used from.
    """

    command: Path
    folder: Path

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run the console script to its end."""
        return subprocess.run(
            [str(self.command), *arguments],
            env=inherited_environment() | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[httpx.Client]:
        """Run its `serve` and return a client of it."""
        command = [str(self.command), "serve", "--port", "0", "--key", KEY, *arguments]
        with subprocess.Popen(
            command, env=inherited_environment(), cwd=self.folder, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[2].removesuffix("/api/v1")
            with httpx.Client(base_url=address, trust_env=False) as client:
                yield client
            process.terminate()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel of this checkout and install it; what it depends on is what this environment has."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "secuprobe_action", source / "secuprobe_action", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", *OFFLINE, "--no-build-isolation", "-w", str(folder), str(source)], check=True, timeout=100)
    shutil.rmtree(source)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "--python", str(python), "install", *OFFLINE, str(wheel)], check=True, timeout=100)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(_dependencies(), encoding="utf-8")
    return Installed(python.with_name("secuprobe"), folder)


def _dependencies() -> str:
    return "\n".join(path for path in sys.path if path.endswith("site-packages")) + "\n"


@pytest.fixture
def api() -> Iterator[Api]:
    with secuprobe({"findings": FINDINGS, "score": 41}, domains={"shop.example": True}) as running:
        yield running


def test_it_says_its_version_and_which_commands_it_has(installed: Installed) -> None:
    assert installed.run("--version").stdout == f"{__version__}\n"
    assert installed.run("--help").stdout.startswith("commands: scan, domains, estate, serve, demo, demo-site; ")

    for command in ("scan", "domains", "estate", "serve", "demo"):
        done = installed.run(command, "--help")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"usage: secuprobe {command} ")


def test_it_scans_as_a_step_of_a_runner_without_containers(installed: Installed, api: Api, tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.touch()
    summary.touch()

    done = installed.run(
        "scan",
        GITHUB_ACTIONS="true",
        GITHUB_OUTPUT=str(output),
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_WORKSPACE=str(tmp_path),
        SECUPROBE_API_KEY=KEY,
        SECUPROBE_API_URL=api.url,
        SECUPROBE_URL=URL,
        SECUPROBE_REPORTS="html=report.html,sarif=report.sarif",
    )

    assert done.returncode == 1, done.stdout + done.stderr
    outputs = read_outputs(output.read_text(encoding="utf-8"))
    assert (outputs["result"], outputs["secu_score"]) == ("failed", "41")
    assert "SQL injection" in summary.read_text(encoding="utf-8")
    assert "SQL injection" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "report.sarif").exists()


def test_it_lists_domains_and_scans_them_all(installed: Installed, api: Api) -> None:
    environment = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_API_URL": api.url}

    assert "shop.example" in installed.run("domains", **environment).stdout
    scanned = installed.run("estate", "--fail-on-severity", "none", **environment)

    assert scanned.returncode == 0, scanned.stdout + scanned.stderr
    assert "shop.example" in scanned.stdout


def test_its_server_has_its_pages_and_their_files(installed: Installed) -> None:
    with installed.serving("--engine", "scripted", "--open") as client:
        page = client.get("/")
        static = [client.get(f"/static/{name}") for name in ("pages.css", "pages.js", "icon.svg")]

    assert page.status_code == 200
    assert "Start a scan" in page.text or "<form" in page.text
    assert [each.status_code for each in static] == [200, 200, 200]


@pytest.mark.wapiti
def test_its_demo_needs_no_checkout(installed: Installed) -> None:
    done = installed.run("demo", SECUPROBE_WAPITI=str(default_program(os.environ)))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SQL Injection" in done.stdout
    assert (installed.folder / "build" / "demo" / "summary.md").exists()


def test_without_wapiti_it_says_what_to_install(installed: Installed) -> None:
    for command in ("serve", "demo"):
        done = installed.run(command, PATH=str(installed.command.parent))

        assert (done.returncode, done.stdout) == (2, "")
        assert "uv tool install wapiti3" in done.stderr
        assert done.stderr.count("\n") == 1
