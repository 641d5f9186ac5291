"""Settings that were judged already -> JSON values and back, without the machinery that judges."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from devicewarden.config.settings import CommandMetric, Settings


def plain(settings: Settings) -> dict[str, dict[str, Any]]:
    """Write settings as JSON values: section -> name -> value."""
    return asdict(settings)


def from_plain(document: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Undo `plain`; the document is trusted to come from it."""
    settings = Settings()
    sections = {}
    for section in fields(Settings):
        make = type(getattr(settings, section.name))
        values = {name: _value(value) for name, value in document[section.name].items()}
        sections[section.name] = make(**values)
    return Settings(**sections)


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_value(item) for item in value)
    if isinstance(value, dict):
        return CommandMetric(**{name: _value(item) for name, item in value.items()})
    return value
