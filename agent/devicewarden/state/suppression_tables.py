"""Suppressions that people recorded by command; those in documents stand apart."""

import sqlite3
from datetime import datetime
from typing import Final

from devicewarden.model.audit import identifier_text
from devicewarden.model.finding import Suppression
from devicewarden.state.columns import from_ms, read_object, storable, to_ms

MAX_DESCRIPTION: Final = 1000


def suppress(db: sqlite3.Connection, suppression: Suppression, now: datetime) -> None:
    """Record a suppression, in place of one of the same check and resource; forget expired ones."""
    db.execute("DELETE FROM suppressions WHERE expires_at <= ?", (to_ms(now),))
    expires_at = suppression.expires_at
    db.execute(
        "INSERT OR REPLACE INTO suppressions VALUES (?, ?, ?, ?)",
        (
            suppression.check,
            identifier_text(suppression.identifier),
            None if expires_at is None else to_ms(expires_at),
            storable(suppression.description, MAX_DESCRIPTION),
        ),
    )


def end(db: sqlite3.Connection, suppression: Suppression) -> bool:
    """Take a suppression back; False: there is none such."""
    return bool(
        db.execute(
            "DELETE FROM suppressions WHERE name = ? AND resource = ?",
            (suppression.check, identifier_text(suppression.identifier)),
        ).rowcount
    )


def recorded(db: sqlite3.Connection) -> tuple[Suppression, ...]:
    """Give all that are recorded, by check; expired ones too."""
    rows = db.execute("SELECT * FROM suppressions ORDER BY name, resource")
    return tuple(
        Suppression(
            check=name,
            identifier=read_object(resource),
            expires_at=None if expires_at is None else from_ms(expires_at),
            description=description,
        )
        for name, resource, expires_at, description in rows
    )
