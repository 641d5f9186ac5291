"""Settings that were judged already -> JSON values and back, without the machinery that judges."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from devicewarden.config.knobs import knobs_of, sections
from devicewarden.config.settings import Settings


def plain(settings: Settings) -> dict[str, dict[str, Any]]:
    """Write settings as JSON values: section -> name -> value."""
    return asdict(settings)


def from_plain(document: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Undo `plain`; the document is trusted to come from it."""
    made = {name: _table(table, document[name]) for name, table in sections().items()}
    return Settings(**made)


def _table(table: type, values: Mapping[str, Any]) -> Any:
    return table(**{k.name: _value(values[k.name], k.member) for k in knobs_of(table)})


def _value(value: Any, member: type | None) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_table(member, item) if member else item for item in value)
    return value
