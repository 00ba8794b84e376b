"""The embedded SecuProbe's image: built from its real Dockerfile, and run the way jobs and compose files run it."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from secuprobe_action import __version__
from secuprobe_action.local.background import listen
from tests.support import KEY, ROOT, build_image, command_output, wait_until

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]

TAG, ACTION_TAG = "secuprobe-embedded:test", "secuprobe-scan-action:test"
AUTHORISED = {"Authorization": f"Bearer {KEY}"}
PYTHON = ("--entrypoint", "/usr/local/bin/python3")
TMPFS = ("--tmpfs", "/data:uid=10001,gid=10001,mode=700")


@pytest.fixture(scope="module", name="image")
def _image() -> str:
    build_image(TAG, ROOT, "-f", "local/Dockerfile")
    return TAG


@contextmanager
def container(image: str, *options: str, arguments: tuple[str, ...] = ()) -> Iterator[str]:
    """Run a container for as long as the context lasts, and yield its id."""
    command = ["docker", "run", "--detach", *options, image, *arguments]
    container_id = command_output(command).strip()
    try:
        yield container_id
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", container_id], capture_output=True, check=True)


def free_port() -> int:
    with listen("127.0.0.1", 0) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def service(image: str, *options: str) -> Iterator[tuple[str, str]]:
    """Run the service on a port of this machine's, and yield its URL and its container's id."""
    port = free_port()
    arguments = ("--host", "127.0.0.1", "--port", str(port), "--data", "/data", "--limit", "100000")
    options = ("--network", "host", "-e", f"SECUPROBE_API_KEY={KEY}", *options)
    with container(image, *options, arguments=arguments) as container_id:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url))
        yield url, container_id


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/health").status_code == 200
    return False


def launch(url: str, target: str) -> str:
    launched = httpx.post(f"{url}/api/v1/scans", json={"url": target}, headers=AUTHORISED)
    assert launched.status_code == 201, launched.text
    return str(launched.json()["scanId"])


def read(url: str, scan_id: str) -> dict[str, object]:
    return dict(httpx.get(f"{url}/api/v1/scans/{scan_id}", headers=AUTHORISED).json())


def inside(container_id: str, script: str) -> str:
    return command_output(["docker", "exec", container_id, "/bin/sh", "-c", script])


SITE = """
import http.server
class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"<form action=/><input name=q></form>{self.path}".encode()
        self.send_response(200); self.send_header("content-type", "text/html"); self.end_headers()
        import time, urllib.parse; time.sleep(SECONDS); self.wfile.write(urllib.parse.unquote(body.decode()).encode())
