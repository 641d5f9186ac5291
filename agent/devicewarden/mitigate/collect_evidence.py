"""COLLECT_EVIDENCE: what the device looks like now, in one archive of limited size."""

import contextlib
import io
import os
import tarfile
import time
from pathlib import Path
from typing import Final

from devicewarden.mitigate.action import ActionMeta, Ask, Host, Memory
from devicewarden.mitigate.evidence import COMMANDS, KERNEL_FILES, Part, parts
from devicewarden.model.errors import MitigationError

META: Final = ActionMeta(
    type="COLLECT_EVIDENCE",
    member="collectEvidenceParams",
    title="Writes down sockets, processes, units, routes, rules and the recent log, in one archive "
    "that root alone may read",
    takes="nothing",
    undo="there is nothing to undo",
    ends="the newest `mitigate.evidence_keep` archives are kept, each of at most "
    "`mitigate.evidence_max_bytes`",
    needs="nothing; what `ss`, `ip`, `nft`, `systemctl` and `journalctl` tell is left out where "
    "they are missing",
    example='{"collectEvidenceParams": {}}',
)

FOLDER: Final = "evidence"
_OVERHEAD: Final = 2_048
"""A file's header and padding in the archive, with room for what gzip cannot make smaller."""


class CollectEvidence:
    """The archive has the action's id for a name: there is one, however often it is applied."""

    lasts = False

    def __init__(self, ask: Ask, host: Host) -> None:
        self._folder = host.folder / FOLDER
        self._file = self._folder / f"{ask.action_id}.tar.gz"
        self._host = host

    def describe(self) -> str:
        return f"write evidence to {self._file}"

    def check(self) -> None:
        """Refuse nothing: it only looks."""

    def in_effect(self) -> bool | None:
        return self._file.exists()

    def remember(self) -> Memory:
        return {}

    def apply(self) -> None:
        if self.in_effect():
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._archive())
            self._rotate()
        except OSError as error:
            raise MitigationError(f"no evidence was written: {error.strerror}") from error

    def undo(self, memory: Memory) -> None:
        """Keep what was written: evidence is no change of the device."""

    def _archive(self) -> bytes:
        settings = self._host.settings.mitigate
        ledger = self._host.folder / "ledger.json"
        known = ledger.read_bytes() if ledger.exists() else b""
        names = len(COMMANDS) + len(KERNEL_FILES) + 2
        limit = settings.evidence_max_bytes // names - _OVERHEAD
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            found = parts(self._host.run, limit_bytes=limit, extra=[Part("ledger.json", known)])
            for part in found:
                entry = tarfile.TarInfo(part.name)
                entry.size, entry.mode, entry.mtime = len(part.content), 0o600, int(time.time())
                archive.addfile(entry, io.BytesIO(part.content))
        return packed.getvalue()

    def _write(self, content: bytes) -> None:
        half = self._file.with_suffix(".half")
        with open(half, "wb", opener=_private) as file:
            file.write(content)
            os.fsync(file.fileno())
        half.replace(self._file)

    def _rotate(self) -> None:
        for half in self._folder.glob("*.half"):
            half.unlink()
        archives = sorted(self._folder.glob("*.tar.gz"), key=_age, reverse=True)
        for old in archives[self._host.settings.mitigate.evidence_keep :]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _age(file: Path) -> float:
    return file.stat().st_mtime
