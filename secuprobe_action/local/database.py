"""The database below the store: a SQLite file that one process has to itself, and its tables. It knows nothing of scans."""

import sqlite3
from pathlib import Path

FILE_NAME = "secuprobe.sqlite3"
SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE scans (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, url TEXT NOT NULL, host TEXT NOT NULL, depth TEXT NOT NULL,
    status TEXT NOT NULL, created_at REAL NOT NULL, started_at REAL, completed_at REAL,
    score, counts TEXT NOT NULL DEFAULT '{}', total INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX scans_by_owner ON scans(owner, number);
CREATE INDEX scans_by_host ON scans(owner, host, number);
CREATE INDEX scans_unfinished ON scans(owner, status) WHERE status IN ('queued', 'running');
CREATE TABLE findings (
    number INTEGER PRIMARY KEY,
    scan INTEGER NOT NULL REFERENCES scans(number) ON DELETE CASCADE, rank INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX findings_by_rank ON findings(scan, rank);
"""


class StoreError(Exception):
    """The folder can't be used; the message says why and what to do."""


def connect(path: str) -> sqlite3.Connection:
    """Return a connection that has the database to itself.

    Raises:
        sqlite3.Error: another process has it, or it is no database.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        if version(connection) > SCHEMA_VERSION:
            raise sqlite3.NotSupportedError
        # Exclusive also does without shared memory, which a volume over a network may lack. What a scan found costs money to
        # find again, so a commit waits for the disk.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("PRAGMA temp_store = MEMORY")  # the folder may be all that can be written
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def version(connection: sqlite3.Connection) -> int:
    """Return which version of the tables a database has; 0 for none yet."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def refusal(folder: Path, error: sqlite3.Error) -> str:
    """Return why a folder can't be used, and what to do."""
    if isinstance(error, sqlite3.NotSupportedError):
        return f"{folder / FILE_NAME} was written by a later version of the embedded SecuProbe. Use that, or another folder."
    if "locked" in str(error):
        return f"Another embedded SecuProbe uses the folder {folder}. Stop it, or name another folder."
    return f"{folder / FILE_NAME} can't be used: {error}. Name a folder that may be written, or move the file away."
