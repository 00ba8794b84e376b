"""Pure: a judged scan to text. One file a format, and a line in FORMATS; the layout is the list."""

from collections.abc import Callable, Mapping

from secuprobe_action.reports import gitlab_codequality, gitlab_dast, html_report, json_report, junit, markdown, sarif
from secuprobe_action.reports.story import Story, Trouble

FORMATS: Mapping[str, Callable[[Story], str]] = {
    "sarif": sarif.render,
    "json": json_report.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "html": html_report.render,
    "gitlab-dast": gitlab_dast.render,
    "gitlab-codequality": gitlab_codequality.render,
}
"""The report formats by their name in the input `reports`."""

FAILURE_FORMATS: Mapping[str, Callable[[Trouble], str]] = {"json": json_report.failure}
"""Those of them that are written where there is no verdict, too: for programs, to which a missing file says nothing."""
