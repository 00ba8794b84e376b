"""What the embedded SecuProbe remembers: across restarts, kills and second processes, and quickly."""

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from secuprobe_action.local.accounts import Account, Limiter
from secuprobe_action.local.background import running
from secuprobe_action.local.database import FILE_NAME, StoreError
from secuprobe_action.local.engine import LocalFinding, Outcome
from secuprobe_action.local.pages.access import Access
from secuprobe_action.local.scripted import Scenario, ScriptedEngine
from secuprobe_action.local.serve import application
from secuprobe_action.local.server import BASE_PATH, SecuProbe
from secuprobe_action.local.store import STOPPED, Store
from tests.support import KEY, ROOT, inherited_environment, wait_until

FOUND = Outcome([LocalFinding(title="a\ud800b", severity="high"), LocalFinding(title="c", severity="critical")], 64)


def test_a_finished_scan_is_there_after_a_restart_whole(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    scan = store.add("me", "http://localhost:3000/", "localhost", "quick")
    store.set_status(scan.id, "running")
    store.finish(scan.id, FOUND)
    listed = store.findings(store[scan.id])
    store.close()

    again = Store.in_folder(tmp_path)

    (kept,) = again.newest("me", 10)
    assert (kept.status, kept.score, kept.total, kept.counts["critical"], kept.counts["info"]) == ("completed", 64, 2, 1, 0)
    assert again.findings(kept) == listed
    assert [each.finding.title for each in again.findings(kept)] == ["a\ud800b", "c"]
    assert [each.finding.title for each in again.worst(kept, 10)] == ["c", "a\ud800b"]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_scan_that_was_under_way_is_failed_after_a_restart_and_says_why(tmp_path: Path, status: str) -> None:
    store = Store.in_folder(tmp_path)
    scan = store.add("me", "http://localhost/", "localhost")
    store.set_status(scan.id, status)
    store.close()

    kept = Store.in_folder(tmp_path)[scan.id]

    assert (kept.status, kept.problem) == ("failed", STOPPED)
    assert kept.completed_at is not None


def test_a_second_process_is_refused_the_folder_until_the_first_has_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "secuprobe_action", "serve", "--port", "0", "--engine", "scripted", "--data", str(tmp_path)]
    first = subprocess.Popen(command, cwd=ROOT, env=inherited_environment(), stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    first.stdout.readline()

    second = subprocess.run(
        command, cwd=ROOT, env=inherited_environment(), capture_output=True, text=True, check=False, timeout=30
    )
    first.kill()
    first.communicate()

    assert second.returncode == 2
    assert f"Another embedded SecuProbe uses the folder {tmp_path}" in second.stderr
    Store.in_folder(tmp_path).close()


def not_a_database(folder: Path) -> None:
    (folder / FILE_NAME).write_bytes(b"something else entirely" * 100)


def of_a_later_version(folder: Path) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(not_a_database, "can't be used"), (of_a_later_version, "later version"), (a_file, "can't be used: File exists")],
)
def test_what_can_not_be_used_is_refused_and_left_alone(tmp_path: Path, spoil: Callable[[Path], None], says: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    spoil(folder)
    before = (folder / FILE_NAME if folder.is_dir() else folder).read_bytes()

    with pytest.raises(StoreError, match=says):
        Store.in_folder(folder)

    assert (folder / FILE_NAME if folder.is_dir() else folder).read_bytes() == before


WRITER = """
import sys
from pathlib import Path
from secuprobe_action.local.engine import LocalFinding, Outcome
from secuprobe_action.local.store import Store
store = Store.in_folder(Path(sys.argv[1]))
outcome = Outcome([LocalFinding(title="t" * 500, severity="low")] * 300, 50)
while True:
    scan = store.add("me", "http://localhost/", "localhost")
    store.set_status(scan.id, "running")
    store.finish(scan.id, outcome)
    print(scan.id, flush=True)
"""


@pytest.mark.timeout(300)
def test_a_kill_amid_a_write_loses_no_finished_scan_a_hundred_times(tmp_path: Path) -> None:
    told: set[str] = set()
    chance = random.Random(7)
    for _ in range(100):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=inherited_environment()) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
            told |= {line.strip() for line in [first, *process.stdout] if len(line) == 37}

    store = Store.in_folder(tmp_path)
    kept = dict(store)
    assert len(told) >= 100
    assert {kept[scan_id].status for scan_id in told} == {"completed"}
    for scan in kept.values():
        assert store.listed(scan) == scan.total == (300 if scan.status == "completed" else 0)
    assert {scan.status for scan in kept.values()} <= {"completed", "failed"}


SCANS, EACH, HOSTS = 10_000, 100, 2_000


