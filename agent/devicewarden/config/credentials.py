"""Files that root keeps to itself, and that systemd hands to the unit as copies."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from devicewarden.config.knobs import knobs, value_of
from devicewarden.config.settings import Settings


def with_copies(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Name systemd's copy of each file that may not be read here, where there is one.

    `LoadCredential=certs:/etc/devicewarden/certs` makes `certs_private.key` of `private.key` in
    that folder. A file that may be read is left alone: a renewed one is then taken at a reload.

    Source: systemd.exec(5), LoadCredential=.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return settings
    for knob in knobs():
        path = value_of(settings, knob)
        if knob.path in {"file", "secret"} and path and not os.access(path, os.R_OK):
            copy = Path(folder) / f"{Path(path).parent.name}_{Path(path).name}"
            if os.access(copy, os.R_OK):
                section = dataclasses.replace(
                    getattr(settings, knob.section), **{knob.name: str(copy)}
                )
                settings = dataclasses.replace(settings, **{knob.section: section})
    return settings
