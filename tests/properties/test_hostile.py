"""Whatever the API and the scanned site say: a result or one of our errors, and text that stays text.

`make fuzz` runs the same with many more examples.
"""

import io
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.app import Run
from secuprobe_action.errors import ExitCode
from secuprobe_action.findings.baseline import normalised
from secuprobe_action.findings.gate import Policy, judge
from secuprobe_action.findings.ignore import parse, rule_for
from secuprobe_action.findings.model import Finding, Severity
from secuprobe_action.findings.overview import Estate, Result, Site
from secuprobe_action.local.demo.runner import read_outputs
from secuprobe_action.places.outputs import SCAN_OUTPUTS
from secuprobe_action.platforms import detect
from secuprobe_action.platforms.base import Level
from secuprobe_action.platforms.github import GitHub
from secuprobe_action.reports import markdown, overview
from secuprobe_action.shell import Shell
from secuprobe_action.signals import Signals
from secuprobe_action.text import encodable, one_line, printable
from tests.reports.rendered import Page
from tests.support import KEY, URL, SimulatedClock, report

# Any text, lone surrogates and controls included, with more of what is markup, a command or a reference somewhere.
SNIPPETS = st.sampled_from(
    [
        *("|", "\\", "`", "*", "_", "~", "<", ">", "&", "[", "]", "(", ")", "!", "#", "@", ":", "$", "\n", "\r", "\t", " "),
        *("<script>", "</details>", "</td>", "<!--", "-->", "![x](y)", "[x](y)", "&lt;", "&#64;", "```", "---", "\n\n", "    "),
        *("@octocat", "#1", "GH-1", "a@b.co", "http://a.b", "https://a.b/c?d=e", "www.a.b", "WWW.a.b", "mailto:a@b.co", ":tada:"),
        *(
            "::error::",
            "##[error]",
            "::add-mask::x",
            "\r\n::warning::",
            "\u2028::error::",
            "\x85",
            "\x00",
            "\x1b[31m",
            "\u202e",
            "\ud800",
        ),
    ]
)
TEXT = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.lists(st.one_of(SNIPPETS, st.text(max_size=8)), max_size=10).map("".join),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

SEVERITY = st.sampled_from(["critical", "high", "medium", "low", "info", "unheard-of"])
MAYBE_TEXT = st.none() | TEXT
FINDING = st.builds(Finding, MAYBE_TEXT, st.sampled_from(list(Severity)), MAYBE_TEXT, MAYBE_TEXT, MAYBE_TEXT, MAYBE_TEXT)
OUR_ELEMENTS = {
    "h2",
    "h3",
    "p",
    "strong",
    "em",
    "sub",
    "code",
    "br",
    "span",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
} | {*("details", "summary", "blockquote", "pre")}


def words(text: str) -> str:
    return " ".join(text.split())


