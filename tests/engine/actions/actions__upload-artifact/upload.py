"""Stands in for actions/upload-artifact: what it finds, where it puts it, and what it refuses (its README and
actions/toolkit, `packages/artifact/src/internal/upload/path-and-artifact-name-validation.ts`)."""

import glob
import json
import os
import shutil
import sys
from pathlib import Path

IN_PATHS = '":<>|*?\r\n'
IN_NAMES = IN_PATHS + "\\/"


def refuse(why: str) -> None:
    print(f"::error::{why}")
    sys.exit(1)


def hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def files_below(path: Path) -> list[Path]:
    return [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]


def found(patterns: list[str], *, with_hidden: bool) -> tuple[Path, list[Path]]:
    """Return the files, and the folder that they keep their place below: the one that was searched, or what all share."""
    named = [Path(each).absolute() for pattern in patterns for each in glob.glob(pattern, recursive=True)]  # noqa: PTH207 -- a pattern may be absolute
    files = [file for path in named for file in files_below(path)]
    roots = [path if path.is_dir() else path.parent for path in named] or [Path.cwd()]
    root = Path(os.path.commonpath(roots))
    return root, [file for file in files if with_hidden or not hidden(file, root)]


def main(inputs: dict[str, str], artifacts: Path) -> None:
    name = inputs["name"]
    if not name or set(name) & set(IN_NAMES):
        refuse(f"The artifact name is not valid: {name!r}")
    root, files = found(inputs["path"].split("\n"), with_hidden=inputs["include-hidden-files"] == "true")
    if not files:
        match inputs["if-no-files-found"]:
            case "error":
                refuse(f"No files were found with the provided path: {inputs['path']}. No artifacts will be uploaded.")
            case "warn":
                print(f"::warning::No files were found with the provided path: {inputs['path']}. No artifacts will be uploaded.")
        return
    for file in files:
        if set(str(file.relative_to(root))) & set(IN_PATHS):
            refuse(f"The path for one of the files in artifact is not valid: {str(file)!r}")
    target = artifacts / name
    if target.exists() and inputs["overwrite"] != "true":
        refuse(f"Failed to CreateArtifact: (409) Conflict: an artifact with this name already exists on the workflow run: {name}")
    shutil.rmtree(target, ignore_errors=True)
    for file in files:
        place = target / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


if __name__ == "__main__":
    main(json.loads(os.environ["INPUTS"]), Path(os.environ["ARTIFACTS"]))
