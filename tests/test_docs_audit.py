"""What docs/audit.md tells people to type is typed here, and its documents are read."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.audit.example import Door, DoorShut, House

from devicewarden.audit import registry
from devicewarden.cli.main import devicewarden
from devicewarden.config.audit_documents import load_audit_documents
from devicewarden.config.knobs import knobs

TEXT = (Path(__file__).parent.parent / "docs" / "audit.md").read_text(encoding="utf-8")
CHECKS = ("device-certificate-expiring", "logging-disabled")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]


@pytest.fixture
def _device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    monkeypatch.setenv("DEVICEWARDEN_STATE__DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DEVICEWARDEN_AUDIT__DIR", str(tmp_path / "audit"))
    monkeypatch.chdir(tmp_path)
    policy = Path(__file__).parent / "data" / "audit" / "device-policy.json"
    (tmp_path / "device-policy.json").write_bytes(policy.read_bytes())
    checks = tuple(DoorShut(name, "MEDIUM") for name in CHECKS)
    monkeypatch.setattr(registry, "checks", lambda _thresholds=None: checks)
    house = House((Door("back", open=True),))
    monkeypatch.setattr(registry, "open_device", lambda _settings: house)


@pytest.mark.usefixtures("_device")
def test_every_command_works_in_the_order_of_the_document(tmp_path: Path) -> None:
    outcomes = {}
    for line in COMMANDS:
        program, *arguments = shlex.split(line)
        result = CliRunner().invoke(devicewarden, arguments, standalone_mode=False)
        outcomes[line] = (program, result.exception)

    assert set(outcomes.values()) == {("devicewarden", None)}
    assert {path.suffix for path in tmp_path.glob("audit.*")} == {".sarif", ".xml", ".html"}


@pytest.mark.parametrize("block", blocks("json"), ids=range(len(blocks("json"))))
def test_every_document_is_taken_without_a_warning(tmp_path: Path, block: str) -> None:
    (tmp_path / "x.json").write_text(block)

    found = load_audit_documents(tmp_path, CHECKS)

    assert json.loads(block)
    assert found.warnings == []
    assert found.schedules or found.configurations


def test_every_status_is_told() -> None:
    assert re.findall(r"(?m)^\| (\d+) \|", TEXT) == ["0", "1", "2", "70", "78"]
