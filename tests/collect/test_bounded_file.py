import os
from pathlib import Path

import pytest

from devicewarden.collect.bounded_file import read_bounded
from devicewarden.model.errors import CollectError


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_file_of_the_limit_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 10)

    assert read_bounded(tmp_path / "f", 10) == b"x" * 10


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 11)

    with pytest.raises(CollectError, match="larger than 10 bytes"):
        read_bounded(tmp_path / "f", 10)


def test_a_file_that_hides_its_size_is_cut_off_too() -> None:
    with pytest.raises(CollectError, match="larger than 5 bytes"):
        read_bounded("/proc/self/status", 5)


def test_a_pipe_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")

    with pytest.raises(CollectError, match="not a regular file"):
        read_bounded(tmp_path / "f", 10)


def test_a_folder_is_refused_and_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = open_descriptors()

    for _ in range(3):
        with pytest.raises(CollectError, match="not a regular file"):
            read_bounded(tmp_path, 10)

    assert open_descriptors() == before


def test_a_symbolic_link_is_followed_only_on_demand(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "link").symlink_to("f")

    assert read_bounded(tmp_path / "link", 10) == b"x"
    with pytest.raises(CollectError, match="symbolic link"):
        read_bounded(tmp_path / "link", 10, follow=False)


@pytest.mark.parametrize("name", ["absent", "with\0nul"])
def test_a_file_that_cannot_be_opened_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectError):
        read_bounded(tmp_path / name, 10)
