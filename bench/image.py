"""The image: what it adds to its base, and how soon it asks the API its first question.

Beside `docker run` of the same image doing `python -c pass`, in turns, so that a noisy machine is as noisy for both.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from secuprobe_action.local.background import running
from secuprobe_action.local.server import BASE_PATH

ROUNDS = 20


def main(image: str) -> None:
    size = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "/bin/sh", image, "-c", "tar cz /app 2>/dev/null | wc -c"],
        check=True,
        capture_output=True,
    )
    print(f"compressed, on top of the base: {int(size.stdout) / 1e6:.1f} MB")
    arrivals: list[float] = []
    with running(refusing(lambda: arrivals.append(time.monotonic()))) as url:
        nothing, first_request = [], []
        for _ in range(ROUNDS):
            started = time.monotonic()
            _docker_run("--entrypoint", "/usr/local/bin/python3", image, "-c", "pass")
            nothing.append(time.monotonic() - started)
            arrivals.clear()
            started = time.monotonic()
            _docker_run(
                *("-e", "SECUPROBE_API_KEY=sp_live_bench", "-e", "SECUPROBE_URL=https://shop.example"),
                *("-e", f"SECUPROBE_API_URL={url}{BASE_PATH}", image),
            )
            first_request.append(arrivals[0] - started)
    _print("docker run, python -c pass", nothing)
    _print("docker run, to the first request", first_request)
    print(f"ratio of the medians: {statistics.median(first_request) / statistics.median(nothing):.2f}")


def refusing(note: Callable[[], None]) -> Callable[..., object]:
    """Return an ASGI application that notes each request and answers 401, which ends the run."""

    async def application(scope: dict[str, object], receive: object, send: Callable[..., object]) -> None:
        if scope["type"] != "http":
            return
        note()
        await send({"type": "http.response.start", "status": 401, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[misc]

    return application


def _docker_run(*arguments: str) -> None:
    subprocess.run(["docker", "run", "--rm", "--network", "host", *arguments], capture_output=True, check=False)


def _print(what: str, seconds: list[float]) -> None:
    spread = f"{min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f}"
    print(f"{what}: median {statistics.median(seconds) * 1000:.0f} ms ({spread}; n = {len(seconds)})")


if __name__ == "__main__":
    main(sys.argv[1])
