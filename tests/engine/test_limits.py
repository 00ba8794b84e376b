"""What act doesn't do as GitHub does, and what holds it instead. The day act does, a test here says so.

| act                                                        | held by                                                          |
| ---------------------------------------------------------- | ---------------------------------------------------------------- |
| knows no `$/`, the repository's own action                 | checkouts.written_out; each leads to an action (below)           |
| takes no expression as `max-parallel`                      | tests/process/test_domains.py: the output is a number            |
| heeds no `permissions`                                     | tests/release (release.yml's), zizmor; a read-only token in      |
|                                                            | tests/process/test_pull_request.py                               |
| runs nothing after a reusable workflow that failed         | test_workflows.py reads its last job's outputs instead           |
| keeps the outputs of only one job of a matrix              | release.yml hands digests on as artifacts                        |
| has a container action join the services' network only in  | test_pages.py gives that job a container                         |
| a job with `container:`                                    |                                                                  |
"""

import re

import pytest

from tests.engine.conftest import World
from tests.support import ROOT

OWN_ACTION = "name: x\ndescription: x\nruns: {using: composite, steps: [{run: echo it, shell: bash}]}\n"
TEXT = "on: push\njobs: {job: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v7}, {uses: $/}]}}"


@pytest.mark.engine
def test_act_does_not_know_the_repositorys_own_actions_yet(world: World) -> None:
    run = world.run(TEXT, files={"action.yml": OWN_ACTION})

    assert run.code != 0, "act knows `$/` now: checkouts.written_out can go"
    known = world.run(TEXT.replace("$/", "./"), files={"action.yml": OWN_ACTION})
    assert known.code == 0, known.log


def test_each_of_the_repositorys_own_actions_is_there() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")]
    named = {path for text in texts for path in re.findall(r"uses: \$/(\S*)", text)}

    assert named >= {"", "estate"}
    assert [path for path in named if not (ROOT / path / "action.yml").exists()] == []
