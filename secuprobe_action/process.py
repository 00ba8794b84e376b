"""The program as a process: output that takes anything, and an exit code for whatever happens. It knows no command."""

import contextlib
import io
import os
import re
import select
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TextIO

from secuprobe_action.errors import Cancelled, ExitCode, InternalError

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASS|PROXY", re.IGNORECASE)
_MIN_SECRET = 6


class _Output(io.FileIO):
    """An output stream's descriptor. A log that nobody reads any more (a closed pipe, a full disk) must not decide the verdict:
    what can't be written is dropped, and so is all that follows.

    Attributes:
        lost: why something was dropped, or None.
    """

    lost: OSError | None = None

    def write(self, data: Any) -> int:
        """Write, waiting where the other end set the pipe not to block; return how much was taken."""
        while self.lost is None:
            try:
                written = super().write(data)
                if written is not None:
                    return written
                select.select([], [self], [])
            except OSError as error:
                self.lost = error
        return len(data)


def end_with(command: Callable[[], int], environment: Mapping[str, str]) -> NoReturn:
    """Run a command and end the process with its exit code; with 3 where it fails in any way of its own.

    1 is the gate's: only a command that returns it ends with it.

    Args:
        command: returns the exit code.
        environment: the process's environment, whose secrets no traceback may show.
    """
    _reserve_descriptors()
    outputs = [_take_over(1), _take_over(2)]
    sys.stdout, sys.stderr = (_text(output) for output in outputs)
    code = _exit_code(command, environment)
    _keep(code)
    if outputs[0].lost:
        print(f"secuprobe: the log could not be written: {outputs[0].lost.strerror}.", file=sys.stderr)
    sys.exit(code)


def _reserve_descriptors() -> None:
    """Have 0, 1 and 2 be something: were one closed, the next file or connection would get its number, and be written to."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _take_over(descriptor: int) -> _Output:
    return _Output(descriptor, "w", closefd=False)


def _text(output: _Output) -> TextIO:
    """Return a stream that takes any text and hands it on line by line."""
    return io.TextIOWrapper(io.BufferedWriter(output), encoding="utf-8", errors="replace", line_buffering=True)


def _keep(code: int) -> None:
    """Have a signal that comes from now on end the process at once, and still with this code: the work is done.

    Where it was cancelled, what handles a second signal is left as it is.
    """
    if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(code))


def _exit_code(command: Callable[[], int], environment: Mapping[str, str]) -> int:
    try:
        return command()
    except SystemExit as ended:  # argparse: 2 for wrong flags, 0 for --help
        return ended.code if isinstance(ended.code, int) and ended.code != ExitCode.GATE_FAILED else ExitCode.SCAN_ERROR
    except Cancelled as cancelled:
        return cancelled.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BaseException as error:  # noqa: BLE001  # MemoryError, a broken installation: an error, and never the gate's 1
        with contextlib.suppress(BaseException):
            _tell(error, environment)
        return ExitCode.SCAN_ERROR


def _tell(error: BaseException, environment: Mapping[str, str]) -> None:
    """Show a fault that nothing else has dealt with, in a form that neither commands a runner nor shows a secret."""
    import traceback

    what = f"The action itself failed with {type(error).__name__}. {InternalError.default_advice}"
    lines = _without_secrets("".join(traceback.format_exception(error)), environment).splitlines()
    print(*(f"| {line.replace('##[', '## [')}" for line in lines), sep="\n", file=sys.stderr)
    print(f"{'::error::' if environment.get('GITHUB_ACTIONS') == 'true' else ''}{InternalError.title}: {what}", file=sys.stderr)


def _without_secrets(text: str, environment: Mapping[str, str]) -> str:
    values = {value.strip() for name, value in environment.items() if _SECRET_NAMES.search(name)}
    for value in sorted((value for value in values if len(value) >= _MIN_SECRET), key=len, reverse=True):
        text = text.replace(value, "***")
    return re.sub(r"sp_live_[!-~]+", "***", text)  # from the command line
