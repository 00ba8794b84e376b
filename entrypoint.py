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
    except Exception:  # noqa: BLE001  # a broken installation
        try:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(3)


if __name__ == "__main__":
    main()
