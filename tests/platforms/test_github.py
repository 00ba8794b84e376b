"""GitHub: commands that mean what we say, and text that commands nothing."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from secuprobe_action.local.demo.runner import read_outputs
from secuprobe_action.platforms import detect
from secuprobe_action.platforms.base import Level
from secuprobe_action.platforms.github import GitHub
from tests.support import event_file


def github(environment: Mapping[str, str] | None = None) -> tuple[GitHub, io.StringIO]:
    out = io.StringIO()
    return GitHub(environment or {}, out), out


def obeyed(line: str) -> bool:
    """Whether the runner takes a line for a command (actions/runner, ActionCommand.cs: TryParseV2, then TryParse)."""
    return line.lstrip().startswith("::") or "##[" in line


def test_it_is_detected_by_its_variable() -> None:
    assert isinstance(detect({"GITHUB_ACTIONS": "true"}, io.StringIO()), GitHub)
    assert not isinstance(detect({}, io.StringIO()), GitHub)


@pytest.mark.parametrize(
    "text",
    [
        "::error::x",
        "  ::add-mask::x",
        "\t::stop-commands::x",
        "a ##[error]x",
        "##[group]x",
        "x\n::set-output name=a::b",
        "x\r::error::y",
        "\u3000::error::x",
    ],
)
def test_no_text_in_the_log_is_obeyed(text: str) -> None:
    platform, out = github()

    platform.info(text)

    assert not any(obeyed(line) for line in re.split(r"\r\n|\r|\n", out.getvalue()))


def test_harmless_text_is_left_alone() -> None:
    platform, out = github()

    platform.info("a: b :: c ## d [e]\nsecond")

    assert out.getvalue() == "a: b :: c ## d [e]\nsecond\n"


def test_annotations_carry_title_and_message_on_one_command() -> None:
    platform, out = github()

    platform.annotate(Level.ERROR, "a,b:c\nd", "100% sure\n::warning::x")

    assert out.getvalue() == "::error title=a%2Cb%3Ac d::100%25 sure%0A::warning::x\n"


def test_annotations_beyond_the_runners_limit_become_lines_of_the_log() -> None:
    platform, out = github()

    for n in range(12):
        platform.annotate(Level.WARNING, "t", str(n))

    assert out.getvalue().splitlines()[9:] == ["::warning title=t::9", "t: 10", "t: 11"]


def test_a_group_is_closed_even_when_left_by_an_error() -> None:
    platform, out = github()

    with pytest.raises(RuntimeError), platform.group("a\n::b"):
        raise RuntimeError

    assert out.getvalue() == "::group::a ::b\n::endgroup::\n"


def test_outputs_parse_back_to_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.touch()
    platform, _ = github({"GITHUB_OUTPUT": str(file)})

    platform.set_output("a", "x\ny=z\nb<<EOF")
    platform.set_output("c", "")
    platform.set_output("d", "\ud800")

    assert read_outputs(file.read_text(encoding="utf-8")) == {"a": "x\ny=z\nb<<EOF", "c": "", "d": "�"}


def test_outputs_that_can_not_be_written_are_errors_and_a_summary_is_a_warning(tmp_path: Path) -> None:
    platform, out = github({"GITHUB_OUTPUT": str(tmp_path / "missing"), "GITHUB_STEP_SUMMARY": "/dev/full"})

    platform.set_output("scan_id", "1")
    platform.publish_summary("text")

    assert (
        "::error title=SecuProbe%3A output not written::The output scan_id could not be written: No such file" in out.getvalue()
    )
    assert (
        "::warning title=SecuProbe%3A summary not written::The job summary could not be written: No space left" in out.getvalue()
    )
    assert not (tmp_path / "missing").exists()


def test_a_runner_without_files_is_told_of() -> None:
    platform, out = github()

    platform.set_output("scan_id", "1")

    assert "GITHUB_OUTPUT is not set" in out.getvalue()


FORK = {"pull_request": {"head": {"repo": {"full_name": "fork/app"}}, "base": {"repo": {"full_name": "org/app"}}}}
DELETED_FORK = {"pull_request": {"head": {"repo": None}, "base": {"repo": {"full_name": "org/app"}}}}
OWN = {"pull_request": {"head": {"repo": {"full_name": "org/app"}}, "base": {"repo": {"full_name": "org/app"}}}}


@pytest.mark.parametrize(
    ("name", "actor", "event", "withheld"),
    [
        ("pull_request", "someone", FORK, "forks"),
        ("pull_request", "someone", DELETED_FORK, "forks"),
        ("pull_request_review", "someone", FORK, "forks"),
        ("pull_request", "dependabot[bot]", OWN, "Dependabot"),
        ("pull_request", "someone", OWN, None),
        ("pull_request_target", "someone", FORK, None),
        ("push", "someone", {}, None),
        ("pull_request", "someone", [], None),
    ],
)
def test_it_knows_when_secrets_are_withheld(tmp_path: Path, name: str, actor: str, event: Any, withheld: str | None) -> None:
    environment = {"GITHUB_EVENT_NAME": name, "GITHUB_ACTOR": actor, "GITHUB_EVENT_PATH": event_file(tmp_path, event)}

    reason = github(environment)[0].secrets_withheld()

    assert (reason is None) == (withheld is None)
    assert (withheld or "") in (reason or "")


def test_an_unreadable_event_is_no_fork() -> None:
    assert github({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "/nonexistent"})[0].secrets_withheld() is None
