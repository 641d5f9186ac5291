"""Answers of issuers on disk; they are judged again, signature and all, whenever they are read."""

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devicewarden.audit.revocation.fetch import MAX_BYTES
from devicewarden.config.files import content_of

_MAX_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """A folder of answers. What cannot be read is not there; what cannot be written is not kept.

    Attributes:
        folder: where; None: nothing is kept.
    """

    folder: Path | None

    def get(self, url: str, question: bytes) -> bytes | None:
        """Give what was answered last, however long ago."""
        if self.folder is None:
            return None
        with contextlib.suppress(OSError):
            return content_of(self._path(self.folder, url, question), MAX_BYTES)
        return None

    def put(self, url: str, question: bytes, answer: bytes) -> None:
        """Keep an answer in the place of the one before; the oldest go where there are many."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._drop_oldest(self.folder)
            _replace(self._path(self.folder, url, question), answer)

    def _path(self, folder: Path, url: str, question: bytes) -> Path:
        digest = hashlib.sha256(url.encode(errors="replace") + b"\0" + question)
        return folder / f"{digest.hexdigest()}.der"

    def _drop_oldest(self, folder: Path) -> None:
        files = sorted(folder.glob("*.der"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[: max(0, len(files) - _MAX_FILES + 1)]:
            path.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
