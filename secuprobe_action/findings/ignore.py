"""Accepted risks: the rules of the ignore file, and which findings they cover. Reading the file is not its business."""

import datetime as dt
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings.baseline import normalised
from secuprobe_action.findings.model import Finding, Severity

if TYPE_CHECKING:
    import yaml

MAX_RULES = 1_000

_NonEmpty = Annotated[str, Field(min_length=1, max_length=1_000)]


def _as_severity(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class Rule(BaseModel):
    """One accepted risk; schemas/ignore.json describes it for editors.

    Attributes:
        title, category: what it covers; exact or a glob, without regard to case and spacing. At least one is given.
        severity: only findings of this severity, or None for any.
        reason: why the risk is accepted.
        expires: the last day on which the rule applies (UTC), or None for ever.
        url: only scans of this URL; exact or a glob; None for any.
        line: where it stands in its file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    title: _NonEmpty | None = None
    category: _NonEmpty | None = None
    severity: Annotated[Literal["critical", "high", "medium", "low", "info"], BeforeValidator(_as_severity)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"\S")]
    expires: dt.date | None = None
    url: _NonEmpty | None = None
    line: int

    @model_validator(mode="after")
    def _names_something(self) -> "Rule":
        if self.title is None and self.category is None:
            raise ValueError("a rule needs a title or a category")
        return self

    def covers(self, finding: Finding, url: str | None) -> bool:
        """Whether the rule is about this finding, in a scan of this URL."""
        return (
            _matches(self.title, finding.title)
            and _matches(self.category, finding.category)
            and (self.severity is None or Severity.parse(self.severity) is finding.severity)
            and _matches(self.url, url)
        )

    def has_expired(self, today: dt.date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today

    def __str__(self) -> str:
        return f"line {self.line} ({', '.join(filter(None, (self.title, self.category)))})"


def _matches(pattern: str | None, text: str | None) -> bool:
    """Whether a text is what the pattern says or, read as a glob, covers. Nothing covers a missing text but no pattern."""
    if pattern is None:
        return True
    wanted, given = normalised(pattern), normalised(text)
    return text is not None and (wanted == given or fnmatch.fnmatchcase(given, wanted))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the rules came to in one scan.

    Args:
        rules: the rule that covers each finding, in their order, or None.
        expired: rules that would have applied, had they not expired.
        unused: rules that are about nothing in this scan.
    """

    rules: tuple[Rule | None, ...]
    expired: tuple[Rule, ...] = ()
    unused: tuple[Rule, ...] = ()


def accept(rules: Sequence[Rule], findings: Sequence[Finding], url: str | None, today: dt.date) -> Acceptance:
    """Return which rule covers which finding.

    Args:
        rules: the ignore file's rules; the first that covers a finding counts.
        findings: what the scan listed.
        url: what was scanned.
        today: the day it is (UTC).
    """
    valid = [rule for rule in rules if not rule.has_expired(today)]
    covering = tuple(next((rule for rule in valid if rule.covers(finding, url)), None) for finding in findings)
    about_this_scan = [rule for rule in valid if _matches(rule.url, url)]
    return Acceptance(
        covering,
        expired=tuple(rule for rule in rules if rule.has_expired(today)),
        unused=tuple(rule for rule in about_this_scan if not any(rule.covers(finding, url) for finding in findings)),
    )


def parse(text: str, file: str) -> tuple[Rule, ...]:
    """Return the rules of an ignore file.

    Args:
        text: its YAML: a list of rules.
        file: its name, for messages.

    Raises:
        InputError: it is malformed; the message names file and line.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _malformed(file, line, f"must be YAML ({error.problem})") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _malformed(file, 1, f"must be YAML ({error})") from error
    if root is None or root.tag == "tag:yaml.org,2002:null":
        return ()
    if not isinstance(root, yaml.SequenceNode):
        raise _malformed(file, root.start_mark.line + 1, "must be a list of rules, each beginning with “- ”")
    if len(root.value) > MAX_RULES:
        raise _malformed(file, root.start_mark.line + 1, f"must not have more than {MAX_RULES:,} rules")
    return tuple(_rule(node, file) for node in root.value)


def _rule(node: "yaml.Node", file: str) -> Rule:
    import yaml

    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise _malformed(file, line, "must be a rule: title and/or category, and reason")
    fields: dict[str, str | None] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        key_line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise _malformed(file, key_line, "must have plain values: text, or a date for expires")
        if key.value in fields or key.value == "line":
            raise _malformed(file, key_line, f"must not have {key.value} here (it is given twice, or unknown)")
        # As written: YAML's own reading would make a number or a date of a title.
        fields[key.value] = None if value.tag == "tag:yaml.org,2002:null" else value.value
        lines[key.value] = key_line
    try:
        return Rule.model_validate({**fields, "line": line})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = str(problem["loc"][0]) if problem["loc"] else ""
        said = problem["msg"].removeprefix("Value error, ")
        raise _malformed(file, lines.get(name, line), f"{name}: {said}" if name else said) from None


def _malformed(file: str, line: int, problem: str) -> InputError:
    return InputError([Mistake("ignore_file", None, f"{file}, line {line}: {problem}")])