http.server.ThreadingHTTPServer(("", 3000), Site).serve_forever()
"""


@contextmanager
def job(image: str) -> Iterator[str]:
    """Make what a job with `services:` has: a network of its own, the service by its name, and the application."""
    network = f"secuprobe-test-{os.getpid()}"
    command_output(["docker", "network", "create", network])
    try:
        with (
            container(image, "--network", network, "--network-alias", "secuprobe", "-e", f"SECUPROBE_API_KEY={KEY}") as probe,
            container(
                image,
                *("--network", network, "--network-alias", "app", *PYTHON),
                arguments=("-c", SITE.replace("SECONDS", "0")),
            ),
        ):
            wait_until(lambda: health(probe) == "healthy")
            yield network
    finally:
        command_output(["docker", "network", "rm", network])


def health(container_id: str) -> str:
    return command_output(["docker", "inspect", "--format", "{{.State.Health.Status}}", container_id]).strip()


def test_the_action_scans_a_jobs_application_through_it(image: str, tmp_path: Path) -> None:
    build_image(ACTION_TAG, ROOT)
    inputs = {"API_KEY": KEY, "API_URL": "http://secuprobe:8080/api/v1", "URL": "http://app:3000", "TIMEOUT": "3m"}
    variables = [part for name, value in inputs.items() for part in ("-e", f"SECUPROBE_{name}={value}")]
    with job(image) as network:
        command = [
            "docker",
            "run",
            "--rm",
            "--network",
            network,
            *variables,
            "-e",
            "SECUPROBE_FAIL_ON_SEVERITY=medium",
            ACTION_TAG,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Cross Site Scripting" in done.stdout


@pytest.mark.parametrize(
    "options", [(), ("--read-only", *TMPFS), ("--read-only", "--cap-drop", "ALL", "--user", "10001")], ids=str
)
def test_it_works_with_what_a_careful_user_gives_it(image: str, options: tuple[str, ...]) -> None:
    volume = () if not options or TMPFS[0] in options else ("-v", f"secuprobe-test-{os.getpid()}:/data")
    port = free_port()
    site = SITE.replace("SECONDS", "0").replace("3000", str(port))
    try:
        with (
            container(image, "--network", "host", *PYTHON, arguments=("-c", site)),
            service(image, *options, *volume) as (url, container_id),
        ):
            scan_id = launch(url, f"http://127.0.0.1:{port}/")
            wait_until(lambda: read(url, scan_id)["status"] in ("completed", "failed"), 90)
            scan = read(url, scan_id)
            user = inside(container_id, "id -u").strip()
    finally:
        if volume:
            command_output(["docker", "volume", "rm", volume[1].partition(":")[0]])

    assert scan["status"] == "completed"
    assert user == "10001"


def test_a_scan_survives_the_containers_restart_and_one_under_way_ends_as_failed(image: str) -> None:
    volume = f"secuprobe-test-restart-{os.getpid()}"
    port = free_port()
    site = ("-c", SITE.replace("SECONDS", "30").replace("3000", str(port)))
    try:
        with container(image, "--network", "host", *PYTHON, arguments=site):
            with service(image, "-v", f"{volume}:/data") as (url, container_id):
                scan_id = launch(url, f"http://127.0.0.1:{port}/")
                wait_until(lambda: read(url, scan_id)["status"] == "running")
                wait_until(lambda: "wapiti" in processes(container_id))
                started = time.monotonic()
                command_output(["docker", "stop", "--time", "10", container_id])
                took = time.monotonic() - started
            with service(image, "-v", f"{volume}:/data") as (url, _):
                after = read(url, scan_id)
    finally:
        command_output(["docker", "volume", "rm", volume])

    assert took < 2.0
    assert after["status"] == "failed"


def processes(container_id: str) -> str:
    return command_output(["docker", "top", container_id, "-o", "pid,args"])


@pytest.mark.parametrize("options", [(), ("--init",)], ids=str)
def test_arguments_are_added_to_the_images_own_and_the_health_check_follows(image: str, options: tuple[str, ...]) -> None:
    with container(image, *options, arguments=("--limit", "5", "--port", "9000")) as container_id:
        wait_until(lambda: health(container_id) == "healthy", 30)
        written = inside(container_id, "ls /data")

    assert "secuprobe.sqlite3" in written


def test_a_folder_that_can_not_be_written_is_told(image: str) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", "--read-only", image], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("serve: ")
    assert "may be written" in done.stderr
    assert done.stderr.count("\n") == 1


def test_it_adds_at_most_65_mb_to_its_base(image: str) -> None:
    packed = command_output(["docker", "run", "--rm", "--entrypoint", "/bin/sh", image, "-c", "tar cz /app | wc -c"])

    assert 20_000_000 < int(packed) <= 65_000_000


def test_it_holds_no_tool_to_install_with_and_nothing_of_the_action(image: str) -> None:
    def said(script: str) -> str:
        return command_output(["docker", "run", "--rm", "--entrypoint", "/bin/sh", image, "-c", script])

    assert said("command -v pip pip3 gcc cc make git || true") == ""
    assert said("python3 -c 'import pip' 2>&1 || true").strip().endswith("No module named 'pip'")
    assert said("ls /app/lib/secuprobe_action").split() == ["__init__.py", "__pycache__", "local"]
    assert said("find /app -name '*.py' -newer /app/lib -perm -o+w") == ""
    assert said("touch /app/x 2>&1 || true").strip().endswith("Permission denied")


def test_it_is_labelled_and_runs_as_a_user_of_its_own(image: str) -> None:
    config = json.loads(command_output(["docker", "image", "inspect", image]))[0]["Config"]

    assert config["Labels"]["org.opencontainers.image.version"] == __version__
    assert config["Labels"]["org.opencontainers.image.source"].endswith("/secuprobe-scan-action")
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][-1] == "health"
    assert list(config["ExposedPorts"]) == ["8080/tcp"]


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("SECUPROBE_SCAN=full", "must be one of quick, standard, deep"),
        ("SECUPROBE_SCAN_HEADER=secret", "must be lines of the form"),
    ],
)
def test_a_setting_that_can_not_be_used_is_told_in_one_line(image: str, variable: str, says: str) -> None:
    command = ["docker", "run", "--rm", "-e", variable, image]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert says in done.stderr
    assert "secret" not in done.stderr
