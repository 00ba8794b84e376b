"""Pure: what the input `reports` asks for, as pairs of a format and a path. Never one file with an odd name."""

import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterable

HOW = "give one format=path a line, as in sarif=out/secuprobe.sarif; commas and blanks between pairs will do, too"

# actions/toolkit, path-and-artifact-name-validation.ts: what upload-artifact refuses. Control characters and quotes: no file of a
# report is meant to be called so.
_REFUSED = re.compile(r"""[":<>|*?\\'`\x00-\x1f\x7f]""")
# What a shell would have read, and what only looks like a separator.
_UNREAD = re.compile(r"^[~#-]|\$|;")


def pairs(text: str, formats: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the reports that a text asks for, each as its format and its path, in the text's order.

    Args:
        text: pairs of format=path, separated by line ends, blanks or commas: YAML's folded `>` makes blanks of line ends.
        formats: the formats that there are.

    Raises:
        ValueError: a part is no pair, a path is none that a file should have, or two paths are the same file's.
    """
    parts = re.sub(r"[ \t]*=[ \t]*", "=", text.strip()).replace(",", " ").split()
    found = tuple(_pair(part, formats) for part in parts)
    _refuse_same_files([path for _, path in found])
    return found


def _pair(part: str, formats: Collection[str]) -> tuple[str, str]:
    name, equals, path = part.partition("=")
    if name.lower() not in formats or not equals:
        raise ValueError(
            f"must be pairs of format=path, and {part!r} is none (a path has no blanks, commas, quotes and comments); "
            f"the formats are {', '.join(formats)}; {HOW}"
        )
    if re.search(rf"({'|'.join(map(re.escape, formats))})=", path, re.IGNORECASE):
        raise ValueError(f"must have pairs apart, and {part!r} is more than one; {HOW}")
    refused = _REFUSED.search(path)
    if refused:
        raise ValueError(
            f"must not have {refused[0]!r} in a path, which upload-artifact and other systems refuse ({path!r}); {HOW}"
        )
    if _UNREAD.search(path):
        raise ValueError(f"must have plain paths: ~, #, -, $ and ; mean nothing here ({path!r}); {HOW}")
    return name.lower(), path


def _refuse_same_files(paths: Iterable[str]) -> None:
    """Refuse what is one file, or would be where letters' case isn't told apart, and what would be a file and a folder."""
    seen: dict[str, str] = {}
    for path in paths:
        # Not `..`: it is refused elsewhere, and where it leads depends on links.
        plain = unicodedata.normalize("NFC", posixpath.normpath(path)).casefold()
        for other, spelled in seen.items():
            if plain == other:
                raise ValueError(f"must name each file once, and {spelled} and {path} are the same, on some systems at least")
            if plain.startswith(f"{other}/") or other.startswith(f"{plain}/"):
                raise ValueError(f"can't have one name for a file and a folder: {spelled} and {path}")
        seen[plain] = path
