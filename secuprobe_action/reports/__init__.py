"""Pure: a judged scan to text. One file a format, and a line in FORMATS; the layout is the list."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from secuprobe_action.reports import gitlab_codequality, gitlab_dast, html_report, json_report, junit, markdown, sarif
from secuprobe_action.reports.story import Story, Trouble

FORMATS: Mapping[str, Callable[[Story], str | None]] = {
    "sarif": sarif.render,
    "json": json_report.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "html": html_report.render,
    "gitlab-dast": gitlab_dast.render,
    "gitlab-codequality": gitlab_codequality.render,
}
"""The report formats by their name in the input `reports`.

None is the answer of a format whose readers take what a file doesn't hold for fixed, where not all findings are known: such a
file is written whole or not at all.
"""

FAILURE_FORMATS: Mapping[str, Callable[[Trouble], str]] = {
    "json": json_report.failure,
    "junit": junit.failure,
    "markdown": markdown.trouble,
    "html": html_report.failure,
    "gitlab-dast": gitlab_dast.failure,
}
"""Those of them that are written where there is no verdict, too: to a program a missing file says nothing, and a person must
not be shown the one of an earlier run. The others would say that nothing was found."""

WHOLE_OR_NOT = frozenset({"sarif", "gitlab-codequality"})
"""Those whose readers take what a file doesn't hold for fixed."""


def remarks(formats: Iterable[str], story: Story) -> Iterator[str]:
    """Yield what a reader must know of the files that were asked for: which one isn't written, which one isn't whole.

    Args:
        formats: the formats that were asked for.
        story: what they are to tell.
    """
    wanted = set(formats)
    withheld = sorted(wanted & WHOLE_OR_NOT) if story.gap else []
    if withheld:
        yield (
            f"No report was written as {' and '.join(withheld)}, because {story.gap}: its readers would take for fixed what it "
            "doesn't hold."
        )
    cut = sarif.cut(story.verdict) if "sarif" in wanted and not withheld else None
    if cut:
        yield cut
