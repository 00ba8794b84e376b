"""The files that users copy: valid for their platforms, and true to the program."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from secuprobe_action import __version__
from secuprobe_action.inputs import DEFAULTS
from tests.support import ROOT

EXAMPLES = {
    "gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "gitlab-ci-plain.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "gitlab-ci-embedded.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "compose.yml": ["vendor.compose-spec"],
    "bitbucket-pipelines.yml": ["vendor.bitbucket-pipelines"],
    "circleci.yml": ["vendor.circle-ci"],
    "azure-pipelines.yml": ["vendor.azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "python"],
}
IMAGE = f"ghcr.io/garconposey/secuprobe-scan-action:{__version__}"


def check_schema(file: Path, schema: list[str]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def component(**given: Any) -> tuple[dict[str, Any], str]:
    """Return the GitLab component's inputs, and its job with `given` and the defaults in their places, as GitLab does it."""
    text = (ROOT / "templates" / "secuprobe-scan.yml").read_text(encoding="utf-8")
    header, job = text.split("\n---\n")
    inputs = yaml.safe_load(header)["spec"]["inputs"]
    for name, entry in inputs.items():
        value = given.get(name, entry.get("default"))
        job = job.replace(f"$[[ inputs.{name} ]]", str(value).lower() if isinstance(value, bool) else str(value))
    return inputs, job


@pytest.mark.parametrize(("name", "schema"), EXAMPLES.items(), ids=EXAMPLES)
def test_an_example_is_valid_for_its_platform(name: str, schema: list[str]) -> None:
    check_schema(ROOT / "examples" / name, schema)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").iterdir()), ids=lambda path: path.name)
def test_an_example_names_this_version_and_inputs_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert IMAGE in text or f"@{__version__}" in text
    variables = set(re.findall(r"SECUPROBE_([A-Z_]+)", text)) - {"SCORE", "RESULT", "REPORT_URL", "SCAN_ID"}
    assert variables <= {name.upper() for name in DEFAULTS}


def test_the_component_is_valid_and_passes_each_input_on(tmp_path: Path) -> None:
    inputs, job = component(url="https://shop.example")
    rendered = tmp_path / "component.yml"
    rendered.write_text(job, encoding="utf-8")

    check_schema(rendered, EXAMPLES["gitlab-ci.yml"])
    assert "$[[" not in job
    (scan,) = yaml.safe_load(job).values()
    passed_on = {name.removeprefix("SECUPROBE_").lower() for name in scan["variables"]}
    assert passed_on <= set(DEFAULTS)
    assert passed_on - {"reports"} <= set(inputs)
    for name in passed_on - {"reports", "url", "timeout"}:
        assert inputs[name]["default"] == DEFAULTS[name]
    assert scan["image"]["name"] == IMAGE
    assert scan["artifacts"]["when"] == "always"


def test_the_components_script_holds_no_value_that_a_shell_would_read() -> None:
    _, job = component(url="'; curl evil #")

    (scan,) = yaml.safe_load(job).values()
    assert scan["script"] == ["secuprobe-scan"]


def test_the_pipe_names_this_version_and_inputs_that_exist() -> None:
    pipe = yaml.safe_load((ROOT / "pipe.yml").read_text(encoding="utf-8"))

    assert pipe["image"] == IMAGE
    for variable in pipe["variables"]:
        name = variable["name"].removeprefix("SECUPROBE_").lower()
        assert variable.get("default", "") == DEFAULTS[name]
