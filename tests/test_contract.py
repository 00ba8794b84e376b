"""action.yml: what GitHub reads must be what the program reads, and what SecuProbe's documentation promises."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from secuprobe_action import domains_command
from secuprobe_action.inputs import DEFAULTS
from secuprobe_action.places.outputs import ESTATE_OUTPUTS, SCAN_OUTPUTS
from tests.support import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def test_inputs_and_defaults_are_the_programs() -> None:
    defaults = {name: str(entry.get("default", "")) for name, entry in ACTION["inputs"].items()}

    assert defaults.pop("github_token") == "${{ github.token }}"
    assert defaults == {name: default for name, default in DEFAULTS.items() if name != "github_token"}


def test_what_the_documentation_names_is_there() -> None:
    # API documentation, GitHub Actions: "Inputs: ... Outputs: ..."
    assert {name for name, entry in ACTION["inputs"].items() if entry["required"]} == {"api_key", "url"}
    assert ACTION["inputs"]["fail_on_severity"]["default"] == "critical"
    assert ACTION["inputs"]["timeout"]["default"] == "600"
    assert {"scan_id", "secu_score", "report_url"} <= set(ACTION["outputs"])


@pytest.mark.parametrize(
    ("action", "outputs"),
    [("action.yml", SCAN_OUTPUTS), ("domains/action.yml", domains_command.OUTPUTS), ("estate/action.yml", ESTATE_OUTPUTS)],
)
def test_outputs_are_those_that_the_program_writes_on_every_way_out(action: str, outputs: Mapping[str, str]) -> None:
    assert set(yaml.safe_load((ROOT / action).read_text(encoding="utf-8"))["outputs"]) == set(outputs)


@pytest.mark.parametrize("entry", [*ACTION["inputs"].items(), *ACTION["outputs"].items()], ids=lambda entry: str(entry[0]))
def test_every_input_and_output_is_described_without_expressions(entry: tuple[str, dict[str, Any]]) -> None:
    # The runner refuses an action whose descriptions hold an expression.
    assert len(entry[1]["description"]) > 40 or entry[0] == "report_url"
    assert "${{" not in entry[1]["description"]
