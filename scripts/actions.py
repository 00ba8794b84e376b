"""Holds every `uses:` of workflows, actions, templates and pages against one list of third-party actions, .github/actions.json.

The list says of each action its version, its commit, what it runs on, and that somebody looked. Nothing else may be used, since
what a job uses runs with that job's secrets; and what runs on a Node.js that GitHub took off its runners doesn't run at all.

    python -m scripts.actions
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secuprobe_action import __version__

ROOT = Path(__file__).parents[1]
LIST = ".github/actions.json"
PAGES = (".github/workflows/*.yml", "*.md", "docs/*.md", "templates/*.yml", "examples/*", "action.yml", "*/action.yml")
"""Where actions are used, or shown to be used."""

OURS = ("Garconposey/secuprobe-scan-action", f"v{__version__}")
RUNTIMES = ("node24", "composite", "docker")
"""What `runs.using` may be. GitHub took Node 20 off its runners on 2026-09-23 (github.blog/changelog, 2025-09-19)."""

_USES = re.compile(r"^\s*(?:- )?uses:\s*([\"']?)(?P<what>[^\s\"'#]+)\1(?:\s+#\s*(?P<comment>.*))?$", re.MULTILINE)
_PINNED = re.compile(r"(?P<action>[\w.-]+/[\w.-]+)(?P<path>/[\w./-]+)?@(?P<ref>.+)")


@dataclass(frozen=True)
class Use:
    """One `uses:`.

    Attributes:
        where: the file and the line.
        what: what follows `uses:`.
        comment: what is said beside it.
    """

    where: str
    what: str
    comment: str

    def problem(self, listed: Mapping[str, Any]) -> str | None:
        """Return why this may not be used, or None."""
        if self.what.startswith(("$/", "./")):
            return None
        pinned = _PINNED.fullmatch(self.what)
        if pinned is None:
            return f"{self.what} names no action's version"
        if pinned["action"] == OURS[0]:
            return None if pinned["ref"] == OURS[1] else f"{self.what} is not this version"
        entry = listed.get(pinned["action"])
        if entry is None:
            return f"{pinned['action']} is not in {LIST}"
        if (pinned["ref"], self.comment) != (entry["commit"], entry["version"]):
            return f"{self.what} is not the listed {entry['commit']} # {entry['version']}"
        return None


def uses(root: Path) -> Iterator[Use]:
    """Yield every `uses:` of the repository."""
    for glob in PAGES:
        for path in sorted(root.glob(glob)):
            text = path.read_text(encoding="utf-8")
            for found in _USES.finditer(text):
                line = text.count("\n", 0, found.start("what")) + 1
                yield Use(f"{path.relative_to(root).as_posix()}:{line}", found["what"], (found["comment"] or "").strip())


def unfit(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an entry of the list."""
    if not re.fullmatch(r"[0-9a-f]{40}", entry["commit"]) or not re.fullmatch(r"v\d+\.\d+\.\d+", entry["version"]):
        yield f"{name}: a version as in v1.2.3 and a whole commit are needed"
    if entry["runtime"] not in RUNTIMES:
        yield f"{name}: runs on {entry['runtime']}, which GitHub's runners don't have"
    if entry["confirmed"]["version"] != entry["version"]:
        yield f"{name}: nobody wrote down where {entry['version']} was confirmed"
    if entry["confirmed"]["public_files"] < 1:
        yield f"{name}: no public file confirms the commit"


def problems(root: Path) -> list[str]:
    """Return all that is wrong with the list and with what is used."""
    listed = json.loads((root / LIST).read_text(encoding="utf-8"))["actions"]
    used = list(uses(root))
    found = [f"{LIST}: {problem}" for name, entry in listed.items() for problem in unfit(name, entry)]
    found += [f"{use.where}: {problem}" for use in used if (problem := use.problem(listed))]
    named = {match["action"] for use in used if (match := _PINNED.fullmatch(use.what))}
    return found + [f"{LIST}: {name} is used nowhere" for name in listed if name not in named]


def main() -> int:
    """Print the problems, and return the exit code."""
    found = problems(ROOT)
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