@pytest.fixture(name="crowded", scope="module")
def _crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    """A server that remembers ten thousand scans with a million findings."""
    folder = tmp_path_factory.mktemp("crowded")
    account = Account(KEY, Limiter(1_000_000, time.time), name="local")
    Store.in_folder(folder).close()
    fill(folder / FILE_NAME, account.owner)
    store = Store.in_folder(folder)
    service = SecuProbe(ScriptedEngine(Scenario()), [account], scans=store)
    with running(application(service, Access(account))) as url:
        yield url, store
    store.close()


def fill(file: Path, owner: str) -> None:
    connection = sqlite3.connect(file)
    counts = json.dumps({"critical": 0, "high": 10, "medium": 30, "low": 60, "info": 0})
    connection.executemany(
        "INSERT INTO scans (id, owner, url, host, depth, status, created_at, started_at, completed_at, score, counts, total) "
        "VALUES (?, ?, ?, ?, 'quick', 'completed', 1e9, 1e9, 1e9 + 5, 70, ?, ?)",
        ((f"scan-{n}", owner, f"http://host-{n % HOSTS}/", f"host-{n % HOSTS}", counts, EACH) for n in range(SCANS)),
    )
    bodies = [
        (rank, json.dumps({"title": f"Finding {rank}", "severity": name, "category": "c", "description": "d" * 100}))
        for rank, name in ((2, "high"), (3, "medium"), (4, "low"))
    ]
    kinds = [bodies[0]] * 10 + [bodies[1]] * 30 + [bodies[2]] * 60
    connection.executemany(
        "INSERT INTO findings (scan, rank, body) VALUES (?, ?, ?)", ((n + 1, *kind) for n in range(SCANS) for kind in kinds)
    )
    connection.commit()
    connection.close()


PLACES = {
    "the scans": "/",
    "old scans": "/?before=50",
    "a scan": "/scan/scan-5000",
    "the domains": "/domains",
    "the last domains": "/domains?part=40",
    "the API's scan": f"{BASE_PATH}/scans/scan-5000",
    "the API's findings": f"{BASE_PATH}/scans/scan-5000/vulnerabilities",
    "the API's domains": f"{BASE_PATH}/domains",
}


@pytest.mark.parametrize("path", PLACES.values(), ids=PLACES)
def test_with_a_million_findings_everything_answers_within_100_ms(crowded: tuple[str, Store], path: str) -> None:
    url, _ = crowded
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        took = [ask(client, path) for _ in range(7)]

    assert sorted(took)[3] < 0.1, took


def ask(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200
    return time.perf_counter() - started


def test_so_does_a_launch(crowded: tuple[str, Store]) -> None:
    url, store = crowded
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        client.get("/health")
        started = time.perf_counter()
        answer = client.post(f"{BASE_PATH}/scans", json={"url": "http://host-1/"})
        took = time.perf_counter() - started

    assert answer.status_code == 201
    assert took < 0.1
    wait_until(lambda: store[answer.json()["scanId"]].status == "completed")


def test_the_estimate_is_what_scans_of_the_host_took_and_else_of_any_host() -> None:
    now = 0.0
    store = Store.in_memory(lambda: now)

    def scanned(host: str, seconds: float, depth: str = "quick") -> None:
        nonlocal now
        scan = store.add("me", f"http://{host}/", host, depth)
        store.set_status(scan.id, "running")
        now += seconds
        store.finish(scan.id, Outcome())

    engine = ScriptedEngine(Scenario(estimate_s=6.0))
    engine.learns, engine.depth = True, "quick"
    service = SecuProbe(engine, [], scans=store)
    new, slow = store.add("me", "http://new/", "new", "quick"), store.add("me", "http://slow/", "slow", "quick")

    assert service.estimate_s(new) == 6.0
    for seconds in (100.0, 110.0, 500.0):
        scanned("slow", seconds)
    scanned("fast", 2.0)
    scanned("slow", 9000.0, "deep")
    assert service.estimate_s(slow) == 110.0
    assert service.estimate_s(new) == 105.0


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from secuprobe_action.local.engine import LocalFinding, Outcome
from secuprobe_action.local.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
store = Store.in_folder(folder)
scan = store.add("me", "http://a/", "a")
store.set_status(scan.id, "running")
room = (folder / "secuprobe.sqlite3-wal").stat().st_size + 100
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
try:
    store.finish(scan.id, Outcome([LocalFinding(title="x" * 500_000)], 50))
except Exception as error:
    store.fail(scan.id, str(error))
print(store[scan.id].status, store[scan.id].problem, store.any_unfinished("me"))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(store.add("me", "http://b/", "b").status, store[scan.id].status)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit to a file's size is how a disk is made full here")
def test_a_scan_ends_on_a_full_disk_too_and_the_store_goes_on_when_there_is_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    first, second = done.stdout.splitlines()
    assert first.startswith(("failed disk I/O error False", "failed database or disk is full False"))
    assert second == "queued failed"
