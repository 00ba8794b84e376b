"""Stands in for actions/download-artifact: one artifact by its name, or all that match a pattern."""

import fnmatch
import json
import os
import shutil
import sys
from pathlib import Path


def main(inputs: dict[str, str], artifacts: Path) -> None:
    there = {folder.name: folder for folder in sorted(artifacts.iterdir())} if artifacts.is_dir() else {}
    target = Path(inputs["path"] or ".")
    target.mkdir(parents=True, exist_ok=True)
    if name := inputs["name"]:
        if name not in there:
            print(f"::error::Unable to download artifact(s): Artifact not found for name: {name}")
            sys.exit(1)
        chosen = [there[name]]
    else:
        chosen = [folder for name, folder in there.items() if fnmatch.fnmatchcase(name, inputs["pattern"] or "*")]
    merged = bool(inputs["name"]) or inputs["merge-multiple"] == "true"
    for folder in chosen:
        shutil.copytree(folder, target if merged else target / folder.name, dirs_exist_ok=True)


if __name__ == "__main__":
    main(json.loads(os.environ["INPUTS"]), Path(os.environ["ARTIFACTS"]))
