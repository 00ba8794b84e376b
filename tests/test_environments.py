"""What sets up a checkout: both environments, as the locks say and by their hashes only, and only where something changed."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT, inherited_environment


@dataclass(frozen=True)
class Checkout:
    """A checkout whose locks name packages that lie in a folder, so that no network is needed; there is no uv among them.

    Args:
        folder: the checkout.
    """

    folder: Path

    def lock(self, name: str, package: str, digest: str | None = None) -> None:
        """Have a lock name a package, made on the spot."""
        wheel = self.folder / "wheels" / f"{package}-1-py3-none-any.whl"
        wheel.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{package}.py", "")
            archive.writestr(f"{package}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
            archive.writestr(f"{package}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{package}-1.dist-info/RECORD", "")
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        (self.folder / "requirements" / f"{name}.txt").write_text(f"{package}==1 --hash=sha256:{digest}\n", encoding="utf-8")

    def set_up(self, wanted: str) -> "subprocess.CompletedProcess[str]":
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "wheels"), "PIP_CONFIG_FILE": "/dev/null"}
        command = [sys.executable, str(self.folder / "scripts" / "environments.py"), wanted]
        environment = inherited_environment() | settings
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)

    def has(self) -> Mapping[str, set[str]]:
        """Return our packages in each environment."""
        return {
            name: {path.stem for path in (self.folder / name).glob("lib/python*/site-packages/our_*.py")}
            for name in (".venv", ".venv-wapiti")
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "scripts" / "environments.py", tmp_path / "scripts")
    made = Checkout(tmp_path)
    made.lock("install", "no_uv", "0" * 64)
    for name in ("demo", "dev", "wapiti"):
        made.lock(name, f"our_{name}")
    return made


def test_both_environments_are_built_once_and_anew_where_a_lock_changed(checkout: Checkout) -> None:
    first = checkout.set_up("demo")
    built_at = (checkout.folder / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    again = checkout.set_up("demo")
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert checkout.has() == {".venv": {"our_demo"}, ".venv-wapiti": {"our_wapiti"}}
    assert (checkout.folder / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == built_at

    checkout.lock("wapiti", "our_newer")
    checkout.set_up("demo")

    assert checkout.has() == {".venv": {"our_demo"}, ".venv-wapiti": {"our_newer"}}
    assert (checkout.folder / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == built_at


def test_a_demo_takes_no_tools_away(checkout: Checkout) -> None:
    assert checkout.set_up("dev").returncode == 0
    assert checkout.set_up("demo").returncode == 0
    assert checkout.has()[".venv"] == {"our_dev"}


def test_a_package_that_is_not_the_one_that_was_locked_is_not_installed(checkout: Checkout) -> None:
    checkout.lock("wapiti", "our_wapiti", "1" * 64)

    done = checkout.set_up("demo")

    assert done.returncode == 1
    assert "setup: " in done.stderr
    assert checkout.has()[".venv-wapiti"] == set()
    assert not (checkout.folder / ".venv-wapiti" / ".done").exists()
