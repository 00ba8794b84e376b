"""The workflows that README and docs print, as a reader would use them."""

import re
from collections import Counter
from collections.abc import Iterator

from tests.support import ROOT

_HEADING_OR_BLOCK = re.compile(r"^#+ (?P<title>[^\n]*)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks() -> Iterator[tuple[str, str]]:
    """Yield each block of YAML, and where it stands: file and heading."""
    for file in _FILES:
        title, count = "", Counter[str]()
        for match in _HEADING_OR_BLOCK.finditer(file.read_text(encoding="utf-8")):
            title = match["title"] or title
            if match["language"] == "yaml":
                count[title] += 1
                yield f"{file.name}: {title}" + (f" ({count[title]})" if count[title] > 1 else ""), match["text"]


def _completed(text: str) -> str | None:
    """Return a workflow of which the page may print only the part that matters; None where it is something else."""
    if re.search(r"(?m)^steps:", text):
        return f"on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n{re.sub('(?m)^', '    ', text)}"
    if not re.search(r"(?m)^jobs:", text):
        return None
    return text if re.search(r"(?m)^on:", text) else f"on: push\n{text}"


WORKFLOWS = {where: whole for where, text in _blocks() if (whole := _completed(text)) is not None}
"""Every workflow that is printed, by file and heading."""
