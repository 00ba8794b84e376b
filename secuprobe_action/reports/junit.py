"""JUnit XML: a test case a finding, and one for the gate itself."""

from secuprobe_action.findings.gate import Assessed
from secuprobe_action.reports.escape import xml
from secuprobe_action.reports.story import Story
from secuprobe_action.text import printable


def render(story: Story) -> str:
    """Return a test suite: findings that fail the check are failures, accepted ones are skipped, the rest pass.

    The gate is a case of its own, because it can fail without a finding in the list: by the score, or by what only the counts
    tell of.
    """
    from xml.etree import ElementTree  # imported here for the start-up's sake

    verdict = story.verdict
    failures = sum(assessed.fails for assessed in verdict.findings) + (not verdict.passed)
    attributes = {
        "name": "SecuProbe",
        "tests": str(len(verdict.findings) + 1),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(len(verdict.accepted)),
        "time": f"{story.report.duration_s:.3f}",
        "timestamp": f"{story.finished_at:%Y-%m-%dT%H:%M:%S}",
    }
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", attributes)
    gate = ElementTree.SubElement(suite, "testcase", classname="SecuProbe", name="gate", time="0")
    if not verdict.passed:
        ElementTree.SubElement(gate, "failure", message=xml(verdict.reason), type="gate").text = xml(story.report.report_url)
    for assessed in verdict.findings:
        finding = assessed.finding
        case = ElementTree.SubElement(
            suite, "testcase", classname=xml(finding.category or "no category"), name=xml(_name(assessed)), time="0"
        )
        if assessed.fails:
            failure = ElementTree.SubElement(case, "failure", message=xml(_name(assessed)), type=finding.severity.label)
            remediation = finding.remediation or "No remediation guide."
            failure.text = printable(f"{finding.description or 'No description.'}\n\nRemediation:\n{remediation}")
        elif assessed.accepted:
            ElementTree.SubElement(case, "skipped", message=xml(f"accepted: {assessed.accepted.reason}"))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _name(assessed: Assessed) -> str:
    return f"[{assessed.finding.severity.label}] {assessed.finding.title or 'no title'}"
