"""What the embedded SecuProbe remembers: scans and their findings, in SQLite. It knows nothing of HTTP or of engines."""

import dataclasses
import json
import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secuprobe_action.local.database import FILE_NAME, SCHEMA, SCHEMA_VERSION, StoreError, connect, refusal, version
from secuprobe_action.local.engine import LocalFinding, Outcome

SEVERITIES = ("critical", "high", "medium", "low", "info")
UNFINISHED = ("queued", "running")

STOPPED = "The embedded SecuProbe was stopped before this scan had ended."

_COLUMNS = "number, id, owner, url, host, depth, status, created_at, started_at, completed_at, score, counts, total, problem"


@dataclass(frozen=True)
class StoredScan:
    """A scan as it is remembered.

    Args:
        number: the order in which scans were launched.
        owner: the account's.
        host: the URL's.
        depth: how thoroughly the engine scans; scans of another depth say nothing about how long this one takes.
        status: queued, running, completed or failed.
        created_at, started_at, completed_at: seconds since the epoch; None where it hasn't come to that.
        score: the SecuScore, or None.
        counts: findings by severity; empty while there is no result.
        total: how many findings the list is said to have.
        problem: why the scan is failed, or what is to be known of a completed one, or empty.
    """

    number: int
    id: str
    owner: str
    url: str
    host: str
    depth: str
    status: str
    created_at: float
    started_at: float | None
    completed_at: float | None
    score: float | None
    counts: Mapping[str, int | None]
    total: int
    problem: str

    @property
    def unfinished(self) -> bool:
        return self.status in UNFINISHED


@dataclass(frozen=True)
class StoredFinding:
    """A finding as it is remembered: the same id whenever it is asked for."""

    id: str
    finding: LocalFinding


@dataclass(frozen=True)
class ScannedHost:
    """A host that was scanned: how often, and last how."""

    host: str
    scans: int
    last: StoredScan


