"""The tables of the state file, and the steps that lead from one version to the next."""

import sqlite3
from typing import Final

from devicewarden.model.errors import StateError

_MIGRATIONS: Final = (
    (
        """CREATE TABLE head (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            last_report_id INTEGER NOT NULL,
            accepted INTEGER NOT NULL DEFAULT 0,
            acknowledged INTEGER NOT NULL DEFAULT 0,
            rejected INTEGER NOT NULL DEFAULT 0,
            no_reply INTEGER NOT NULL DEFAULT 0,
            missed INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "INSERT INTO head (only, last_report_id) VALUES (1, 0)",
        # No index beside the key: ids are epoch seconds, so the key is also the order in time.
        """CREATE TABLE reports (
            report_id INTEGER PRIMARY KEY,
            ended_at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            code TEXT,
            reason TEXT,
            waited_s REAL,
            size_bytes INTEGER NOT NULL
        ) STRICT""",
    ),
)
"""Statements by version: entry n leads from version n to n + 1. Only ever appended to."""

VERSION: Final = len(_MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an empty or older file to our version, in one transaction; others stay untouched.

    Raises:
        StateError: a newer version wrote the file.
    """
    version = _version(connection)
    if version > VERSION:
        raise StateError(
            f"the state file is of version {version}, this devicewarden knows up to {VERSION}",
            hint="install the newer devicewarden again, or move the state file away",
        )
    if version == VERSION:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        # Asked again under the lock: another process may have been faster.
        for statements in _MIGRATIONS[_version(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
