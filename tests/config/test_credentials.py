"""What root keeps to itself reaches the agent as systemd's copies."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devicewarden.config.credentials import with_copies
from devicewarden.config.settings import PublishSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSED = "/etc/devicewarden/certs/private.key"


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run as root, who may read everything: nothing below /etc can be read here."""
    access: Callable[[str | Path, int], bool] = os.access

    def closed(path: str | Path, mode: int) -> bool:
        return not str(path).startswith("/etc/") and access(path, mode)

    monkeypatch.setattr(os, "access", closed)


def settings(key_file: str) -> Settings:
    return Settings(publish=PublishSettings(key_file=key_file))


def made(folder: Path, name: str) -> str:
    (folder / name).write_text("key")
    return str(folder / name)


@pytest.mark.usefixtures("closed")
def test_a_file_that_may_not_be_read_is_replaced_by_its_copy(tmp_path: Path) -> None:
    copy = made(tmp_path, "certs_private.key")

    found = with_copies(settings(CLOSED), {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert found == settings(copy)


@pytest.mark.usefixtures("closed")
def test_a_file_in_a_subfolder_has_its_copy_too(tmp_path: Path) -> None:
    made(tmp_path, "certs_private.key")
    copy = made(tmp_path, "certs_certs_private.key")
    key_file = "/etc/devicewarden/certs/certs/private.key"

    found = with_copies(settings(key_file), {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert found == settings(copy)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="no-systemd"),
        pytest.param({"CREDENTIALS_DIRECTORY": ""}, id="empty"),
        pytest.param({"CREDENTIALS_DIRECTORY": "/nonexistent"}, id="no-copy"),
    ],
)
def test_without_a_copy_the_file_stays_named(environ: dict[str, str]) -> None:
    assert with_copies(settings(CLOSED), environ) == settings(CLOSED)


def test_a_file_that_may_be_read_is_read_itself(tmp_path: Path) -> None:
    key = made(tmp_path, "private.key")
    made(tmp_path, f"{tmp_path.name}_private.key")

    found = with_copies(settings(key), {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert found == settings(key)


def test_what_names_no_file_is_left_alone(tmp_path: Path) -> None:
    assert with_copies(Settings(), {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == Settings()