def mostly(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What is expected, and now and then anything else."""
    return st.one_of(strategy, strategy, strategy, JSON)


VULNERABILITY = st.fixed_dictionaries(
    {},
    optional={
        "id": mostly(TEXT),
        "title": mostly(MAYBE_TEXT),
        "severity": mostly(SEVERITY),
        "category": mostly(MAYBE_TEXT),
        "description": mostly(MAYBE_TEXT),
        "remediationGuide": mostly(MAYBE_TEXT),
    },
)
COUNTS = st.dictionaries(SEVERITY, mostly(st.integers(0, 5)), max_size=6)
ANSWERS = st.fixed_dictionaries(
    {
        "launch": mostly(
            st.fixed_dictionaries({"scanId": mostly(st.just("scan-1"))}, optional={"status": JSON, "estimatedDuration": JSON})
        ),
        "scan": mostly(
            st.fixed_dictionaries(
                {"scanId": st.just("scan-1"), "status": mostly(st.just("completed"))},
                optional={
                    "secuScore": mostly(st.floats(0, 100)),
                    "vulnerabilitiesCount": mostly(COUNTS),
                    "url": mostly(TEXT),
                    "reportUrl": mostly(TEXT.map(lambda text: f"https://{text}")),
                },
            )
        ),
        "list": mostly(
            st.fixed_dictionaries(
                {"vulnerabilities": mostly(st.lists(mostly(VULNERABILITY), max_size=5))},
                optional={"total": mostly(st.integers(0, 9))},
            )
        ),
        "status": st.sampled_from([200, 200, 200, 200, 201, 400, 403, 404, 418, 500]),
    }
)


def answering(answers: dict[str, Any]) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        name = "launch" if request.method == "POST" else "list" if request.url.path.endswith("vulnerabilities") else "scan"
        status = answers["status"] if name == "list" else 200
        return httpx.Response(status, content=json.dumps(answers[name]).encode())

    return httpx.MockTransport(handle)


@contextmanager
def step_files() -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        output, summary = Path(folder) / "output", Path(folder) / "summary"
        output.touch()
        summary.touch()
        yield output, summary


def commands(log: str) -> list[str]:
    """The lines that the runner obeys, by name."""
    lines = re.split(r"\r\n|\n|\r", log)
    assert not any("##[" in line and not line.startswith("::") for line in lines)
    return [line.lstrip().split("::")[1].split(" ")[0] for line in lines if line.lstrip().startswith("::")]


@given(ANSWERS, st.sampled_from(["critical", "low", "none"]))
def test_any_json_ends_in_a_result_or_in_one_of_our_errors(answers: dict[str, Any], threshold: str) -> None:
    with step_files() as (output, summary):
        environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "INPUT_API_KEY": KEY,
            "INPUT_URL": URL,
            "INPUT_FAIL_ON_SEVERITY": threshold,
            "INPUT_TIMEOUT": "60",
        }
        out = io.StringIO()
        shell = Shell(detect(environment, out), SimulatedClock(), Signals(), SCAN_OUTPUTS)
        run = Run(shell, lambda _: httpx.Client(transport=answering(answers)))
        code = run.main(environment, {})
        outputs = read_outputs(output.read_text(encoding="utf-8"))
        page = Page(summary.read_text(encoding="utf-8"))

    log = out.getvalue()
    assert code in (ExitCode.PASSED, ExitCode.GATE_FAILED, ExitCode.SCAN_ERROR)
    assert "Traceback" not in log
    assert "internal error" not in log
    assert outputs["result"] == {0: "passed", 1: "failed", 3: "error"}[code]
    assert set(commands(log)) <= {"add-mask", "group", "endgroup", "debug", "error", "warning", "notice"}
    assert commands(log).count("error") <= 10
    assert {name for name, _ in page.elements} <= OUR_ELEMENTS


@given(st.lists(FINDING, max_size=6), MAYBE_TEXT)
def test_the_summary_is_a_table_whose_text_is_the_original(findings: list[Finding], url: str | None) -> None:
    judged = report(*findings, url=url)

    page = Page(markdown.summary(judged, judge(judged, Policy(Severity.HIGH))))

    assert {name for name, _ in page.elements} <= OUR_ELEMENTS
    assert [attributes for name, attributes in page.elements if name == "a"] == [{"href": judged.report_url}]
    assert all(not attributes for name, attributes in page.elements if name not in ("a", "th", "td"))
    assert len(page.tables) == (2 if findings else 1)
    for finding, row in zip(judged.findings or (), page.tables[-1].rows[1:] if findings else [], strict=True):
        assert len(row) == 3
        assert words(row[1]) == words(one_line(finding.title or "", 300)) or not words(printable(finding.title or ""))
        assert words(row[2]) == words(one_line(finding.category or "", 300)) or not words(printable(finding.category or ""))
        assert words(printable(finding.description or "")).replace(" ", "") in page.text.replace(" ", "").replace(
            "\n", ""
        ).replace("\t", "")
    for node in page.nodes:
        assert not re.search(r"@[\w-]|(?<!&)#\d|\bgh-\d|:[a-z0-9_+-]+:", node, re.IGNORECASE)


# What the client makes of the API's words: text that can be encoded.
ENCODABLE = TEXT.map(encodable)


@given(ENCODABLE, st.none() | ENCODABLE, st.sampled_from(list(Severity)), ENCODABLE, st.none() | ENCODABLE)
def test_a_rule_copied_from_the_page_accepts_its_finding_and_no_other(
    title: str, category: str | None, severity: Severity, another: str, other_category: str | None
) -> None:
    shown = Finding(title, severity, category=category)
    judged = report(shown)
    page = Page(markdown.summary(judged, judge(judged, Policy(Severity.HIGH))))

    assert page.pre == ([str(rule_for(shown)).rstrip("\n")] if normalised(title) else [])
    assert {name for name, _ in page.elements} <= OUR_ELEMENTS
    for text in page.pre:
        (rule,) = parse(text, "file")
        assert rule.covers(shown, URL)
        assert rule.covers(Finding(another, severity, category=category), URL) == (normalised(another) == normalised(title))
        same_category = not normalised(category) or normalised(other_category) == normalised(category)
        assert rule.covers(Finding(title, severity, category=other_category), URL) == same_category
        assert not any(rule.covers(Finding(title, other, category=category), URL) for other in Severity if other is not severity)


@given(st.lists(st.one_of(TEXT, st.just("")), max_size=5))
def test_no_line_of_the_log_starts_a_command(lines: list[str]) -> None:
    out = io.StringIO()
    platform = GitHub({}, out)

    for line in lines:
        platform.info(line)

    assert commands(out.getvalue()) == []


@given(TEXT, TEXT)
def test_an_annotation_is_one_command_whatever_it_says(title: str, message: str) -> None:
    out = io.StringIO()

    GitHub({}, out).annotate(Level.ERROR, title, message)

    assert commands(out.getvalue()) == ["error"]
    assert out.getvalue().count("\n") == 1


@given(st.dictionaries(st.sampled_from(["scan_id", "secu_score", "report_url"]), TEXT, max_size=3))
def test_outputs_parse_back_to_what_was_written(values: dict[str, str]) -> None:
    with step_files() as (output, _):
        platform = GitHub({"GITHUB_OUTPUT": str(output)}, io.StringIO())
        for name, value in values.items():
            platform.set_output(name, value)

        assert read_outputs(output.read_bytes().decode("utf-8")) == {
            name: re.sub("[\ud800-\udfff]", "�", value) for name, value in values.items()
        }


SITES = st.builds(
    Site,
    TEXT,
    st.sampled_from(list(Result)),
    TEXT,
    st.none() | st.floats(0, 100),
    st.none() | st.dictionaries(st.sampled_from(list(Severity)), st.integers(0, 9)),
    st.none() | st.integers(0, 9),
    st.lists(FINDING, max_size=3).map(tuple),
    st.none() | st.just("https://secuprobe.io/scan/1"),
)


@given(st.lists(SITES, max_size=5))
def test_an_overview_is_a_row_a_site_whose_text_is_the_original(sites: list[Site]) -> None:
    estate = Estate.of(sites)

    page = Page(overview.summary(estate))

    assert {name for name, _ in page.elements} <= OUR_ELEMENTS
    assert {attributes["href"] for name, attributes in page.elements if name == "a"} <= {"https://secuprobe.io/scan/1"}
    scanned = [site for site in estate.sites if site.result is not Result.NOT_VALIDATED]
    assert len(page.tables) == (len(scanned) > 0) + bool(estate.new_count)
    for row, site in zip(page.tables[0].rows[1:] if scanned else [], scanned, strict=True):
        assert words(row[0]).startswith(words(one_line(site.shown, 300)))
    for node in page.nodes:
        assert not re.search(r"@[\w-]|(?<!&)#\d|\bgh-\d|:[a-z0-9_+-]+:", node, re.IGNORECASE)
