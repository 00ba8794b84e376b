"""The service image's entry point: isolated from the environment's Python, like the action's (../entrypoint.py)."""

import argparse
import socket
import sys
from collections.abc import Sequence
from pathlib import Path


def address(arguments: Sequence[str]) -> tuple[str, int]:
    """Return where a server that was started with these arguments is reached from its own machine."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options, _ = parser.parse_known_args([each for each in arguments if each != "--"])  # docker run --init
    return "127.0.0.1" if options.host == "0.0.0.0" else options.host, options.port


def is_healthy() -> bool:
    """Whether the container's server answers: its first process, or what a first process of Docker's started."""
    try:
        arguments = Path("/proc/1/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
        with socket.create_connection(address(arguments), timeout=4) as connection:
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def main() -> int:
    """Serve until the container is stopped, or say whether it is healthy; return the exit code."""
    if sys.argv[1:] == ["health"]:
        return 0 if is_healthy() else 1
    sys.path.insert(0, "/app/lib")
    import os

    from secuprobe_action.local import serve

    return serve.main(sys.argv[1:], os.environ)


if __name__ == "__main__":
    sys.exit(main())
