"""The doctor beside a component of Greengrass: what the nucleus does is not examined."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devicewarden.config.load import Loaded
from devicewarden.config.settings import ControlSettings, Settings, StateSettings
from devicewarden.doctor.document import Connection
from devicewarden.doctor.examine import BROKER, Examination
from devicewarden.doctor.way import through_nucleus
from devicewarden.model.errors import AgentError

CONNECTED = Connection(
    state="connected", endpoint="greengrass", since="today", last_error="", hint=""
)
DENIED = replace(CONNECTED, state="waiting", last_error="not authorized", hint="see accessControl")


def nobody_answers(_socket: str, _question: str) -> dict[str, Any]:
    raise AgentError("nobody listens", hint="start it")


def test_nothing_of_the_way_to_the_broker_is_examined(tmp_path: Path) -> None:
    usual = Settings()
    settings = replace(
        usual,
        publish=replace(usual.publish, endpoint="greengrass"),
        control=ControlSettings(socket=str(tmp_path / "control.sock")),
        state=StateSettings(dir=str(tmp_path)),
    )
    loaded = Loaded(settings, origins={}, files=(), given={})

    found = {each.name: each for each in Examination(loaded, nobody_answers).verdicts()}

    assert {found[name].status for name in BROKER} == {"skipped"}
    assert {"nucleus" in found[name].message for name in BROKER} == {True}


@pytest.mark.parametrize(
    ("connection", "status", "words"),
    [
        (CONNECTED, "ok", "since today"),
        (DENIED, "failed", "not authorized"),
        (None, "skipped", "but the component"),
    ],
    ids=["up", "denied", "nobody asked"],
)
def test_what_the_component_knows_of_its_connection_is_told(
    connection: Connection | None, status: str, words: str
) -> None:
    found = {each.name: each for each in through_nucleus(connection)}

    assert tuple(found) == BROKER
    assert found["connect"].status == status
    assert words in found["connect"].message
    assert {found[name].status for name in BROKER if name != "connect"} == {"skipped"}
