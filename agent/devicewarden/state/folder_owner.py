"""Root acting as the owner of the state folder, whose files stay the owner's."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Let root act as the owner of a folder: what it makes there, the owner can use.

    Neither can the owner make root follow a link, or finish with a journal of SQLite's, which may
    name any file to be deleted. Nobody else changes.
    """
    user, group = os.geteuid(), os.getegid()
    if user != 0 or not folder.exists():
        yield
        return
    owner = folder.stat()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)
