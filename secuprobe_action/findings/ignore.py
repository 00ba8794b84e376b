"""Accepted risks: the rules of the ignore file, and which findings they cover. Reading the file is not its business."""

import datetime as dt
import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings.baseline import normalised
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.findings.sites import site_of
from secuprobe_action.text import encodable, plural

if TYPE_CHECKING:
    import yaml

MAX_RULES = 1_000

MAX_TEXT = 1_000
"""Of each value, in characters."""


def _visible(value: str) -> str:
    if not normalised(value):
        raise ValueError("must not be blank")
    return value


def _address(value: str) -> str:
    if "*" in value or not re.match(r"https?://[^/?#]", value, re.IGNORECASE):
        raise ValueError("must be one URL, as in https://your-app.com; for several, give a glob as url_glob")
    return value


_Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_visible)]


def _as_severity(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class Rule(BaseModel):
    """One accepted risk; schemas/ignore.json describes it for editors. A finding is covered by what all its fields say.

    Attributes:
        title, category: what it covers, as it is written; case and spacing don't matter.
        title_glob, category_glob: globs of what it covers. At least one of the four is given.
        severity: only findings of this severity, or None for any; `unknown` for one that SecuProbe didn't name.
        reason: why the risk is accepted.
        expires: the last day on which the rule applies (UTC), or None for ever.
        url: only scans of this URL's site (`sites.site_of`), or None for any.
        url_glob: only scans of sites that this glob covers, or None for any.
        line: where it stands in its file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    title: _Text | None = None
    title_glob: _Text | None = None
    category: _Text | None = None
    category_glob: _Text | None = None
    severity: Annotated[Literal["critical", "high", "medium", "low", "info", "unknown"], BeforeValidator(_as_severity)] | None = (
        None
    )
    reason: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]
    expires: dt.date | None = None
    url: Annotated[_Text, AfterValidator(_address)] | None = None
    url_glob: _Text | None = None
    line: int

    @model_validator(mode="after")
    def _names_something(self) -> "Rule":
        if not self._names:
            raise ValueError("a rule needs a title or a category (title, title_glob, category, category_glob)")
        return self

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.title, self.title_glob, self.category, self.category_glob)))

    def covers(self, finding: Finding, url: str | None) -> bool:
        """Whether the rule is about this finding, in a scan of this URL."""
        return (
            _is(self.title, finding.title)
            and _globs(self.title_glob, finding.title)
            and _is(self.category, finding.category)
            and _globs(self.category_glob, finding.category)
            and (self.severity is None or Severity.parse(self.severity) is finding.severity)
            and self.is_for(url)
        )

    def is_for(self, url: str | None) -> bool:
        """Whether the rule is about scans of this URL."""
        if self.url is None and self.url_glob is None:
            return True
        if url is None:
            return False
        site = site_of(url)
        # The site of https://a.example/ has no path; a glob that ends in /* is about all of it.
        return (self.url is None or site_of(self.url) == site) and (
            _globs(self.url_glob, site) or _globs(self.url_glob, f"{site}/")
        )

    def has_expired(self, today: dt.date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today

    def __str__(self) -> str:
        return f"line {self.line} ({', '.join(self._names)})"


def _is(wanted: str | None, given: str | None) -> bool:
    """Whether a text is the wanted one, literally. Nothing is a missing text but what doesn't ask for one."""
    return wanted is None or (given is not None and normalised(wanted) == normalised(given))


def _globs(pattern: str | None, given: str | None) -> bool:
    """Whether a glob covers a text; as `_is` for what is missing."""
    return pattern is None or (given is not None and fnmatch.fnmatchcase(normalised(given), normalised(pattern)))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the rules came to in one scan.

    Args:
        rules: the rule that covers each finding, in their order, or None.
        expired: rules that would have applied, had they not expired.
        unused: rules that are about nothing in this scan.
        elsewhere: rules that are about scans of other URLs.
    """

    rules: tuple[Rule | None, ...]
    expired: tuple[Rule, ...] = ()
    unused: tuple[Rule, ...] = ()
    elsewhere: tuple[Rule, ...] = ()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader should know of the rules that cover nothing here: they may be misspelled, or mended by now.

        Rules for other URLs share one notice: one file may serve a hundred sites.
        """
        told = [f"The ignore file's rule at {rule} matches no finding of this scan.{_hint(rule)}" for rule in self.unused]
        if self.elsewhere:
            lines = ", ".join(str(rule.line) for rule in self.elsewhere[:_MAX_LINES])
            more = " and more" if len(self.elsewhere) > _MAX_LINES else ""
            told.append(
                f"{plural(len(self.elsewhere), 'rule')} of the ignore file (by line: {lines}{more}) unused here: "
                "what was scanned is not the site of url or url_glob."
            )
        return tuple(told)


_MAX_LINES = 20


def _hint(rule: Rule) -> str:
    looks_like_globs = re.search(r"[*?]", f"{rule.title or ''}{rule.category or ''}")
    return " Its title and category are literal; for a glob give title_glob or category_glob." if looks_like_globs else ""


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
    return Acceptance(
        covering,
        expired=tuple(rule for rule in rules if rule.has_expired(today)),
        unused=tuple(rule for rule in valid if rule.is_for(url) and not any(rule.covers(each, url) for each in findings)),
        elsewhere=tuple(rule for rule in valid if not rule.is_for(url)),
    )


def rule_for(finding: Finding) -> str | None:
    """Return a rule that covers this finding and none of another title, severity or, where it has one, category.

    Returns:
        YAML of visible characters, a line each value, with its reason still to be written; or None where no rule can be so exact:
        the finding has no title, or one that is too long for a rule.
    """
    named = {"title": finding.title, "category": finding.category}
    # Spacing doesn't matter to a rule, so what is shown on a page and copied from there is the same.
    folded = {name: " ".join(text.split()) for name, text in named.items() if text is not None}
    if not folded.get("title") or any(not _fits(text) for text in folded.values()):
        return None
    lines = [f"{name}: {_quoted(text)}" for name, text in folded.items() if text]
    lines += [f"severity: {finding.severity.label}", f"reason: {_quoted(REASON_TO_WRITE)}"]
    return "- " + "\n  ".join(lines) + "\n"


REASON_TO_WRITE = "Why is this risk accepted?"


def _fits(text: str) -> bool:
    return len(text) <= MAX_TEXT and encodable(text) == text


def _quoted(text: str) -> str:
    """Return a text as a double-quoted scalar of YAML (1.2.2, 7.3.1), with all escaped that a page or an editor may change."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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
