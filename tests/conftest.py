"""Fixtures, and what a test needs of its machine. Where that is missing it skips and says why, unless it is required.

SECUPROBE_TEST_REQUIRE names what must be there, separated by commas: container, engine, wapiti, browser, node, curl.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from secuprobe_action.local.wapiti import default_program
from tests.engine.act import ACT
from tests.support import ROOT, Runner

PROGRAMS = {"container": "docker", "browser": "chromium", "curl": "curl"}


def _missing(what: str) -> str | None:
    """Return why `what` isn't there, or None."""
    if what in PROGRAMS and not shutil.which(PROGRAMS[what]):
        return f"there is no {PROGRAMS[what]} command"
    match what:
        case "container":
            return _missing_for_containers()
        case "engine":
            return _missing("container") or (None if ACT.exists() else "act is not installed (make setup)")
        case "wapiti":
            return None if default_program().exists() else "Wapiti is not installed (make setup)"
        case "node":
            return None if (ROOT / "node_modules").is_dir() else "the npm packages are not installed (npm ci)"
    return None


def _missing_for_containers() -> str | None:
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        return "no Docker engine answers"
    if "SECUPROBE_TEST_BASE_IMAGE" not in os.environ:
        base = re.search(r"^ARG PYTHON_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
        assert base is not None
        if subprocess.run(["docker", "pull", "--quiet", base[1]], capture_output=True, check=False).returncode:
            return "the base image can't be pulled; SECUPROBE_TEST_BASE_IMAGE may name another"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    required = os.environ.get("SECUPROBE_TEST_REQUIRE", "").split(",")
    for what in ("container", "engine", "wapiti", "browser", "node", "curl"):
        marked = [item for item in items if item.get_closest_marker(what)]
        reason = _missing(what) if marked and what not in required else None
        for item in marked if reason else ():
            item.add_marker(pytest.mark.skip(reason=str(reason)))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Runs the action as a step whose files lie in the test's folder."""
    return Runner(tmp_path)


# `make fuzz` sets the profile; in `make test` a few hundred examples a property, the same each time.
settings.register_profile("test", max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.register_profile("fuzz", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("histories", max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))
