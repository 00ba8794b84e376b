"""A summary as GitHub shows it: rendered, and read back as a page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options


@dataclass
class Table:
    """A table's cells, row by row, as text."""

    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a rendered summary holds.

    Attributes:
        elements: every element's name, with its attributes.
        tables: every table.
        text: the visible text.
        nodes: the text nodes one by one: GitHub looks for mentions and references in each of them.
        summaries: the text of each `<summary>`, and with it of each folded part.
        pre: the text of each `<pre>`.
    """

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[Table] = []
        self.nodes: list[str] = []
        self.summaries: list[str] = []
        self.pre: list[str] = []
        self._open: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
        self.close()

    @property
    def text(self) -> str:
        return "".join(self.nodes)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("br", "hr", "img"):
            self._open.append(tag)
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")
        elif tag == "summary":
            self.summaries.append("")
        elif tag == "pre":
            self.pre.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"<{tag}> is closed out of turn"

    def handle_data(self, data: str) -> None:
        self.nodes.append(data)
        if "td" in self._open or "th" in self._open:
            self.tables[-1].rows[-1][-1] += data
        elif "summary" in self._open:
            self.summaries[-1] += data
        elif "pre" in self._open:
            self.pre[-1] += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)
