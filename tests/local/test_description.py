"""The OpenAPI description and the server: each is held against the other, by requests that nobody thought of."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import FINDINGS, KEY, secuprobe


@pytest.mark.timeout(300)
def test_every_answer_is_as_described_whatever_is_asked(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples", "30", "--generation-deterministic", "--no-color", "--header", f"Authorization: Bearer {KEY}"]
    with secuprobe({"findings": FINDINGS}, limit=1_000_000, domains={"your-domain.com": True}) as api:
        address = api.url.removesuffix("/api/v1") + "/openapi.json"
        command = [str(program), "run", address, *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 4" in done.stdout
    assert "Stateful" in done.stdout
    assert api.launches > 20
