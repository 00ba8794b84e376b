"""An ASGI application on a port of loopback, in a thread, for as long as a context lasts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

LOOPBACK = "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.create_server((host, port), backlog=1024)
    listener.set_inheritable(False)
    return listener


def server(application: Any) -> uvicorn.Server:
    """Return a quiet server for the application."""
    return uvicorn.Server(
        uvicorn.Config(
            application, log_level="error", access_log=False, lifespan="on", http="h11", ws="none", timeout_graceful_shutdown=1
        )
    )


@contextmanager
def running(application: Any, port: int = 0) -> Iterator[str]:
    """Run the application on loopback and yield its URL, without a slash at its end.

    Args:
        application: what is served.
        port: which port is preferred; where it is taken, or for 0, it is a free one.
    """
    try:
        listener = listen(LOOPBACK, port)
    except OSError:
        listener = listen(LOOPBACK, 0)
    running_server = server(application)
    thread = threading.Thread(target=running_server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        running_server.should_exit = True
        thread.join(10)
