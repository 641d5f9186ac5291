"""Files that root keeps to itself, and that systemd hands to the unit as copies."""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from devicewarden.config.knobs import knobs_of, sections
from devicewarden.config.settings import Settings


def with_copies(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Name systemd's copy of each file that may not be read here, where there is one.

    `LoadCredential=certs:/etc/devicewarden/certs` makes `certs_private.key` of `private.key` in
    that folder, and `certs_aws_private.key` of `aws/private.key`. A file that may be read is left
    alone: a renewed one is then taken at a reload.

    Source: systemd.exec(5), LoadCredential=.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return settings
    made = {name: _copied(getattr(settings, name), Path(folder)) for name in sections()}
    return dataclasses.replace(settings, **made)


def _copied(table: Any, folder: Path) -> Any:
    changes: dict[str, Any] = {}
    for knob in knobs_of(type(table)):
        value = getattr(table, knob.name)
        if knob.member:
            changes[knob.name] = tuple(_copied(member, folder) for member in value)
        elif knob.path in {"file", "secret"} and value and not os.access(value, os.R_OK):
            copies = (folder / name for name in _names(Path(value)))
            changes[knob.name] = next((str(c) for c in copies if os.access(c, os.R_OK)), value)
    return dataclasses.replace(table, **changes)


def _names(path: Path) -> Iterator[str]:
    """Name the copy as systemd may have done; the longest is the surest."""
    for first in range(1, len(path.parts) - 1):
        yield "_".join(path.parts[first:])
