"""JUnit XML: a test case a finding, and one for the gate itself.

Readers tell cases apart by suite, class and name (GitLab: gitlabhq/gitlabhq, `lib/gitlab/ci/reports/test_case.rb`), some by
class and name only: so the site is in the suite's and in the class's name, and no two cases have the same.
"""

from typing import TYPE_CHECKING

from secuprobe_action.reports.escape import ascii_xml, xml
from secuprobe_action.reports.story import Format, Named, Story, Trouble
from secuprobe_action.text import capitalised, printable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_NAME = 250
"""Of a case: readers cut longer ones, or refuse them."""


def render(story: Story) -> str:
    """Return a test suite: findings that fail the check are failures, accepted ones are skipped, the rest pass.

    The gate is a case of its own, because it can fail without a finding in the list: by the score, or by what only the counts
    tell of. Where the list isn't whole there is one more case, an error: what isn't known has not passed.
    """
    suite = _Suite(story.name, story.site)
    gate = suite.case("gate")
    if not story.verdict.passed:
        suite.problem(gate, "failure", story.verdict.reason, "gate", story.report.report_url)
    if story.gap:
        told = f"{capitalised(story.gap)}, so not every finding has a case here."
        suite.problem(suite.case("list of findings"), "error", told, "incomplete", story.report.report_url)
    for named in story.named():
        _add(named, suite)
    return suite.xml(time=f"{story.report.duration_s:.3f}", timestamp=f"{story.finished_at:%Y-%m-%dT%H:%M:%S}")


def failure(trouble: Trouble) -> str:
    """Return a test suite whose one case, the gate, ended in an error."""
    suite = _Suite(trouble.name, trouble.site)
    suite.problem(suite.case("gate"), "error", f"{trouble.title}: {trouble.message}", "no verdict", trouble.report_url or "")
    return suite.xml(time="0", timestamp=f"{trouble.finished_at:%Y-%m-%dT%H:%M:%S}")


class _Suite:
    """A test suite in the making.

    Args:
        name: whose result it is.
        site: what was scanned, or None.
    """

    def __init__(self, name: str, site: str | None) -> None:
        from xml.etree import ElementTree  # imported here for the start-up's sake

        self._tree = ElementTree
        self._root = ElementTree.Element("testsuites")
        self._suite = ElementTree.SubElement(self._root, "testsuite", name=xml(": ".join(filter(None, (name, site)))))
        self._site = site

    def case(self, name: str, kind: str = "SecuProbe") -> "Element":
        """Add a case: its name, and what kind of a case it is."""
        classname = f"{kind} ({self._site})" if self._site else kind
        return self._tree.SubElement(self._suite, "testcase", classname=xml(classname), name=xml(name), time="0")

    def problem(self, case: "Element", what: str, message: str, type: str, text: str = "") -> None:
        """Say why a case did not pass: a `failure`, an `error`, or `skipped`."""
        child = self._tree.SubElement(case, what, message=xml(message), type=xml(type))
        child.text = printable(text) or None

    def xml(self, **attributes: str) -> str:
        """Return the document, with its cases counted."""
        counts = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped"}
        for name, path in counts.items():
            self._suite.set(name, str(len(self._suite.findall(path))))
        for name, value in attributes.items():
            self._suite.set(name, value)
        self._tree.indent(self._root)
        return ascii_xml('<?xml version="1.0" encoding="utf-8"?>\n' + self._tree.tostring(self._root, encoding="unicode") + "\n")


def _add(named: Named, suite: _Suite) -> None:
    assessed, finding = named.assessed, named.assessed.finding
    name = f"[{finding.severity.label}] {named.title(MAX_NAME - 20, otherwise='no title')}"
    case = suite.case(name, named.category)
    if assessed.fails:
        remediation = finding.remediation or "No remediation guide."
        text = f"{finding.description or 'No description.'}\n\nRemediation:\n{remediation}"
        suite.problem(case, "failure", f"{name}{named.at_site}", finding.severity.label, text)
    elif assessed.accepted:
        suite.problem(case, "skipped", f"accepted: {assessed.accepted.reason}", "accepted")


FORMAT = Format(render, failure)
