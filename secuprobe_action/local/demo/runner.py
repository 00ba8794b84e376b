"""How GitHub's runner reads what a step leaves: its files and its log. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

_COMMAND = re.compile(r"\s*::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<message>.*)", re.DOTALL)
"""actions/runner, ActionCommand.cs: only at the beginning of a line, after white space."""

_ESCAPES = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


class Kind(Enum):
    """What a line of a log is."""

    TEXT = "text"
    GROUP = "group"
    END_OF_GROUP = "end of group"
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


ANNOTATIONS = (Kind.ERROR, Kind.WARNING, Kind.NOTICE)


@dataclass(frozen=True)
class Line:
    """A line of a log as it is shown.

    Args:
        kind: what it is.
        text: what it says; of a group its title.
        title: of an annotation, or empty.
    """

    kind: Kind
    text: str
    title: str = ""


@dataclass
class LogReader:
    """Reads a step's log as the runner does: it obeys commands rather than show them, and hides what it was told to mask."""

    _masks: list[str] = field(default_factory=list)

    def read(self, lines: Iterable[str]) -> Iterator[Line]:
        """Yield what is shown of a log's lines, each as soon as it has come."""
        for line in lines:
            shown = self._shown(line.rstrip("\r\n"))
            if shown is not None:
                yield shown

    def _shown(self, line: str) -> Line | None:
        command = _COMMAND.fullmatch(line)
        if command is None:
            return Line(Kind.TEXT, self._masked(line))
        message = unescape(command["message"])
        match command["name"]:
            case "add-mask":
                self._masks.append(message)
            case "group":
                return Line(Kind.GROUP, self._masked(message))
            case "endgroup":
                return Line(Kind.END_OF_GROUP, "")
            case "error" | "warning" | "notice" as level:
                title = _properties(command["properties"] or "").get("title", "")
                return Line(Kind(level), self._masked(message), self._masked(title))
        return None  # debug lines and the like

    def _masked(self, text: str) -> str:
        for mask in self._masks:
            text = text.replace(mask, "***") if mask else text
        return text


def _properties(text: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip(): unescape(value) for name, _, value in pairs}


def unescape(text: str) -> str:
    """Return what an escaped text of a command stands for."""
    return re.sub("|".join(_ESCAPES), lambda found: _ESCAPES[found[0]], text)


def read_outputs(text: str) -> dict[str, str]:
    """Read a GITHUB_OUTPUT file by the runner's rules: `name=value`, or `name<<delimiter`, lines, `delimiter`.

    Raises:
        ValueError: a line is neither, or a delimiter is missing (actions/runner, FileCommandManager.cs).
    """
    outputs: dict[str, str] = {}
    lines = iter(text.removesuffix("\n").split("\n"))  # on Linux the runner knows no other line end
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            outputs[line[:equals]] = line[equals + 1 :]
        elif heredoc > 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            value = []
            for part in lines:
                if part == delimiter:
                    break
                value.append(part)
            else:
                raise ValueError(f"the delimiter of {name} is missing")
            outputs[name] = "\n".join(value)
        else:
            raise ValueError(f"not an output: {line}")
    return outputs
