"""Stands in for github/codeql-action/upload-sarif: what it and code scanning refuse (docs.github.com, "SARIF support for
code scanning"; codeql-action, `src/upload-lib.ts`)."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

MOST_RESULTS = 25_000
MOST_RUNS = 20
"""Of an upload; all files of a folder are one."""


def refuse(why: str) -> None:
    print(f"::error::{why}")
    sys.exit(1)


def check(result: dict[str, Any]) -> None:
    if not result.get("locations"):
        refuse("locationFromSarifResult: expected at least one location")
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri):
        refuse(f'SARIF URI scheme "{uri.split(":")[0]}" did not match the checkout URI scheme "file"')


def main(inputs: dict[str, str], alerts: Path) -> None:
    path = Path(inputs["sarif_file"])
    files = sorted(path.rglob("*.sarif")) if path.is_dir() else [path]
    if not path.exists() or not files:
        refuse(f"Path does not exist, or holds no SARIF file: {path}")
    runs = sum(len(json.loads(file.read_text(encoding="utf-8"))["runs"]) for file in files)
    if runs > MOST_RUNS:
        refuse(f"rejecting SARIF, as there are more runs than allowed ({runs} > {MOST_RUNS})")
    for file in files:
        take(file, inputs["category"], alerts)


def take(path: Path, given_category: str, alerts: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("version") != "2.1.0":
        refuse("Invalid SARIF. Only version 2.1.0 is supported")
    for run in document["runs"]:
        category = run.get("automationDetails", {}).get("id") or given_category
        if len(run["results"]) > MOST_RESULTS:
            refuse("rejecting SARIF, as there are more results per run than allowed")
        for result in run["results"]:
            check(result)
        place = alerts / (re.sub(r"[^\w.-]", "_", f"{run['tool']['driver']['name']}:{category}") + ".sarif")
        if place.exists():
            refuse(f"Aborting upload: only one upload is allowed per job per tool and category ({category}).")
        alerts.mkdir(exist_ok=True)
        shutil.copyfile(path, place)


if __name__ == "__main__":
    main(json.loads(os.environ["INPUTS"]), Path(os.environ["ALERTS"]))
