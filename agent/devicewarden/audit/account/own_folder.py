"""A folder that nobody else can write, nor put another in the place of."""

import os
import stat
from pathlib import Path

from devicewarden.model.errors import AuditError


def make_own(folder: Path) -> None:
    """Make a folder for ourselves alone, unless it is there; where it cannot be made, it is not.

    SQLite follows what lies beside its file, and root may be the one who runs it: so whoever owns
    the folder above must be ourselves or root.

    Raises:
        AuditError: it is not for ourselves alone.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own, above = folder.lstat(), folder.parent.stat()
    except OSError:
        return
    shared = own.st_uid != os.geteuid() or own.st_mode & 0o077
    if shared or not stat.S_ISDIR(own.st_mode) or _replaceable(above):
        raise AuditError(
            f"others can reach {folder}",
            hint="it must be yours with mode 0700, in a folder of yours or root's; see"
            " account.cache_dir",
        )


def _replaceable(above: os.stat_result) -> bool:
    sticky = above.st_mode & stat.S_ISVTX
    return above.st_uid not in {0, os.geteuid()} or bool(above.st_mode & 0o022 and not sticky)