class Store(Mapping[str, StoredScan]):
    """Scans by their id. Every change is a transaction: what was said to be finished is there after whatever happens.

    One process has a folder to itself, by SQLite's own lock, which every system has and which ends with the process.

    Args:
        connection: to a database that nobody else uses.
        now: seconds since the epoch.
    """

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], float] = time.time) -> None:
        self._connection, self._now = connection, now
        self._turn = threading.RLock()  # one connection serves all threads
        self._unstored: dict[str, tuple[str, float]] = {}  # why scans failed, and when, where the disk had no room for that
        self._prepare()

    @classmethod
    def in_memory(cls, now: Callable[[], float] = time.time) -> "Store":
        """Return a store that forgets everything with the process."""
        return cls(connect(":memory:"), now)

    @classmethod
    def in_folder(cls, folder: Path, now: Callable[[], float] = time.time) -> "Store":
        """Return the store of a folder, which is made where there is none. Scans that were under way are failed.

        Raises:
            StoreError: another process has it, or it can't be read or written, or it was made by a later version.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            store = cls(connect(str(folder / FILE_NAME)), now)
            store.fail_unfinished(STOPPED)
        except OSError as error:
            raise StoreError(f"The folder {folder} can't be used: {error.strerror}. Name one that may be written.") from error
        except sqlite3.Error as error:
            raise StoreError(refusal(folder, error)) from error
        return store

    def close(self) -> None:
        """Let go of the folder."""
        with self._turn:
            self._connection.close()

    def add(self, owner: str, url: str, host: str, depth: str = "") -> StoredScan:
        """Remember a new scan as queued, and return it."""
        scan_id = str(uuid.uuid4())
        with self._change() as connection:
            connection.execute(
                "INSERT INTO scans (id, owner, url, host, depth, status, created_at) VALUES (?, ?, ?, ?, ?, 'queued', ?)",
                (scan_id, owner, url, host, depth, self._now()),
            )
        return self[scan_id]

    def set_status(self, scan_id: str, status: str) -> None:
        """Note that a scan has come to a status; `running` is when it started."""
        with self._change() as connection:
            connection.execute(
                "UPDATE scans SET status = ?, started_at = coalesce(started_at, ?) WHERE id = ?", (status, self._now(), scan_id)
            )

    def finish(self, scan_id: str, outcome: Outcome) -> None:
        """Remember a scan's result, whole, and the scan as completed."""
        counts = _counts(outcome.findings) if outcome.counts is None else outcome.counts
        total = len(outcome.findings) if outcome.total is None else outcome.total
        with self._change() as connection:
            (number,) = connection.execute(
                "UPDATE scans SET status = 'completed', completed_at = ?, score = ?, counts = ?, total = ?, problem = ? "
                "WHERE id = ? RETURNING number",
                (self._now(), outcome.score, json.dumps(counts), total, outcome.note, scan_id),
            ).fetchone()
            connection.executemany(
                "INSERT INTO findings (scan, rank, body) VALUES (?, ?, ?)",
                ((number, _rank(each), json.dumps(each.model_dump())) for each in outcome.findings),
            )

    def fail(self, scan_id: str, problem: str) -> None:
        """Remember that a scan came to nothing, and why; where that can't be stored, for as long as the process lasts."""
        now = self._now()
        try:
            with self._change() as connection:
                connection.execute(
                    "UPDATE scans SET status = 'failed', completed_at = ?, problem = ? WHERE id = ?", (now, problem, scan_id)
                )
        except sqlite3.Error:  # a full disk: nobody may wait for the scan for ever
            self._unstored[scan_id] = problem, now

    def fail_unfinished(self, problem: str) -> None:
        """Fail every scan that is queued or running."""
        with self._change() as connection:
            connection.execute(
                "UPDATE scans SET status = 'failed', completed_at = ?, problem = ? WHERE status IN ('queued', 'running')",
                (self._now(), problem),
            )

    def newest(self, owner: str, limit: int, before: int | None = None) -> list[StoredScan]:
        """Return an account's scans, newest first: those that were launched before the scan numbered `before`, or all."""
        beyond = before if before is not None else 2**62
        return self._scans("WHERE owner = ? AND number < ? ORDER BY number DESC LIMIT ?", owner, beyond, limit)

    def any_unfinished(self, owner: str) -> bool:
        """Whether a scan of the account's is queued or running."""
        rows = self._rows("SELECT id FROM scans WHERE owner = ? AND status IN ('queued', 'running')", owner)
        return any(scan_id not in self._unstored for (scan_id,) in rows)

    def hosts(self, owner: str, limit: int, offset: int = 0) -> list[ScannedHost]:
        """Return the hosts that an account had scanned, the last one first."""
        rows = self._rows(
            "SELECT host, count(*), max(number) FROM scans WHERE owner = ? GROUP BY host ORDER BY 3 DESC LIMIT ? OFFSET ?",
            *(owner, limit, offset),
        )
        return [ScannedHost(host, scans, self._scans("WHERE number = ?", last)[0]) for host, scans, last in rows]

    def durations(self, host: str | None, depth: str, limit: int) -> list[float]:
        """Return how many seconds the last completed scans of a depth took: those of a host, or of any."""
        rows = self._rows(
            "SELECT completed_at - started_at FROM scans WHERE status = 'completed' AND started_at IS NOT NULL "
            "AND depth = ? AND (?2 IS NULL OR host = ?2) ORDER BY number DESC LIMIT ?",
            *(depth, host, limit),
        )
        return [duration for (duration,) in rows]

    def findings(self, scan: StoredScan) -> list[StoredFinding]:
        """Return a scan's findings as the engine listed them."""
        return self._findings(scan, "ORDER BY number")

    def worst(self, scan: StoredScan, limit: int, offset: int = 0) -> list[StoredFinding]:
        """Return a part of a scan's findings, the worst first."""
        return self._findings(scan, "ORDER BY rank, number LIMIT ? OFFSET ?", limit, offset)

    def listed(self, scan: StoredScan) -> int:
        """Return how many findings of a scan there are."""
        ((listed,),) = self._rows("SELECT count(*) FROM findings WHERE scan = ?", scan.number)
        return int(listed)

    def clear(self) -> None:
        """Forget all scans."""
        with self._change() as connection:
            connection.execute("DELETE FROM scans")

    def __getitem__(self, scan_id: str) -> StoredScan:
        found = self._scans("WHERE id = ?", scan_id)
        if not found:
            raise KeyError(scan_id)
        return found[0]

    def __delitem__(self, scan_id: str) -> None:
        with self._change() as connection:
            if not connection.execute("DELETE FROM scans WHERE id = ?", (scan_id,)).rowcount:
                raise KeyError(scan_id)

    def __iter__(self) -> Iterator[str]:
        return iter([scan_id for (scan_id,) in self._rows("SELECT id FROM scans ORDER BY number")])

    def __len__(self) -> int:
        ((count,),) = self._rows("SELECT count(*) FROM scans")
        return int(count)

    def _prepare(self) -> None:
        with self._change() as connection:
            if version(connection) == 0:
                for statement in SCHEMA.split(";")[:-1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Return a context whose changes come about all at once, or none of them."""
        with self._turn:
            self._connection.execute("BEGIN EXCLUSIVE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself ends one for which the disk has no room
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._connection.execute(query, values).fetchall()

    def _scans(self, condition: str, *values: Any) -> list[StoredScan]:
        rows = self._rows(f"SELECT {_COLUMNS} FROM scans {condition}", *values)
        named = (dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows)
        return [self._known(StoredScan(**{**each, "counts": json.loads(each["counts"])})) for each in named]

    def _known(self, scan: StoredScan) -> StoredScan:
        """Return a scan as it is, where the database could not be told."""
        if scan.unfinished and scan.id in self._unstored:
            problem, at = self._unstored[scan.id]
            return dataclasses.replace(scan, status="failed", problem=problem, completed_at=at)
        return scan

    def _findings(self, scan: StoredScan, order: str, *values: Any) -> list[StoredFinding]:
        rows = self._rows(f"SELECT number, body FROM findings WHERE scan = ? {order}", scan.number, *values)
        space = uuid.uuid5(uuid.NAMESPACE_URL, scan.id)
        return [StoredFinding(str(uuid.uuid5(space, str(number))), _finding(body)) for number, body in rows]


def _counts(findings: Sequence[LocalFinding]) -> dict[str, int]:
    found = Counter((finding.severity or "").lower() for finding in findings)
    return {severity: found[severity] for severity in SEVERITIES}


def _rank(finding: LocalFinding) -> int:
    """Return a finding's place in the order of severities, 0 for the worst; what isn't a severity comes first, as doubt."""
    severity = (finding.severity or "").lower()
    return SEVERITIES.index(severity) + 1 if severity in SEVERITIES else 0


def _finding(body: str) -> LocalFinding:
    return LocalFinding.model_construct(**json.loads(body))
