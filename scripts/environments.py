"""Builds both virtual environments from the hashed locks: `scripts/environments.py demo` for what the demo needs, or `dev`.

It needs the standard library only, since it installs everything else. What is as the locks say is left as it is.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
STAMP = ".done"

OURS, WAPITI = ROOT / ".venv", ROOT / ".venv-wapiti"
"""Wapiti has an environment of its own: its pins would hold ours back (requirements/wapiti-overrides.txt)."""

# Wapiti's lock is complete, so nothing is left to resolve; its metadata says Python below 3.13, which is only its pins.
# uv doesn't mind; pip has to be told.
OPTIONS: dict[str, tuple[str, ...]] = {"wapiti": ("--no-deps",)}
PIP_OPTIONS: dict[str, tuple[str, ...]] = {"wapiti": ("--no-deps", "--ignore-requires-python")}


def main(wanted: str) -> int:
    """Build what is missing or out of date; return the exit code."""
    ours = "dev" if _stamp(OURS).startswith("dev ") else wanted  # who has the tools keeps them
    missing = [(name, folder) for name, folder in ((ours, OURS), ("wapiti", WAPITI)) if _stamp(folder) != _as_locked(name)]
    if not missing:
        return 0
    try:
        if OURS in [folder for _, folder in missing]:
            _create(OURS)
        installer = _uv()
        with ThreadPoolExecutor() as both:
            list(both.map(lambda each: _build(each[0], each[1], installer), missing))
    except subprocess.CalledProcessError as error:
        print(f"setup: {error.cmd[0]} ended with {error.returncode}; what it said stands above", file=sys.stderr)
        return 1
    return 0


def python_of(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _create(folder: Path, *options: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", *options, str(folder)], check=True)


def _build(name: str, folder: Path, uv: Path | None) -> None:
    """Install a lock into its environment, by uv, which is many times faster, or else by pip; both check the hashes."""
    if folder != OURS:
        _create(folder, "--without-pip")
    lock = str(LOCKS / f"{name}.txt")
    if uv is None or not _by_uv(uv, folder, [*OPTIONS.get(name, ()), "-r", lock]):
        print(f"setup: uv can't install {name}.txt here; pip does, which takes longer", file=sys.stderr)
        _pip("--python", str(python_of(folder)), "install", "--no-compile", *PIP_OPTIONS.get(name, ()), "-r", lock)
    (folder / STAMP).write_text(_as_locked(name), encoding="utf-8")


def _uv() -> Path | None:
    """Return uv, installed beside our Python by its hash, or None where there is none for this machine."""
    only_wheels = ("--only-binary", ":all:", "--no-deps", "-r", str(LOCKS / "install.txt"))
    try:
        _pip("install", "--no-compile", *only_wheels)
    except subprocess.CalledProcessError:
        return None
    return python_of(OURS).with_name("uv.exe" if os.name == "nt" else "uv")


def _by_uv(uv: Path, folder: Path, arguments: Sequence[str]) -> bool:
    """Install by uv, and return whether it could."""
    built_with = ("--build-constraints", str(LOCKS / "install.txt"), "--require-build-hashes")
    command = (str(uv), "pip", "install", "--quiet", "--no-cache", "--require-hashes", *built_with)
    index = _index_of_pip()
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {})}
    done = subprocess.run([*command, "--python", str(python_of(folder)), *arguments], check=False, env=environment)
    return done.returncode == 0


def _index_of_pip() -> str | None:
    """Return the package index that this machine's pip is set to, or None; uv doesn't read pip's settings."""
    listed = subprocess.run([str(python_of(OURS)), "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    found: list[str] = re.findall(r"^\S*\.index-url='(.+)'$", listed.stdout, re.MULTILINE)
    return found[-1] if found else None


def _pip(*arguments: str) -> None:
    command = (str(python_of(OURS)), "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check")
    subprocess.run([*command, *arguments, "--require-hashes"], check=True)


def _stamp(folder: Path) -> str:
    try:
        return (folder / STAMP).read_text(encoding="utf-8")
    except OSError:
        return ""


def _as_locked(name: str) -> str:
    """Return what the stamp of an environment says that is as its lock says."""
    return f"{name} {hashlib.sha256((LOCKS / f'{name}.txt').read_bytes()).hexdigest()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
