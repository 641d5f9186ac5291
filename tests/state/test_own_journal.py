"""A state folder that its owner laid out as a trap for root."""

import os
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.state.look import change, look
from devicewarden.state.own import transact

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root is worth a trap")
OWNER = 12345
_SECTOR_BYTES = 512
_PAGE_BYTES = 4096
_MAGIC = bytes.fromhex("d9d505f920a163d7")


def _journal_naming(victim: Path) -> bytes:
    """A rollback journal without pages, at whose end SQLite deletes the file that it names."""
    name = str(victim).encode()
    head = _MAGIC + struct.pack(">5I", 0, 0, 1, _SECTOR_BYTES, _PAGE_BYTES)
    lock_page = 2**30 // _PAGE_BYTES + 1
    end = struct.pack(">I", lock_page) + name + struct.pack(">II", len(name), sum(name)) + _MAGIC
    return head.ljust(_SECTOR_BYTES, b"\0") + end


@pytest.fixture
def victim() -> Iterator[Path]:
    """A file of root's, beside a state folder whose journal names it."""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        victim, folder = Path(outer) / "victim", Path(outer) / "state"
        victim.write_text("precious")
        folder.mkdir(mode=0o700)
        with sqlite3.connect(folder / "state.db") as db:
            db.execute("CREATE TABLE trap (a)")
        db.close()
        (folder / "state.db-journal").write_bytes(_journal_naming(victim))
        for path in (folder, *folder.iterdir()):
            os.chown(path, OWNER, OWNER)
        yield victim


@pytest.mark.parametrize("work", [change, look, transact])
def test_root_deletes_nothing_that_a_journal_names(
    victim: Path, work: Callable[[StateSettings, Callable[[sqlite3.Connection], None]], None]
) -> None:
    with pytest.raises(StateError):
        work(StateSettings(dir=str(victim.parent / "state")), lambda _db: None)

    assert victim.read_text() == "precious"
    assert os.geteuid() == 0
