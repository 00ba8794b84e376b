"""Finding and reading the ignore file in the workspace. What its rules mean is not its business."""

from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.findings import ignore
from secuprobe_action.inputs import DEFAULTS
from secuprobe_action.workspace import Workspace

DEFAULT_NAMES = (DEFAULTS["ignore_file"], ".secuprobe-ignore.yaml")
"""YAML files have two endings, and a file that is overlooked is as good as none."""


def read_rules(workspace: Workspace, path: str) -> tuple[ignore.Rule, ...]:
    """Return the rules of the ignore file.

    Args:
        workspace: where it lies.
        path: the input `ignore_file`. By its default, either of `DEFAULT_NAMES` will do, and no file means no rules.

    Raises:
        InputError: a file that was named isn't there, both of the default names are, or it can't be read or understood.
    """
    names = DEFAULT_NAMES if path == DEFAULT_NAMES[0] else (path,)
    found = {name: text for name in names if (text := _read(workspace, name)) is not None}
    if len(found) > 1:
        both = " and ".join(found)
        raise InputError([Mistake("ignore_file", None, f"there are {both}, and only one would be read; keep one of them")])
    if not found and path != DEFAULT_NAMES[0]:
        raise InputError(
            [Mistake("ignore_file", path, "names a file that is not in the workspace; is the repository checked out?")]
        )
    return tuple(rule for name, text in found.items() for rule in ignore.parse(text, name))


def _read(workspace: Workspace, path: str) -> str | None:
    try:
        return workspace.read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Mistake("ignore_file", path, f"can't be read ({error})")]) from error
