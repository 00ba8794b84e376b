"""What a command says whose packages aren't installed: the image leaves out the embedded SecuProbe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from secuprobe_action.errors import ExitCode


@contextmanager
def needing_local(command: str) -> Iterator[None]:
    """Return a context for the imports of a command that needs the extra `local`: without it, the process ends with one line.

    Raises:
        SystemExit: a module isn't installed; with the code of an input error, since it is the command that can't be used.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        print(
            f"secuprobe: {command} needs the extra `local` ({error.name} is missing), which the image leaves out. Install "
            "secuprobe-scan-action[local], or use `make` in a checkout of the repository.",
            file=sys.stderr,
        )
        raise SystemExit(ExitCode.INPUT_ERROR) from error
