"""A secret in the scanned URL's query, as a preview's bypass token: it reaches SecuProbe, and nothing else, however it ends."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from secuprobe_action.reports import FORMATS
from tests.github_api import FakeGitHub, serving
from tests.support import KEY, Runner, Step, event_file, findings, secuprobe, wait_until

TOKEN = "byp4ss/t0ken=="
ENCODED = "byp4ss%2Ft0ken%3D%3D"
PREVIEW = f"https://pr-7.preview.example/shop?bypass={ENCODED}&v=1"
SHOWN = "https://pr-7.preview.example/shop?bypass=***&v=***"
SPELLINGS = ("byp4ss", "t0ken")
"""What no spelling of the token is without."""

ECHO = f"{PREVIEW} {TOKEN} {ENCODED.lower()}"
ECHOED = {
    "title": f"Token {TOKEN} accepted",
    "severity": "high",
    "category": f"Bypass {ENCODED}",
    "description": f"See {ECHO}",
    "remediationGuide": f"Don't take {ECHO}",
}
COMPLETED = {
    "scanId": "scan-1",
    "status": "completed",
    "secuScore": 50,
    "url": PREVIEW,
    "reportUrl": f"https://secuprobe.io/scan/1?of={ENCODED}",
    "vulnerabilitiesCount": {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 0},
}
REPORTS = "\n".join(f"{name}=out/report.{name}" for name in FORMATS)


def left_behind(step: Step, folder: Path) -> str:
    """Return all that others can read of a step: the log, outputs, summary and files."""
    files = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()]
    return "\n".join([step.shown, json.dumps(step.outputs, ensure_ascii=False), step.summary, *files])


def assert_hidden(text: str) -> None:
    for spelling in SPELLINGS:
        at = text.find(spelling)
        assert at < 0, text[max(0, at - 200) : at + 100]


@pytest.fixture(name="github")
def _github(runner: Runner) -> Any:
    with serving(FakeGitHub()) as github:
        runner.environment = {
            **github.environment("e" * 40, "pull_request"),
            "GITHUB_EVENT_PATH": event_file(runner.folder, github.event()),
            "GITHUB_WORKSPACE": str(runner.folder),
        }
        yield github


def test_it_reaches_secuprobe_and_is_shown_nowhere(runner: Runner, github: FakeGitHub) -> None:
    everywhere = {
        "check_run": "true",
        "pr_comment": "always",
        "baseline": "auto",
        "github_token": "ghs_token",
        "reports": REPORTS,
    }
    with secuprobe({"findings": [ECHOED], "faults": [{"on": "GET /scans/{id}", "times": 9, "body": COMPLETED}]}) as api:
        step = runner.run(api, url=PREVIEW, fail_on_severity="high", **everywhere)
        asked = [scan.url for scan in api.service.scans.values()]

    assert (step.code, asked) == (1, [PREVIEW])
    published = json.dumps([github.bodies, github.checks, github.comments], ensure_ascii=False)
    assert_hidden(left_behind(step, runner.folder) + published)
    assert SHOWN in json.loads((runner.folder / "out/report.json").read_text())["scan"]["url"]
    assert f"SecuProbe scans {SHOWN}" in step.log
    assert "Token *** accepted" in step.log


def test_its_spellings_are_masked_for_the_steps_that_follow_and_short_values_are_not(runner: Runner) -> None:
    with secuprobe() as api:
        step = runner.run(api, url=f"{PREVIEW}&lang=english&n=1234567")

    masked = [line.removeprefix("::add-mask::") for line in step.log.splitlines() if line.startswith("::add-mask::")]
    assert masked[0] == KEY
    assert {TOKEN, ENCODED.replace("%", "%25"), ENCODED.lower().replace("%", "%25")} <= set(masked)
    assert not {"1", "english", "1234567"} & set(masked)


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "POST /scans", "status": 400, "body": {"error": f"No: {ECHO}"}},
        {"on": "POST /scans", "status": 403, "body": f"<html>{'x' * 100}{ECHO}"},
        {"on": "POST /scans", "status": 201, "body": f"<html>{ECHO}"},
        {"on": "POST /scans", "status": 201, "body": {"scan": PREVIEW, "of": TOKEN}},
        {"on": "POST /scans", "status": 302, "headers": {"Location": PREVIEW}},
        {"on": "POST /scans", "kind": "reset_after_headers"},
        {"on": "GET /scans/{id}", "times": 99, "body": {"scanId": "x", "url": PREVIEW, "status": None, TOKEN: ENCODED}},
        {"on": "GET /scans/{id}/vulnerabilities", "status": 403, "body": {"error": ECHO}},
        {"on": "GET /scans/{id}/vulnerabilities", "body": {"vulnerabilities": [ECHO]}},
    ],
    ids=lambda fault: f"{fault['on']} {fault.get('status', '')}",
)
def test_no_error_tells_it(runner: Runner, fault: dict[str, Any]) -> None:
    with secuprobe({"findings": findings("critical"), "faults": [fault]}) as api:
        step = runner.run(api, url=PREVIEW, reports=REPORTS, timeout="10")

    assert step.code in (1, 3)
    assert_hidden(left_behind(step, runner.folder))


@pytest.mark.parametrize("url", [f"ftp://a.example/?t={ENCODED}", f"a.example?{TOKEN}", f"https://a.example:x/?t={TOKEN}"])
def test_no_mistake_tells_it(runner: Runner, url: str) -> None:
    step = runner.run(api_key=KEY, url=url)

    assert step.code == 2
    assert_hidden(left_behind(step, runner.folder))


def test_a_cancelled_run_does_not_tell_it(runner: Runner) -> None:
    with secuprobe({"duration_s": 600}) as api:
        process = runner.start(api_key=KEY, url=PREVIEW, api_url=api.url, reports=REPORTS)
        wait_until(lambda: "report_url" in runner.outputs())
        process.send_signal(signal.SIGINT)
        step = runner.finish(process)

    assert step.code == 130
    assert_hidden(left_behind(step, runner.folder))


@pytest.mark.parametrize("platform", [{"GITLAB_CI": "true"}, {"BITBUCKET_BUILD_NUMBER": "1"}, {"SECUPROBE_DEBUG": "1"}])
def test_platforms_without_masks_do_not_show_it_either(runner: Runner, platform: dict[str, str]) -> None:
    with secuprobe({"findings": [ECHOED], "faults": [{"on": "GET /scans/{id}", "times": 9, "body": COMPLETED}]}) as api:
        inputs = {"API_KEY": KEY, "URL": PREVIEW, "API_URL": api.url, "REPORTS": REPORTS}
        runner.environment = {"GITHUB_ACTIONS": "", **platform, **{f"SECUPROBE_{name}": text for name, text in inputs.items()}}
        step = runner.finish(runner.start())

    assert step.code == 0
    assert SHOWN in step.log
    assert_hidden(left_behind(step, runner.folder))


def test_the_url_of_a_scan_that_is_attached_to_is_known_from_the_api_only(runner: Runner) -> None:
    with secuprobe({"findings": [ECHOED], "shape": "nested"}) as api:
        first = runner.run(api, url=PREVIEW)
        step = runner.run(api, url="", scan_id=first.outputs["scan_id"], reports=REPORTS)

    assert step.code == 0
    assert json.loads((runner.folder / "out/report.json").read_text())["scan"]["url"] == SHOWN
    assert_hidden(left_behind(step, runner.folder))


def test_values_that_are_words_of_the_api_change_no_verdict(runner: Runner) -> None:
    with secuprobe({"findings": findings("critical")}) as api:
        step = runner.run(api, url="https://shop.example/?state=completed&level=critical&of=vulnerabilitiesCount")

    assert step.code == 1
    assert json.loads(step.outputs["vulnerabilities_count"]) == {"critical": 1, "high": 0, "medium": 0, "low": 0, "info": 0}


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        (
            "abcdefgh/ijkl/mnop",
            {"status": 400, "body": '{"message": "https:\\/\\/shop.example\\/?t=abcdefgh\\/ijkl\\/mnop"}'},
        ),
        ("abcdefgh'ijklmnop", {"status": 502, "body": "<p>No way to https://shop.example/?t=abcdefgh&#39;ijklmnop"}),
        ("S3cr" * 300, {"status": 502, "body": f"<a href=/?t={'S3cr' * 300}> /?t={'S3cr' * 300}</a>"}),
    ],
    ids=["JSON's escapes", "HTML's escapes", "cut in the middle"],
)
def test_no_other_spelling_and_no_part_of_it_is_told(runner: Runner, secret: str, fault: dict[str, Any]) -> None:
    with secuprobe({"faults": [{"on": "POST /scans", **fault}]}) as api:
        step = runner.run(api, url=f"https://shop.example/?t={secret}")

    assert step.code == 3
    assert "ijkl" not in step.shown + step.summary
    assert "S3crS3cr" not in step.shown + step.summary


def test_an_identifier_that_is_none_is_not_exempt(runner: Runner) -> None:
    listed = {"total": 1, "vulnerabilities": [{"id": f"xss:{PREVIEW}", "title": "a", "severity": "low"}]}
    with secuprobe({"findings": findings("low"), "faults": [{"on": "GET /scans/{id}/vulnerabilities", "body": listed}]}) as api:
        step = runner.run(api, url=PREVIEW, reports=REPORTS)

    assert_hidden(left_behind(step, runner.folder))
