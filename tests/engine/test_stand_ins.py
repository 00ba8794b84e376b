"""The stand-ins for GitHub's actions refuse what those refuse: a run in which they are content means something."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.actions import LIST
from tests.engine import checkouts
from tests.engine.pages import WORKFLOWS
from tests.support import ROOT

UPLOAD, DOWNLOAD = "actions__upload-artifact/upload.py", "actions__download-artifact/download.py"
SARIF = "github__codeql-action/upload-sarif/upload_sarif.py"


def call(script: str, folder: Path, **given: str) -> "subprocess.CompletedProcess[str]":
    """Run a stand-in in a workspace, with the defaults of its action."""
    path = Path(__file__).parent / "actions" / script
    action = yaml.safe_load(path.with_name("action.yml").read_text(encoding="utf-8"))
    inputs = {name: str(entry.get("default", "")) for name, entry in action["inputs"].items()}
    kept = {"ARTIFACTS": str(folder / "artifacts"), "ALERTS": str(folder / "alerts")}
    environment = {**os.environ, **kept, "INPUTS": json.dumps({**inputs, **given})}
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    command = [sys.executable, str(path)]
    return subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)


def write(folder: Path, *names: str, text: str = "x") -> None:
    for name in names:
        path = folder / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stored(folder: Path) -> list[str]:
    root = folder / "artifacts"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["a:b", "a/b", 'a"b', "a*b", "a?b", "a<b", "a|b", "a\\b", "a\nb", ""])
def test_an_artifact_may_not_be_called_anything(tmp_path: Path, name: str) -> None:
    write(tmp_path, "out/a.txt")

    done = call(UPLOAD, tmp_path, name=name, path="out")

    assert done.returncode == 1
    assert "::error::The artifact name is not valid" in done.stdout


def test_nor_a_file_in_it(tmp_path: Path) -> None:
    write(tmp_path, "out/a:b.txt")

    assert call(UPLOAD, tmp_path, path="out").returncode == 1


@pytest.mark.parametrize(("what", "code", "said"), [("warn", 0, "::warning::"), ("error", 1, "::error::"), ("ignore", 0, "")])
def test_no_files_are_what_the_workflow_says_they_are(tmp_path: Path, what: str, code: int, said: str) -> None:
    done = call(UPLOAD, tmp_path, path="out", **{"if-no-files-found": what})

    assert (done.returncode, done.stdout[: len(said)]) == (code, said)
    assert stored(tmp_path) == []


def test_an_artifact_of_the_same_name_is_refused_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    write(tmp_path, "out/a.txt")
    call(UPLOAD, tmp_path, path="out")

    assert "409" in call(UPLOAD, tmp_path, path="out").stdout
    assert call(UPLOAD, tmp_path, path="out", overwrite="true").returncode == 0


def test_files_keep_their_place_below_what_they_share_and_hidden_ones_stay_out(tmp_path: Path) -> None:
    write(tmp_path, "out/a.txt", "out/deep/b.txt", "out/.hidden", "other/c.txt")

    call(UPLOAD, tmp_path, name="one", path="out")
    call(UPLOAD, tmp_path, name="file", path="out/a.txt")
    call(UPLOAD, tmp_path, name="several", path="out/**/*.txt\nother")

    assert stored(tmp_path) == [
        "file/a.txt",
        "one/a.txt",
        "one/deep/b.txt",
        "several/other/c.txt",
        "several/out/a.txt",
        "several/out/deep/b.txt",
    ]


def test_an_artifact_that_is_not_there_is_refused_by_name_and_no_matter_by_pattern(tmp_path: Path) -> None:
    assert "Artifact not found for name: night" in call(DOWNLOAD, tmp_path, name="night").stdout
    assert call(DOWNLOAD, tmp_path, pattern="night-*", path="out").returncode == 0


def test_several_artifacts_come_in_folders_of_their_names_or_merged(tmp_path: Path) -> None:
    write(tmp_path, "out/a.txt")
    for name in ("x-1", "x-2", "y"):
        call(UPLOAD, tmp_path, name=name, path="out")

    call(DOWNLOAD, tmp_path, pattern="x-*", path="apart")
    call(DOWNLOAD, tmp_path, pattern="x-*", path="merged", **{"merge-multiple": "true"})

    names = [path.relative_to(tmp_path / "workspace").as_posix() for path in (tmp_path / "workspace").rglob("*.txt")]
    assert sorted(names) == ["apart/x-1/a.txt", "apart/x-2/a.txt", "merged/a.txt", "out/a.txt"]


def sarif(uri: str = ".github/workflows/scan.yml", *, category: str | None = "a/", **fields: Any) -> str:
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    result = {"message": {"text": "x"}, "locations": [location]}
    details = {"automationDetails": {"id": category}} if category else {}
    run = {"tool": {"driver": {"name": "SecuProbe"}}, "results": [result], **details, **fields}
    return json.dumps({"version": "2.1.0", "runs": [run]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "Path does not exist"),
        (sarif().replace("2.1.0", "2.0.0"), "Only version 2.1.0"),
        (sarif("https://shop.example/"), 'SARIF URI scheme "https" did not match'),
        (sarif(results=[{"message": {"text": "x"}}]), "expected at least one location"),
        (sarif(results=[{}] * 25_001), "more results per run than allowed"),
    ],
)
def test_alerts_that_code_scanning_would_refuse_are_refused(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        write(tmp_path, "a.sarif", text=text)

    done = call(SARIF, tmp_path, sarif_file="a.sarif")

    assert done.returncode == 1
    assert said in done.stdout


@pytest.mark.parametrize(("sites", "code"), [(20, 0), (21, 1)])
def test_the_files_of_a_folder_are_one_upload_of_at_most_twenty_runs(tmp_path: Path, sites: int, code: int) -> None:
    for number in range(sites):
        write(tmp_path, f"folder/{number}.sarif", text=sarif(category=f"{number}/"))

    assert call(SARIF, tmp_path, sarif_file="folder").returncode == code


def test_a_category_is_taken_once_a_run_and_the_files_own_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "a.sarif", text=sarif())
    write(tmp_path, "b.sarif", text=sarif(category=None))

    codes = [call(SARIF, tmp_path, sarif_file=name, category=given).returncode for name, given in USES_OF_A_CATEGORY]

    assert codes == [0, 1, 0, 1]


USES_OF_A_CATEGORY = [("a.sarif", ""), ("a.sarif", "mine"), ("b.sarif", "mine"), ("b.sarif", "mine")]


def uses(node: Any) -> Iterator[dict[str, Any]]:
    """Yield each step of a workflow that uses an action."""
    if isinstance(node, dict):
        if isinstance(node.get("uses"), str):
            yield node
        for child in node.values():
            yield from uses(child)
    elif isinstance(node, list):
        for child in node:
            yield from uses(child)


def test_the_actions_of_others_are_given_inputs_that_their_stand_ins_know() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")]
    listed = json.loads((ROOT / LIST).read_text(encoding="utf-8"))["actions"]
    held = 0
    for step in (step for text in [*texts, *WORKFLOWS.values()] for step in uses(yaml.safe_load(text))):
        name = re.sub("@.*", "", step["uses"])
        repository = "/".join(name.split("/")[:2])
        key = f"{repository}@{listed.get(repository, {}).get('commit')}"
        file = checkouts.stand_ins().get(key, Path("none")) / name.removeprefix(repository).lstrip("/") / "action.yml"
        if file.exists():
            held += 1
            known = yaml.safe_load(file.read_text(encoding="utf-8")).get("inputs", {})
            assert set(step.get("with", {})) <= set(known), step
    assert held > 20
