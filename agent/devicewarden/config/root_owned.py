"""Whether what root is told by files can only have been written by root."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from devicewarden.model.errors import Problem


def writable_by_others(files: Iterable[Path]) -> tuple[Problem, ...]:
    """Name the files, and folders of files, that somebody else than root or we may change."""
    paths = sorted({path for file in files for path in (file, file.parent)})
    return tuple(
        Problem(str(path), "may be changed by others than root", f"chown root, chmod go-w {path}")
        for path in paths
        if not _is_ours_alone(path)
    )


def _is_ours_alone(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    if found.st_uid not in {0, os.geteuid()}:
        return False
    # In a folder such as /tmp nobody replaces what is another's.
    sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    return bool(sticky) or not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
