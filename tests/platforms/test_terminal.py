"""A terminal: plain lines, nothing else."""

import io

from secuprobe_action.platforms import detect
from secuprobe_action.platforms.base import Level


def test_lines_are_plain_and_commands_mean_nothing() -> None:
    out = io.StringIO()
    platform = detect({}, out)

    platform.mask("secret")
    with platform.group("Scan"):
        platform.info("::error::x\x1b[31m")
    platform.annotate(Level.WARNING, "t", "m")
    platform.set_output("scan_id", "1")
    platform.publish_summary("# text")
    platform.debug("d")

    assert out.getvalue() == "Scan\n::error::x�[31m\nwarning: t: m\n"


def test_debug_lines_are_shown_where_asked_for() -> None:
    out = io.StringIO()

    detect({"SECUPROBE_DEBUG": "1"}, out).debug("d")

    assert out.getvalue() == "debug: d\n"
