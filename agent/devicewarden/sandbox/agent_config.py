"""Settings for an agent, as the TOML that it reads."""

import json
from collections.abc import Mapping
from typing import TypeAlias

Section: TypeAlias = Mapping[str, str | bool | int | float | list[str]]


def merge(settings: Mapping[str, Section], changes: Mapping[str, Section]) -> Mapping[str, Section]:
    """Lay changes over settings, section by section."""
    names = dict.fromkeys([*settings, *changes])
    return {name: {**settings.get(name, {}), **changes.get(name, {})} for name in names}


def to_toml(settings: Mapping[str, Section]) -> str:
    """Write sections of plain values."""
    sections = []
    for name, section in settings.items():
        lines = [f"{key} = {_value(value)}" for key, value in section.items()]
        sections.append("\n".join([f"[{name}]", *lines]))
    return "\n\n".join(sections) + "\n"


def _value(value: object) -> str:
    # JSON's spelling is TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
