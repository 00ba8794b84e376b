"""One scan through every place where a run is shown, in the engine: they all say the same."""

import json

import pytest

from secuprobe_action.reports import FORMATS
from tests.engine.conftest import World
from tests.reports.rendered import Page
from tests.support import FINDINGS, findings

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

ENDINGS = {"sarif": "sarif", "json": "json", "junit": "xml", "markdown": "md", "html": "html", "badge": "badge.json"}
EVERYWHERE = f"""
on: [push, pull_request]
permissions: {{}}
jobs:
  security:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      checks: write
      issues: write
      pull-requests: write
    steps:
      - id: scan
        uses: Garconposey/secuprobe-scan-action@v1.0.0
        with:
          api_key: ${{{{ secrets.SECUPROBE_API_KEY }}}}
          url: https://your-app.com
          fail_on_severity: high
          check_run: true
          pr_comment: always
          issue: true
          reports: |
            {" ".join(f"{name}=out/report.{ENDINGS.get(name, name)}" for name in FORMATS)}
      - if: always()
        uses: actions/upload-artifact@cf430e030ddbb5b0abf93d22962f4752f3646cd9 # v7.0.2
        with:
          name: reports
          path: out
"""


@pytest.mark.parametrize(
    ("found", "word", "conclusion"), [(FINDINGS, "failed", "failure"), (findings("low"), "passed", "success")]
)
def test_every_place_says_the_same_verdict(world: World, found: list[dict[str, str]], word: str, conclusion: str) -> None:
    world.api.play(*found)
    of_pull_request = world.pull_request(EVERYWHERE)
    on_main = world.run(EVERYWHERE)

    folder = on_main.folder / "artifacts" / "reports"
    read = {name: (folder / name).read_text(encoding="utf-8") for name in on_main.artifact("reports")}
    for run in (of_pull_request, on_main):
        assert run.step("scan").outputs["result"] == word
        (summary,) = [job.summary for job in run.jobs.values() if job.summary]
        assert f"SecuProbe: {word}" in Page(summary).text
        assert any(title == "SecuProbe: check failed" for _, title, _ in run.annotations) is (word == "failed")
    assert [check["conclusion"] for check in world.github.checks] == [conclusion] * 2
    assert all(f"SecuProbe: {word}" in check["output"]["summary"] for check in world.github.checks)
    (comment,) = world.github.comments
    assert f"SecuProbe: {word}" in comment["body"]
    assert len(world.github.issues) == (word == "failed"), "one for the default branch, and for a failure"
    assert all(f"SecuProbe: {word}" in issue["body"] for issue in world.github.issues)
    assert set(read) == {f"report.{ENDINGS.get(name, name)}" for name in FORMATS}
    assert json.loads(read["report.json"])["verdict"]["passed"] is (word == "passed")
    assert f"SecuProbe: {word}" in Page(read["report.md"]).text
    assert f">{word}</span>" in read["report.html"]
    assert json.loads(read["report.badge.json"])["color"] == ("red" if word == "failed" else "brightgreen")
    assert ("<failure" in read["report.xml"]) is (word == "failed")
