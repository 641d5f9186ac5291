"""Files that others write: never more bytes than the limit, never a wait for a pipe or a device."""

import errno
import os
import stat
from pathlib import Path

from devicewarden.model.errors import CollectError


def read_bounded(
    path: Path | str, limit_bytes: int, *, folder: int | None = None, follow: bool = True
) -> bytes:
    """Read a whole regular file.

    Args:
        path: the file, relative to `folder` if that is given.
        limit_bytes: a larger file is refused before it is read.
        folder: descriptor of the folder.
        follow: whether the file may be a symbolic link.

    Raises:
        CollectError: not there, not readable, not a regular file, too large; the message is the
            reason alone, the caller names the file.
    """
    # Without O_NONBLOCK a FIFO with no writer would hold the agent for ever.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags, dir_fd=folder)
    except (OSError, ValueError) as error:
        raise CollectError(reason(error)) from error
    try:
        _check(os.fstat(descriptor), limit_bytes)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise CollectError(reason(error)) from error
    finally:
        os.close(descriptor)
    if len(data) > limit_bytes:
        raise CollectError(f"larger than {limit_bytes} bytes")
    return data


def reason(error: OSError | ValueError) -> str:
    """Say why a file could not be read; a path with a NUL is a ValueError."""
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "a symbolic link"
    return getattr(error, "strerror", None) or str(error)


def _check(status: os.stat_result, limit_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CollectError("not a regular file")
    if status.st_size > limit_bytes:
        raise CollectError(f"larger than {limit_bytes} bytes")
