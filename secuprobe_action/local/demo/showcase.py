"""What a team would see of the demo's scan, as local pages: each thing on one of its own, and one that leads to all of them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from secuprobe_action.local.demo.forge import PULL, REPOSITORY, Forge
from secuprobe_action.local.demo.preview import html
from secuprobe_action.local.demo.runner import ANNOTATIONS, Kind, Line
from secuprobe_action.local.demo.step import Left, on_screen

_LEVELS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""What code scanning shows for a rule's `security-severity` (docs.github.com, "SARIF support for code scanning")."""

_COLOURS: Mapping[str, str] = {
    "brightgreen": "#4c1",
    "green": "#97ca00",
    "yellowgreen": "#a4a61d",
    "yellow": "#dfb317",
    "orange": "#fe7d37",
    "red": "#e05d44",
    "blue": "#007ec6",
    "lightgrey": "#9f9f9f",
    "success": "#4c1",
    "important": "#fe7d37",
    "critical": "#e05d44",
    "informational": "#007ec6",
    "inactive": "#9f9f9f",
}
"""The names that shields.io has for colours."""


@dataclass(frozen=True)
class Exhibit:
    """A thing on a page of its own.

    Args:
        file: the page, or the picture.
        title: what it is.
        where: where a team would find it.
        input: what asks for it in a workflow, or empty where it is always there.
        template: what the page is made by; empty where the file is there already.
        shown: what the template shows.
    """

    file: str
    title: str
    where: str
    input: str = ""
    template: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """A finding as code scanning lists it.

    Args:
        severity: its level.
        title: its rule's.
        where: the file that it is filed under.
    """

    severity: str
    title: str
    where: str


@dataclass(frozen=True)
class Badge:
    """What a README shows.

    Args:
        label: the left part.
        message: the right part.
        colour: what is behind that.
    """

    label: str
    message: str
    colour: str

    @property
    def widths(self) -> tuple[int, int]:
        """How wide the parts are, in pixels, near enough."""
        return 12 + 7 * len(self.label), 12 + 7 * len(self.message)


@dataclass(frozen=True)
class Block:
    """Lines of a log that belong together.

    Args:
        title: of a group, which folds; or empty.
        lines: each with its kind's name and what it says.
    """

    title: str
    lines: Sequence[tuple[str, str]]


def write(folder: Path, left: Left, forge: Forge, files: Mapping[str, Path], facts: Sequence[str]) -> Path:
    """Write the pages, and return the one that leads to the others.

    Args:
        folder: where they go.
        left: what the step left.
        forge: what it wrote on the pull request.
        files: the report files that there are, by format, in the same folder.
        facts: what else is to be said, a sentence each.
    """
    loader = PackageLoader("secuprobe_action.local.demo")
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def page(file: str, template: str, **shown: Any) -> Path:
        (folder / file).write_text(templates.get_template(template).render(shown), encoding="utf-8", errors="replace")
        return folder / file

    exhibits = list(exhibits_of(left, forge, files))
    for each in exhibits:
        if each.template:
            page(each.file, each.template, title=each.title, **each.shown)
    badge = badge_of(json.loads(files["badge"].read_bytes())) if "badge" in files else None
    title = "What your team would see"
    return page("index.html", "index.html", title=title, exhibits=exhibits, badge=badge, left=left, facts=facts)


def exhibits_of(left: Left, forge: Forge, files: Mapping[str, Path]) -> Iterator[Exhibit]:
    """Yield what there is to see, what is looked at first first."""
    yield Exhibit("summary.html", "Job summary", "on the run's page", "", "markdown.html", {"body": _markup(left.summary)})
    for comment in forge.comments[:1]:
        shown = {"body": _markup(comment["body"]), "author": comment["user"]["login"], "heading": f"{REPOSITORY} #{PULL}"}
        yield Exhibit("comment.html", "Comment", "on the pull request", "pr_comment: always", "comment.html", shown)
    if forge.check:
        output = forge.check["output"]
        shown = {"check": forge.check, "heading": output["title"], "body": _markup(output["summary"])}
        yield Exhibit("check.html", "Check run", "on the commit", "check_run: true", "check.html", shown)
    if "html" in files:
        yield Exhibit(files["html"].name, "HTML report", "among the run's artifacts", "reports: html=report.html")
    if "sarif" in files:
        shown = {"alerts": list(alerts_of(json.loads(files["sarif"].read_text(encoding="utf-8")))), "sarif": files["sarif"].name}
        yield Exhibit("alerts.html", "Alerts", "in the Security tab", "reports: sarif=report.sarif", "alerts.html", shown)
    lines = [line for line in left.log if line.kind in ANNOTATIONS]
    yield Exhibit("annotations.html", "Annotations", "on the run's page", "", "annotations.html", {"lines": lines})
    yield Exhibit("log.html", "Log", "of the step", "", "log.html", {"blocks": list(blocks_of(left.log))})


def badge_of(endpoint: Any) -> Badge:
    """Return the badge that shields.io makes of an endpoint's answer (shields.io, "Endpoint Badge")."""
    colour = str(endpoint.get("color", "lightgrey"))
    known = _COLOURS.get(colour, f"#{colour.removeprefix('#')}")
    return Badge(
        str(endpoint["label"]), str(endpoint["message"]), known if re.fullmatch(r"#[0-9a-fA-F]{3,6}", known) else "#9f9f9f"
    )


def alerts_of(sarif: Any) -> Iterator[Alert]:
    """Yield what code scanning would list of a SARIF file."""
    for run in sarif["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
        for result in run["results"]:
            rule = rules[result["ruleId"]]
            severity = float(rule.get("properties", {}).get("security-severity", 0))
            level = next((name for least, name in _LEVELS if severity >= least), "note")
            (location, *_) = result["locations"]
            yield Alert(level, rule["shortDescription"]["text"], location["physicalLocation"]["artifactLocation"]["uri"])


def blocks_of(log: Sequence[Line]) -> Iterator[Block]:
    """Yield a log's blocks: the lines of a group, and those between groups."""
    number, numbered = 0, []
    for line in log:
        number += line.kind is Kind.GROUP
        numbered.append((number, line))
        number += line.kind is Kind.END_OF_GROUP
    for _, part in groupby(numbered, key=lambda each: each[0]):
        lines = [line for _, line in part]
        title = lines[0].text if lines[0].kind is Kind.GROUP else ""
        shown = [(line.kind.value, on_screen(line)) for line in lines if line.kind not in (Kind.GROUP, Kind.END_OF_GROUP)]
        yield Block(title, shown)


def _markup(markdown: str) -> Markup:
    """Return Markdown of ours, which is escaped where it was made, as HTML that isn't to be escaped again."""
    return Markup(html(markdown))
