"""Copies of keys and certificates: private, never over another file, and gone if setup fails."""

import os
import stat
from pathlib import Path

import pytest

from devicewarden.config.certs_folder import Copies, undone_on_error

KEY = "publish.key_file"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "device.key"
    path.write_bytes(b"a key")
    path.chmod(0o644)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc" / "config.toml"


def test_a_copy_is_readable_by_its_owner_alone(source: Path, config: Path) -> None:
    copies = Copies({KEY: str(source)}, config)
    copies.make()

    target = config.parent / "certs" / "device.key"
    assert copies.paths == {KEY: str(target)}
    assert target.read_bytes() == b"a key"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("there", [b"another key", b""])
def test_another_file_is_never_overwritten(source: Path, config: Path, there: bytes) -> None:
    target = config.parent / "certs" / "device.key"
    target.parent.mkdir(mode=0o700)
    target.write_bytes(there)

    copies = Copies({KEY: str(source)}, config)

    assert len(copies.problems) == 1
    assert "with other contents" in copies.problems[0].message
    assert "a key" not in str(copies.problems)
    assert target.read_bytes() == there


def test_two_files_of_one_name_are_told_apart(source: Path, config: Path, tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "device.key").write_bytes(b"no key")

    copies = Copies({KEY: str(source), "publish.ca_file": f"{tmp_path}/ca/device.key"}, config)

    assert [problem.message.split(":")[0] for problem in copies.problems] == ["publish.ca_file"]


def test_a_file_that_is_there_already_stays_as_it_is(source: Path, config: Path) -> None:
    first = Copies({KEY: str(source)}, config)
    first.make()

    again = Copies(dict(first.paths), config)
    again.make()
    again.undo()

    assert again.problems == []
    assert Path(first.paths[KEY]).read_bytes() == b"a key"


def test_nothing_is_left_where_what_follows_fails(source: Path, config: Path) -> None:
    copies = Copies({KEY: str(source)}, config)

    with pytest.raises(FileExistsError), undone_on_error(copies):
        Path(copies.paths[KEY]).touch(exist_ok=False)

    assert not Path(copies.paths[KEY]).exists()


@pytest.mark.parametrize("name", ["/dev/zero", "/nonexistent/key", "/"])
def test_what_is_no_file_is_a_problem(config: Path, name: str) -> None:
    assert len(Copies({KEY: name}, config).problems) == 1


@pytest.mark.parametrize("name", ["a:b.key", "gerät.key", ".device.key"])
def test_a_name_that_systemd_does_not_take_is_a_problem(config: Path, name: str) -> None:
    (config.parent / name).write_bytes(b"a key")

    copies = Copies({KEY: str(config.parent / name)}, config)

    assert copies.paths == {}
    assert ["systemd does not take" in problem.message for problem in copies.problems] == [True]


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720])
def test_a_folder_that_is_open_to_others_is_refused_and_left_as_it_is(
    source: Path, config: Path, mode: int
) -> None:
    folder = config.parent / "certs"
    folder.mkdir()
    folder.chmod(mode)

    copies = Copies({KEY: str(source)}, config)

    assert [problem.hint for problem in copies.problems] == [f"chmod 700 {folder}"]
    assert f"{mode:04o}" in copies.problems[0].message
    assert stat.S_IMODE(folder.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away, as root may")
def test_a_folder_of_somebody_else_is_refused(source: Path, config: Path) -> None:
    folder = config.parent / "certs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)

    copies = Copies({KEY: str(source)}, config)

    assert [problem.hint for problem in copies.problems] == [f"chown 0 {folder}"]
    assert "12345" in copies.problems[0].message


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away, as root may")
def test_copies_belong_to_whom_the_whole_configuration_belongs(source: Path, config: Path) -> None:
    folder = config.parent / "certs"
    folder.mkdir(mode=0o700)
    for path in (folder, config.parent):
        os.chown(path, 12345, 12345)

    copies = Copies({KEY: str(source)}, config)
    copies.make()

    assert copies.problems == []
    assert Path(copies.paths[KEY]).stat().st_uid == 12345


def test_a_folder_into_which_nothing_goes_is_nobodys_worry(config: Path) -> None:
    (config.parent / "certs").mkdir(mode=0o755)

    assert Copies({}, config).problems == []
