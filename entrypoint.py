#!/usr/bin/env python3
"""The container's entry point. It finds the package by its own place, since in the image Python looks at nothing of the job's."""

import os
import sys


def main() -> None:
    """Run the program; end with 3, and never with 1, which is the gate's, where it can't even be started."""
    try:
        from pathlib import Path

        here = Path(__file__).resolve().parent
        library = here / "lib"  # in the image
        sys.path.append(str(library if library.is_dir() else here))
        from secuprobe_action.__main__ import run

        run()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001  # a broken installation, or a signal at a moment when nobody expects it
        try:
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            os._exit(130 if isinstance(error, KeyboardInterrupt) else getattr(error, "exit_code", 3))


if __name__ == "__main__":
    main()
