"""A typed value as TOML text, on one line."""

import json
from dataclasses import fields, is_dataclass
from typing import Any


def toml_text(value: Any) -> str:
    """Write a setting's value so that loading it gives an equal one.

    Args:
        value: a value that a setting can have.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON's string is TOML's, but for one character that TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    if is_dataclass(value):
        members = (f"{f.name} = {toml_text(getattr(value, f.name))}" for f in fields(value))
        return f"{{{', '.join(members)}}}"
    return repr(value)
