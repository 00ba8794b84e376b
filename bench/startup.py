"""From process start to the first byte at the API, beside what Python, httpx and pydantic alone take, in turns."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.image import refusing
from secuprobe_action.local.background import running
from secuprobe_action.local.server import BASE_PATH

ROUNDS = 20
ENTRYPOINT = str(Path(__file__).parents[1] / "entrypoint.py")


def main() -> None:
    arrivals: list[float] = []
    base = {name: value for name, value in os.environ.items() if not name.startswith(("INPUT_", "GITHUB_", "SECUPROBE_"))}
    with running(refusing(lambda: arrivals.append(time.monotonic()))) as url:
        step = {
            "SECUPROBE_API_KEY": "sp_live_bench",
            "SECUPROBE_URL": "https://shop.example",
            "SECUPROBE_API_URL": url + BASE_PATH,
        }
        figures: dict[str, list[float]] = {
            "python -c pass": [],
            "import httpx": [],
            "import pydantic": [],
            "import both": [],
            "first byte": [],
        }
        for _ in range(ROUNDS):
            figures["python -c pass"].append(_took(["-c", "pass"], base))
            figures["import httpx"].append(_took(["-c", "import httpx"], base))
            figures["import pydantic"].append(_took(["-c", "import pydantic; pydantic.BaseModel"], base))
            figures["import both"].append(_took(["-c", "import httpx, pydantic; pydantic.BaseModel"], base))
            arrivals.clear()
            started = time.monotonic()
            _took([ENTRYPOINT], base | step)
            figures["first byte"].append(arrivals[0] - started)
    medians = {name: statistics.median(seconds) * 1000 for name, seconds in figures.items()}
    for name, milliseconds in medians.items():
        print(f"{name}: {milliseconds:.0f} ms (median of {ROUNDS})")
    print(f"first byte, on top of importing both: {medians['first byte'] - medians['import both']:.0f} ms")


def _took(arguments: list[str], environment: dict[str, str]) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
