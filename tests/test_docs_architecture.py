"""The map of the house shows every room, and the floors that lint-imports holds."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def test_every_room_has_a_row_and_every_row_a_room() -> None:
    folders = (ROOT / "agent" / "devicewarden").glob("*/__init__.py")
    table = TEXT.partition("## Rooms")[2].partition("\n\n`lint-imports`")[0]

    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert sorted(rows) == sorted(folder.parent.name for folder in folders)


def test_the_floors_are_those_that_are_held() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    held = next(each["layers"] for each in linter["contracts"] if each["type"] == "layers")
    (drawn,) = re.findall(r"```\n(__main__ .*?)```", TEXT, re.DOTALL)

    floors = [floor.split(",") for floor in drawn.split(">")]

    assert [[room.strip() for room in floor] for floor in floors] == [
        [room.strip() for room in floor.split("|")] for floor in held
    ]
