"""Commands of the extra `local`, run where it isn't installed: as the program lies in the image, and without its packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, inherited_environment


@pytest.mark.parametrize("command", ["demo", "serve", "demo-site"])
@pytest.mark.parametrize("missing", ["secuprobe_action.local", "fastapi"])
def test_a_command_that_is_not_installed_says_so_in_one_line(tmp_path: Path, command: str, missing: str) -> None:
    shutil.copy(ROOT / "entrypoint.py", tmp_path)
    left_out = shutil.ignore_patterns("__pycache__", *(["local"] if missing.endswith("local") else []))
    shutil.copytree(ROOT / "secuprobe_action", tmp_path / "secuprobe_action", ignore=left_out)
    if missing == "fastapi":
        (tmp_path / "fastapi.py").write_text('raise ModuleNotFoundError("gone", name="fastapi")\n', encoding="utf-8")

    done = subprocess.run(
        [sys.executable, str(tmp_path / "entrypoint.py"), command],
        env=inherited_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"secuprobe: {command} needs the extra `local` ({missing} is missing)")
    assert done.stderr.count("\n") == 1
