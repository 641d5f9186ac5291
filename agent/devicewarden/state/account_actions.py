"""What was done in the AWS account, and what undo needs to know: each action of a cause once."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from devicewarden.model.action import (
    ACCOUNT_TYPES,
    ActionRecord,
    ActionStatus,
    ActionType,
    Cause,
    CauseKind,
)
from devicewarden.state.columns import from_ms, storable, to_ms

KEPT: Final = 10_000
"""The newest ones; each finding's is needed only as long as the finding is kept."""

_MAX_TEXT: Final = 2048
_COLUMNS: Final = (
    "action_id, account, cause_kind, cause_id, name, type, task_id, status, description, message,"
    " started_at, ended_at, memory"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An action as it stands.

    Attributes:
        record: of it; IN_PROGRESS: whoever began it never said how it ended.
        account: 12 digits.
        memory: what undo needs to know.
    """

    record: ActionRecord
    account: str
    memory: Mapping[str, str]


def keep(db: sqlite3.Connection, kept: Kept) -> None:
    """Record how an action stands, in place of how it stood."""
    record = kept.record
    row = (
        record.action_id,
        kept.account,
        record.cause.kind,
        record.cause.id,
        record.name,
        record.type,
        record.task_id,
        record.status,
        storable(record.description, _MAX_TEXT),
        storable(record.message, _MAX_TEXT),
        to_ms(record.started_at),
        None if record.ended_at is None else to_ms(record.ended_at),
        json.dumps(dict(kept.memory)),
    )
    marks = ", ".join("?" * len(row))
    db.execute("DELETE FROM account_actions WHERE action_id = ?", (record.action_id,))
    db.execute(
        f"INSERT INTO account_actions ({_COLUMNS}) VALUES ({marks})",  # noqa: S608  ours
        row,
    )
    db.execute(
        "DELETE FROM account_actions WHERE place <= (SELECT max(place) FROM account_actions) - ?",
        (KEPT,),
    )


def recall(db: sqlite3.Connection, action_id: str) -> Kept | None:
    """Give one action; None: it was never begun."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM account_actions WHERE action_id = ?",  # noqa: S608  ours
        (action_id,),
    ).fetchone()
    return None if row is None else _kept(row)


def list_actions(db: sqlite3.Connection) -> tuple[Kept, ...]:
    """Give all, in the order in which they were done."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM account_actions ORDER BY started_at, place"  # noqa: S608  ours
    )
    return tuple(map(_kept, rows))


def _kept(row: tuple[Any, ...]) -> Kept:
    kind, kind_of_action, status = row[2], row[5], row[7]
    if kind not in get_args(CauseKind) or status not in get_args(ActionStatus):
        raise ValueError(f"an action has the impossible cause {kind!r} or status {status!r}")
    if kind_of_action not in ACCOUNT_TYPES:
        raise ValueError(f"an action has the impossible type {kind_of_action!r}")
    return Kept(
        record=ActionRecord(
            action_id=row[0],
            cause=Cause(cast("CauseKind", kind), row[3]),
            name=row[4],
            type=cast("ActionType", kind_of_action),
            task_id=row[6],
            status=cast("ActionStatus", status),
            description=row[8],
            message=row[9],
            started_at=from_ms(row[10]),
            ended_at=None if row[11] is None else from_ms(row[11]),
        ),
        account=row[1],
        memory=json.loads(row[12]),
    )
