"""Rules for paths: absolute, and where a file is named, there and readable; secrets are private."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from devicewarden.config.fault import Fault, KeyPath, shown
from devicewarden.config.knobs import Knob, knobs, knobs_of, value_of
from devicewarden.config.settings import Settings

NEEDED: Final = ("state.dir", "custom_metrics.disk_path")
LONGEST_SOCKET_BYTES: Final = 107  # sun_path of unix(7), less its final NUL
SYSTEMD_CREDENTIALS: Final = Path("/run/credentials")


def broken_paths(settings: Settings) -> Iterator[Fault]:
    """Look at every path that is set, and at no file."""
    for knob in knobs():
        if knob.key in NEEDED and not value_of(settings, knob):
            yield Fault.at(knob.key, message="must not be empty")
    for knob, place, path in _named(settings):
        yield from _broken(knob, place, path)


def broken_files(settings: Settings, environ: Mapping[str, str]) -> Iterator[Fault]:
    """Look at every file that is named; asks the file system."""
    for knob, place, path in _named(settings):
        if path.is_absolute() and knob.path != "place":
            yield from _broken_file(knob, place, path, environ)


def _named(settings: Settings) -> Iterator[tuple[Knob, KeyPath, Path]]:
    """Give every path that is set, with its knob and its place in the settings."""
    for knob in knobs():
        value = value_of(settings, knob)
        if knob.path and value:
            yield knob, (knob.section, knob.name), Path(value)
        for index, member in enumerate(value if knob.member else ()):
            for inner in knobs_of(type(member)):
                if inner.path and (named := getattr(member, inner.name)):
                    yield inner, (knob.section, knob.name, index, inner.name), Path(named)


def _broken(knob: Knob, place: KeyPath, path: Path) -> Iterator[Fault]:
    if not path.is_absolute():
        yield Fault((place,), f"must be an absolute path, not {shown(str(path))}")
    elif knob.key == "control.socket" and len(os.fsencode(path)) > LONGEST_SOCKET_BYTES:
        yield Fault((place,), f"must have at most {LONGEST_SOCKET_BYTES} bytes")


def _broken_file(
    knob: Knob, place: KeyPath, path: Path, environ: Mapping[str, str]
) -> Iterator[Fault]:
    try:
        mode = _mode_if_readable(path)
    except OSError as error:
        yield Fault((place,), f"{shown(str(path))} cannot be read: {error.strerror}")
        return
    if not stat.S_ISREG(mode):
        yield Fault((place,), f"{shown(str(path))} is not a file")
    elif knob.path == "secret" and mode & _forbidden_bits(path, environ):
        yield Fault(
            (place,),
            f"{shown(str(path))} is open to others (mode {stat.S_IMODE(mode):04o})",
            f"chmod 600 {shown(str(path))}",
        )


def _mode_if_readable(path: Path) -> int:
    """Open the file as a start would: permission bits alone do not tell who may read.

    A named pipe would block an ordinary open for ever.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        return os.fstat(handle).st_mode
    finally:
        os.close(handle)


def _forbidden_bits(path: Path, environ: Mapping[str, str]) -> int:
    """Any bit for group and others, except on a copy that systemd made for this unit alone.

    Source: systemd 257 gives LoadCredential= files root's ownership and an ACL for the unit's user,
    whose mask shows as the group's read bit; only root can make folders in /run/credentials.
    """
    folders = {SYSTEMD_CREDENTIALS, Path(environ.get("CREDENTIALS_DIRECTORY") or "/nonexistent")}
    if folders & set(Path(os.path.normpath(path)).parents):
        return (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP
    return stat.S_IRWXG | stat.S_IRWXO
