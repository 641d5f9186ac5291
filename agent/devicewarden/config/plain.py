"""Settings that were judged already -> JSON values and back, without the machinery that judges."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from devicewarden.config.knob import member_of
from devicewarden.config.settings import Settings


def plain(settings: Settings) -> dict[str, dict[str, Any]]:
    """Write settings as JSON values: section -> name -> value."""
    return asdict(settings)


def from_plain(document: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Undo `plain`; the document is trusted to come from it."""
    made = {each.name: _table(each.type, document[each.name]) for each in fields(Settings)}
    return Settings(**made)


def _table(table: Any, values: Mapping[str, Any]) -> Any:
    return table(**{f.name: _value(values[f.name], member_of(f.type)) for f in fields(table)})


def _value(value: Any, member: type | None) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_table(member, item) if member else item for item in value)
    return value
