"""Why the unit cannot start: what systemd tells by a number is told in words."""

from pathlib import Path

import pytest

from devicewarden.doctor.unit import MAX_CREDENTIALS_BYTES, why_not_started


@pytest.fixture
def root(tmp_path: Path) -> Path:
    units = tmp_path / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    (units / "devicewarden.service").touch()
    (tmp_path / "etc/devicewarden/certs").mkdir(parents=True)
    return tmp_path


def why(root: Path, *, user: bool = True) -> str:
    found = why_not_started(root, lambda: user)
    return f"{found.message} -> {found.hint}" if found else ""


def test_a_unit_that_can_start_is_not_blamed(root: Path) -> None:
    (root / "etc/devicewarden/certs/device.pem").write_text("x")
    (root / "etc/devicewarden/certs/.h\u00e4").write_text("passed over")

    assert why(root) == ""


def test_without_the_package_no_unit_is_blamed(tmp_path: Path) -> None:
    assert why(tmp_path, user=False) == ""


def test_a_deleted_user_is_told(root: Path) -> None:
    assert "217/USER" in why(root, user=False)
    assert "systemd-sysusers" in why(root, user=False)


def test_a_deleted_folder_of_credentials_is_told(root: Path) -> None:
    (root / "etc/devicewarden/certs").rmdir()

    assert "243/CREDENTIALS" in why(root)
    assert "install -d -m 700" in why(root)


@pytest.mark.parametrize("name", ["a:b.pem", "ger\u00e4t.pem"])
def test_a_name_that_systemd_does_not_take_is_told(root: Path, name: str) -> None:
    (root / "etc/devicewarden/certs" / name).write_text("x")

    assert "243/CREDENTIALS" in why(root)
    assert name in why(root)


def test_too_much_in_the_folder_is_told(root: Path) -> None:
    with (root / "etc/devicewarden/certs/large.pem").open("wb") as file:
        file.truncate(MAX_CREDENTIALS_BYTES + 1)

    assert "243/CREDENTIALS" in why(root)
    assert "1 MB" in why(root)
