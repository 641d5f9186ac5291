"""Small JSON files that the agent keeps in its state folder, for whoever reads them: root too."""

import os
import stat
from pathlib import Path
from typing import Final

from devicewarden.model.strict_json import read_json

_LEVELS: Final = 4


def read_own(file: Path, *, most_bytes: int) -> object:
    """Read a document; a link is not followed, and a pipe holds nobody.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, too large, or no JSON.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    handle = os.open(file, flags)
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError(f"{file} is no regular file")
        content = opened.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"{file} has more than {most_bytes} bytes")
    return read_json(content, levels=_LEVELS)
