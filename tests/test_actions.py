"""The list of third-party actions, and what is held against it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from scripts import actions
from tests.support import ROOT

PAGE = ".github/workflows/ci.yml"
LISTED = json.loads((ROOT / actions.LIST).read_text(encoding="utf-8"))["actions"]
CHECKOUT = f"actions/checkout@{LISTED['actions/checkout']['commit']}"


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    """Return a copy of all that is held against the list."""
    for glob in (actions.LIST, *actions.PAGES):
        for path in ROOT.glob(glob):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    return tmp_path


def change(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_that_is_used_is_listed(copy: Path) -> None:
    assert actions.problems(ROOT) == []
    assert actions.problems(copy) == []
    assert len(list(actions.uses(ROOT))) > 40


@pytest.mark.parametrize("name", [PAGE, "docs/recipes.md"])
@pytest.mark.parametrize(
    ("instead", "problem"),
    [
        ("actions/checkout@v7", "is not the listed"),
        ("actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "is not the listed"),
        (f"{CHECKOUT} # v7.0.0", "is not the listed"),
        ("someone/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "someone/checkout is not in .github/actions.json"),
        ('"someone/checkout@v1"', "someone/checkout is not in .github/actions.json"),
        ("docker://alpine", "names no action's version"),
        ("Garconposey/secuprobe-scan-action@main", "is not this version"),
    ],
)
def test_what_is_not_listed_is_found_where_it_stands(copy: Path, name: str, instead: str, problem: str) -> None:
    change(copy, name, f"{CHECKOUT} # {LISTED['actions/checkout']['version']}", instead)

    (found,) = actions.problems(copy)
    where, _, said = found.partition(": ")
    assert re.fullmatch(rf"{re.escape(name)}:\d+", where)
    assert problem in said


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"runtime": "node24"', '"runtime": "node20"', "actions/attest: runs on node20, which GitHub's runners don't have"),
        (
            '"confirmed": { "version": "v4.2.2"',
            '"confirmed": { "version": "v4.2.1"',
            "nobody wrote down where v4.2.2 was confirmed",
        ),
        ('"public_files": 10', '"public_files": 0', "no public file confirms the commit"),
        ('"actions": {', '"actions": {\n"a/b": ' + json.dumps(LISTED["actions/checkout"]) + ",", "a/b is used nowhere"),
    ],
)
def test_an_entry_that_nobody_confirmed_or_uses_is_found(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy, actions.LIST, old, new)

    assert [each for each in actions.problems(copy) if problem in each]


def test_renovate_finds_every_entry_and_every_pin_of_the_pages() -> None:
    renovate = json.loads((ROOT / ".github" / "renovate.json").read_text(encoding="utf-8"))
    the_list, pages = (re.compile(each["matchStrings"][0].replace("(?<", "(?P<")) for each in renovate["customManagers"])
    patterns = [re.compile(each.strip("/")) for manager in renovate["customManagers"] for each in manager["managerFilePatterns"]]

    found = [match.groupdict() for match in the_list.finditer((ROOT / actions.LIST).read_text(encoding="utf-8"))]
    assert {each["depName"]: (each["currentValue"], each["currentDigest"]) for each in found} == {
        name: (entry["version"], entry["commit"]) for name, entry in LISTED.items()
    }
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert len(pages.findall(text)) == sum(
        use.where.startswith("docs/recipes.md") and actions.OURS[0] not in use.what for use in actions.uses(ROOT)
    )
    shown = {use.where.split(":")[0] for use in actions.uses(ROOT) if re.search("@[0-9a-f]{40}", use.what)}
    unmanaged = [name for name in shown if not name.startswith(".github/") and not any(each.search(name) for each in patterns)]
    assert unmanaged == []
