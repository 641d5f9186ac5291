"""What became of actions, as root writes it for everybody to read: one JSON file."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast, get_args

from devicewarden.config.mitigate_settings import LEDGER
from devicewarden.model.action import (
    TYPE_OF,
    ActionRecord,
    ActionStatus,
    ActionType,
    Cause,
    CauseKind,
)
from devicewarden.model.errors import DocumentError
from devicewarden.model.strict_json import read_json

MAX_BYTES: Final = 4_000_000

_LEVELS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record, and what root needs to undo it.

    Attributes:
        record: for everybody.
        private: root's own: JSON values.
    """

    record: ActionRecord
    private: dict[str, Any] = field(default_factory=dict)


def write_ledger(entries: list[Entry], brokers: tuple[str, ...]) -> bytes:
    """Write all records; `read_ledger` gives them back."""
    document = {
        "brokers": list(brokers),
        "entries": [{**_record(each.record), "private": each.private} for each in entries],
    }
    return json.dumps(document, indent=1).encode()


def read_ledger(content: bytes) -> tuple[list[Entry], tuple[str, ...]]:
    """Read all records, the oldest first, and the addresses that the broker had.

    Raises:
        DocumentError: they are none.
    """
    match read_json(content, levels=_LEVELS):
        case {"entries": [*items], "brokers": [*brokers]}:
            entries = [_entry(item) for item in items]
            return entries, tuple(str(each) for each in brokers)
        case _:
            raise DocumentError("is no ledger")


def read_records(folder: Path) -> tuple[ActionRecord, ...]:
    """Read what root wrote; nothing where there is nothing yet.

    Raises:
        DocumentError: it cannot be read.
    """
    try:
        with (folder / LEDGER).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}") from error
    entries, _ = read_ledger(content)
    return tuple(entry.record for entry in entries)


def _record(record: ActionRecord) -> dict[str, Any]:
    return {
        "id": record.action_id,
        "cause": [record.cause.kind, record.cause.id],
        "name": record.name,
        "type": record.type,
        "task": record.task_id,
        "status": record.status,
        "description": record.description,
        "message": record.message,
        "startedAt": record.started_at.timestamp(),
        "endedAt": record.ended_at and record.ended_at.timestamp(),
        "expiresAt": record.expires_at and record.expires_at.timestamp(),
    }


def _entry(item: Any) -> Entry:
    try:
        kind, cause_id = item["cause"]
        record = ActionRecord(
            action_id=str(item["id"]),
            cause=Cause(cast("CauseKind", _one_of(get_args(CauseKind), kind)), str(cause_id)),
            name=str(item["name"]),
            type=cast("ActionType | None", _one_of((None, *TYPE_OF.values()), item["type"])),
            task_id=str(item["task"]),
            status=cast("ActionStatus", _one_of(get_args(ActionStatus), item["status"])),
            description=str(item["description"]),
            message=str(item["message"]),
            started_at=datetime.fromtimestamp(item["startedAt"], UTC),
            ended_at=_time(item["endedAt"]),
            expires_at=_time(item["expiresAt"]),
        )
        return Entry(record=record, private=dict(item["private"]))
    except (LookupError, TypeError, ValueError, OverflowError, OSError) as error:
        raise DocumentError(f"has an entry that is none: {error!r}") from error


def _time(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _one_of(choices: tuple[object, ...], word: object) -> object:
    if word not in choices:
        raise ValueError(f"{word!r} is no word of ours")
    return word
