"""Rows that somebody else wrote into the state file: it is damaged, and no command falls over."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.audits import audit, found
from tests.state.scene import START
from tests.state.test_findings import kept, record

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.model.finding import Suppression
from devicewarden.state.own import transact
from devicewarden.state.state_file import StateFile
from devicewarden.state.suppression_tables import recorded, suppress

DEEP = "[" * 100_000
BAD_DOCUMENTS = [
    pytest.param("not JSON", id="no JSON"),
    pytest.param("[1]", id="no object"),
    pytest.param(DEEP, id="deep"),
    pytest.param("7", id="number"),
]


def plant(folder: Path, statement: str, value: str) -> None:
    with closing(StateFile(folder / "state.db")) as file:
        file.transact(lambda db: db.execute(statement, (value,)))


@pytest.mark.parametrize("column", ["document", "resource"])
@pytest.mark.parametrize("value", BAD_DOCUMENTS)
def test_a_finding_that_nobody_wrote_like_this_is_damage(
    tmp_path: Path, column: str, value: str
) -> None:
    record(tmp_path, audit(found()))
    plant(tmp_path, f"UPDATE findings SET {column} = ?", value)  # noqa: S608  ours

    with pytest.raises(StateError, match="damaged"):
        kept(tmp_path)


@pytest.mark.parametrize("value", BAD_DOCUMENTS)
def test_a_suppression_that_nobody_wrote_like_this_is_damage(tmp_path: Path, value: str) -> None:
    settings = StateSettings(dir=str(tmp_path))
    one = Suppression(check="clock", identifier={"host": "clock"}, expires_at=None)
    transact(settings, lambda db: suppress(db, one, START))
    plant(tmp_path, "UPDATE suppressions SET resource = ?", value)

    with pytest.raises(StateError, match="damaged"):
        transact(settings, recorded)
