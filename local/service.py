"""The service image's entry point: isolated from the environment's Python, like the action's (../entrypoint.py)."""

import socket
import sys

PORT = 8080


def is_healthy() -> bool:
    """Whether the server on this machine answers."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), timeout=4) as connection:
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
