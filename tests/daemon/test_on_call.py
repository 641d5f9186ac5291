"""What most devices never use is opened once it is wanted, and not before."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from devicewarden.config.jobs_settings import JobsSettings
from devicewarden.config.mitigate_settings import LEDGER, MitigateSettings
from devicewarden.config.settings import Settings, StateSettings
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.on_call import OnCall, Opened
from devicewarden.daemon.systemd import Supervisor


@dataclass
class Part:
    """Errands, or mitigation, as far as they are called."""

    happened: list[str] = field(default_factory=list)

    def start(self, _jobs: Jobs) -> None:
        self.happened.append("started")

    def reconfigured(self, _settings: Settings) -> None:
        self.happened.append("reconfigured")

    def rotate(self) -> None:
        self.happened.append("rotating")

    def status(self) -> dict[str, object]:
        return {}


class Device:
    """Its settings, its folder, and how often the parts were opened."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.settings = _settings(folder, **sections)
        self.opened: list[Part] = []
        self.on_call = OnCall(lambda: self.settings, self._open, Jobs(Supervisor()))

    def _open(self) -> Opened:
        part = Part()
        self.opened.append(part)
        return cast("Opened", (part, Part()))


def _settings(folder: Path, **sections: Any) -> Settings:
    given = {"mitigate": MitigateSettings(records_dir=str(folder / "records")), **sections}
    return Settings(state=StateSettings(dir=str(folder)), **given)


async def started(device: Device) -> None:
    device.on_call.start()


def ledger(folder: Path) -> None:
    (folder / "records").mkdir()
    (folder / "records" / LEDGER).touch()


def plan(folder: Path) -> None:
    (folder / "identity").mkdir()
    (folder / "identity" / "rotation.json").touch()


FOUND: Mapping[str, Callable[[Path], None]] = {"root acted": ledger, "interrupted rotation": plan}
ASKED: Mapping[str, dict[str, Any]] = {
    "jobs": {"jobs": JobsSettings(operations=("RESTART",))},
    "mitigation": {"mitigate": MitigateSettings(enabled=True)},
}


def test_nothing_is_opened_that_nobody_wants(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "identity" / "g1").mkdir(parents=True)
    device = Device(tmp_path)

    asyncio.run(started(device))
    device.on_call.reconfigured(device.settings)
    device.on_call.status()

    assert device.opened == []


@pytest.mark.parametrize("find", FOUND.values(), ids=FOUND)
def test_what_is_found_at_the_start_opens_them(
    find: Callable[[Path], None], tmp_path: Path
) -> None:
    find(tmp_path)
    device = Device(tmp_path)

    asyncio.run(started(device))

    assert [part.happened for part in device.opened] == [["started", "reconfigured"]]


@pytest.mark.parametrize("sections", ASKED.values(), ids=ASKED)
def test_settings_open_them_at_the_start_or_later(sections: dict[str, Any], tmp_path: Path) -> None:
    asking = Device(tmp_path, **sections)
    later = Device(tmp_path)

    asyncio.run(started(asking))
    asyncio.run(started(later))
    later.settings = _settings(tmp_path, **sections)
    later.on_call.reconfigured(later.settings)

    assert len(asking.opened) == len(later.opened) == 1


def test_they_are_opened_once(tmp_path: Path) -> None:
    device = Device(tmp_path, **ASKED["jobs"])

    asyncio.run(started(device))
    device.on_call.rotate()
    device.on_call.reconfigured(device.settings)

    assert [part.happened for part in device.opened] == [
        ["started", "reconfigured", "rotating", "reconfigured"]
    ]
