"""Writes what docs/ says of inputs, outputs and the API from the files that decide it. `make docs`; a test looks for drift."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from secuprobe_action.local.scripted import Scenario
from secuprobe_action.local.serve import scripted_service
from secuprobe_action.local.server import create_app

ROOT = Path(__file__).parents[1]
REPOSITORY = "Garconposey/secuprobe-scan-action"
WORKFLOW = ".github/workflows/scan-domains.yml"

ACTIONS = {"action.yml": REPOSITORY, "domains/action.yml": f"{REPOSITORY}/domains", "estate/action.yml": f"{REPOSITORY}/estate"}

_HEAD = f"""\
# Inputs and outputs

Made by `make docs` from [action.yml](../action.yml), [domains/action.yml](../domains/action.yml),
[estate/action.yml](../estate/action.yml), their `action-types.yml` and [scan-domains.yml](../{WORKFLOW}); change those.

White space around a value is ignored, and an empty value is the default. Outside GitHub, and in a script
there, the input `fail_on_severity` is the variable `SECUPROBE_FAIL_ON_SEVERITY` or the flag `--fail-on-severity`, and so are the
others. Outputs are written whatever the verdict; read them in later steps with `if: always()`.
"""

_WORKFLOW_DESCRIPTION = """\
Scan every validated domain in one job, and show them in one overview. `api_key` is a secret. The calling job needs
the permissions `contents: read`, `checks: write` and `security-events: write`.
"""


def reference(root: Path) -> str:
    """Return the page on inputs and outputs, in Markdown."""
    parts = [_HEAD]
    for path, name in ACTIONS.items():
        action = yaml.safe_load((root / path).read_text(encoding="utf-8"))
        types = yaml.safe_load((root / path).with_name("action-types.yml").read_text(encoding="utf-8"))
        parts += [f"## `{name}`", action["description"]]
        parts += ["### Inputs", _inputs(action["inputs"], types["inputs"])]
        parts += ["### Outputs", _outputs(action["outputs"], types["outputs"])]
    call = yaml.safe_load((root / WORKFLOW).read_text(encoding="utf-8"))[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    parts += [f"## `{REPOSITORY}/{WORKFLOW}`", _WORKFLOW_DESCRIPTION]
    strings = {name: {"type": "string"} for name in (*call["secrets"], *call["outputs"])}
    parts += ["### Secrets and inputs", _inputs({**call["secrets"], **call["inputs"]}, {**strings, **call["inputs"]})]
    parts += ["### Outputs", _outputs(call["outputs"], strings)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def openapi() -> str:
    """Return the OpenAPI description of the embedded server."""
    return json.dumps(create_app(scripted_service(Scenario(), [])).openapi(), indent=2) + "\n"


def _inputs(entries: Mapping[str, Any], types: Mapping[str, Any]) -> str:
    rows = [
        f"| `{name}` | {_type(types[name])} | {'yes' if entry.get('required') else ''} | {_default(entry)} | {_text(entry)} |"
        for name, entry in entries.items()
    ]
    return "\n".join(["| input | type | required | default | |", "| --- | --- | --- | --- | --- |", *rows])


def _outputs(entries: Mapping[str, Any], types: Mapping[str, Any]) -> str:
    rows = [f"| `{name}` | {_type(types[name])} | {_text(entry)} |" for name, entry in entries.items()]
    return "\n".join(["| output | type | |", "| --- | --- | --- |", *rows])


def _type(entry: Mapping[str, Any]) -> str:
    values = entry.get("allowed-values")
    return " ".join(f"`{value}`" for value in values) if values else str(entry["type"])


def _default(entry: Mapping[str, Any]) -> str:
    default = entry.get("default", "")
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{text}`" if text else ""


def _text(entry: Mapping[str, Any]) -> str:
    return " ".join(str(entry["description"]).split()).replace("|", "\\|")


def main() -> None:
    """Write the files."""
    (ROOT / "docs" / "reference.md").write_text(reference(ROOT), encoding="utf-8")
    (ROOT / "docs" / "openapi.json").write_text(openapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
