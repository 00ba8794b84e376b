"""Pure: a judged scan to text. One file a format, and a line in _FORMATS; the layout is the list."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from secuprobe_action.reports import (
    badge,
    defectdojo,
    gitlab_codequality,
    gitlab_dast,
    html_report,
    json_report,
    junit,
    markdown,
    sarif,
)
from secuprobe_action.reports.story import Format, Story, Trouble

_FORMATS: Mapping[str, Format] = {
    "sarif": sarif.FORMAT,
    "json": json_report.FORMAT,
    "junit": junit.FORMAT,
    "markdown": markdown.FORMAT,
    "html": html_report.FORMAT,
    "gitlab-dast": gitlab_dast.FORMAT,
    "gitlab-codequality": gitlab_codequality.FORMAT,
    "badge": badge.FORMAT,
    "defectdojo": defectdojo.FORMAT,
}

FORMATS: Mapping[str, Callable[[Story], str | None]] = {name: each.render for name, each in _FORMATS.items()}
"""The report formats by their name in the input `reports`."""

FAILURE_FORMATS: Mapping[str, Callable[[Trouble], str]] = {
    name: each.failure for name, each in _FORMATS.items() if each.failure is not None
}
"""Those of them that are written where there is no verdict, too: to a program a missing file says nothing, and a person must
not be shown the one of an earlier run. The others would say that nothing was found."""

WHOLE_OR_NOT = frozenset(name for name, each in _FORMATS.items() if each.whole_or_not)
"""Those whose readers take what a file doesn't hold for fixed: they are written whole or not at all."""


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
            f"No report was written as {', '.join(withheld)}, because {story.gap}: its readers would take for fixed what it "
            "doesn't hold."
        )
    cut = sarif.cut(story.verdict) if "sarif" in wanted and not withheld else None
    if cut:
        yield cut
