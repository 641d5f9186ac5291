"""A device of doors, for the tests of audits."""

from pathlib import Path

import pytest
from tests.audit.example import Door, DoorShut, House
from tests.cli.audit_scene import Build

from devicewarden.audit import registry
from devicewarden.config.knobs import knobs
from devicewarden.model.errors import AuditError


@pytest.fixture
def audit_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    monkeypatch.setenv("DEVICEWARDEN_STATE__DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DEVICEWARDEN_AUDIT__DIR", str(tmp_path / "audit"))
    monkeypatch.setenv("DEVICEWARDEN_PUBLISH__ENDPOINT", "broker.example")
    (tmp_path / "audit").mkdir()
    (tmp_path / "config.toml").write_text("")
    return tmp_path


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Build:
    """Stand in for the device: two checks of doors, and the doors there are."""

    def build(*doors: Door, ends_with: AuditError | None = None) -> None:
        monkeypatch.setattr(registry, "open_device", lambda _settings: House(doors, ends_with))

    checks = (DoorShut(), DoorShut("door-locked", "LOW"))
    monkeypatch.setattr(registry, "checks", lambda _thresholds=None: checks)
    build()
    return build
