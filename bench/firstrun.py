"""The first five minutes: `make demo` from a fresh clone, with a home of its own, so that nothing is there yet.

`python -m bench.firstrun [REVISION ...]`: each revision in turn, the working tree's HEAD where none is named.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

KEPT = ("LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


def main(revisions: list[str]) -> None:
    """Measure and print a row a revision."""
    print("| revision | `make demo` | on disk |", "| --- | ---: | ---: |", sep="\n")
    for revision in revisions or ["HEAD"]:
        with tempfile.TemporaryDirectory(dir=ROOT.parent) as folder:
            seconds, size = first_run(revision, Path(folder))
        print(f"| {revision} | {seconds:.1f} s | {size / 1e6:.0f} MB |", flush=True)


def first_run(revision: str, folder: Path) -> tuple[float, int]:
    """Return the seconds that the demo took from a fresh clone, and the bytes that the disk has less afterwards."""
    checkout, home = folder / "checkout", folder / "home"
    home.mkdir()
    git = ["git", "-c", "advice.detachedHead=false"]
    subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(checkout)], check=True)
    subprocess.run([*git, "-C", str(checkout), "checkout", "--quiet", revision], check=True)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment = {**kept, "HOME": str(home), "PATH": "/usr/bin:/bin", "TMPDIR": str(home)}
    before, began_at = _size(folder), time.monotonic()
    subprocess.run(["make", "demo", f"PYTHON={sys.executable}"], cwd=checkout, env=environment, check=True, capture_output=True)
    return time.monotonic() - began_at, _size(folder) - before


def _size(folder: Path) -> int:
    """Return how much of the disk a folder takes; what is linked several times counts once."""
    said = subprocess.run(["du", "--summarize", "--block-size=1", str(folder)], check=True, capture_output=True, text=True)
    return int(said.stdout.split()[0])


if __name__ == "__main__":
    main(sys.argv[1:])
