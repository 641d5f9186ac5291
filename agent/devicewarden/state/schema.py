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
    (
        # The newest event's kind, and what people think of the violation.
        """CREATE TABLE violations (
            violation_id TEXT NOT NULL PRIMARY KEY,
            profile TEXT NOT NULL,
            behavior TEXT NOT NULL,
            kind TEXT NOT NULL,
            suppressed INTEGER NOT NULL,
            simulated INTEGER NOT NULL,
            opened_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            verification TEXT NOT NULL DEFAULT 'UNKNOWN',
            note TEXT NOT NULL DEFAULT '',
            verified INTEGER NOT NULL DEFAULT 0,
            applied INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        """CREATE INDEX violations_to_apply ON violations (violation_id)
            WHERE verified > applied""",
        """CREATE TABLE violation_events (
            violation_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (violation_id, kind)
        ) STRICT""",
        """CREATE TABLE outbox (
            place INTEGER PRIMARY KEY,
            sink TEXT NOT NULL,
            event_id TEXT NOT NULL,
            put_at INTEGER NOT NULL,
            quiet INTEGER NOT NULL,
            payload BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX outbox_by_sink ON outbox (sink)",
        """CREATE TABLE sinks (
            name TEXT NOT NULL PRIMARY KEY,
            dropped INTEGER NOT NULL DEFAULT 0,
            refused INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        """CREATE TABLE lists (
            id INTEGER PRIMARY KEY,
            checksum INTEGER NOT NULL,
            used_at INTEGER NOT NULL,
            document TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX lists_by_checksum ON lists (checksum)",
        # Many datapoints a row: the fewer pages change, the less the disk wears.
        """CREATE TABLE datapoints (
            first_at INTEGER PRIMARY KEY,
            packed BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE snapshots (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            saved_at INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (kind, name)
        ) STRICT""",
    ),
    (
        "ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'violation'",
        # The key tells that two nights found the same, see model.audit.finding_key.
        """CREATE TABLE findings (
            finding_id TEXT NOT NULL PRIMARY KEY,
            key TEXT NOT NULL,
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            resource TEXT NOT NULL,
            code TEXT NOT NULL,
            severity TEXT NOT NULL,
            suppressed INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            opened_at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            closed_at INTEGER,
            document TEXT NOT NULL
        ) STRICT""",
        "CREATE UNIQUE INDEX findings_open ON findings (key) WHERE closed_at IS NULL",
        """CREATE TABLE audits (
            task_id TEXT NOT NULL PRIMARY KEY,
            scope TEXT NOT NULL,
            schedule TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            document TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE suppressions (
            name TEXT NOT NULL,
            resource TEXT NOT NULL,
            expires_at INTEGER,
            description TEXT NOT NULL,
            PRIMARY KEY (name, resource)
        ) STRICT""",
    ),
    (
        # When another client took over the agent's connection, in ms.
        "CREATE TABLE takeovers (at INTEGER PRIMARY KEY) STRICT",
    ),
    (
        # What was begun for AWS IoT Jobs; no status: it has not ended.
        """CREATE TABLE jobs (
            place INTEGER PRIMARY KEY,
            job_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            times INTEGER NOT NULL,
            status TEXT,
            details TEXT,
            UNIQUE (job_id, number)
        ) STRICT""",
    ),
    (
        # Why the last delivery failed; empty: it did not.
        "ALTER TABLE sinks ADD COLUMN error TEXT NOT NULL DEFAULT ''",
    ),
    (
        # What was done in the AWS account; memory, as JSON, is what undo needs to know.
        """CREATE TABLE account_actions (
            place INTEGER PRIMARY KEY,
            action_id TEXT NOT NULL UNIQUE,
            account TEXT NOT NULL,
            cause_kind TEXT NOT NULL,
            cause_id TEXT NOT NULL,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            task_id TEXT NOT NULL,
            status TEXT NOT NULL,
            description TEXT NOT NULL,
            message TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            memory TEXT NOT NULL
        ) STRICT""",
    ),
    (
        # What was thought of, for good or as a dry run; plan: what root is to be asked.
        """CREATE TABLE causes (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            dry_run INTEGER NOT NULL,
            at INTEGER NOT NULL,
            plan TEXT NOT NULL,
            PRIMARY KEY (kind, id, dry_run)
        ) STRICT""",
        "CREATE INDEX causes_to_ask ON causes (kind) WHERE plan != ''",
        """CREATE TABLE actions (
            action_id TEXT NOT NULL PRIMARY KEY,
            status TEXT NOT NULL,
            at INTEGER NOT NULL,
            document TEXT NOT NULL
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
