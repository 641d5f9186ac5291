import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devicewarden.collect.custom_files import MAX_FILES, CustomFiles
from devicewarden.collect.custom_value import MAX_JSON_BYTES
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import IpAddressList, Number


def test_each_file_gives_the_metric_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "door:open_count.json").write_text('{"number": 3}\n')
    (tmp_path / "peers.json").write_text('{"ip_list": ["::1"]}')
    files = CustomFiles(str(tmp_path))

    values = files.collect()

    assert values == {"door:open_count": Number(3.0), "peers": IpAddressList(("::1",))}
    assert files.problems == {}


@pytest.mark.parametrize("name", ["notes.txt", ".being-written.json", "cpu.json.tmp"])
def test_other_files_are_none_of_its_business(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("whatever")
    files = CustomFiles(str(tmp_path))

    assert files.collect() == {}
    assert files.problems == {}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("a.json", b"", "not JSON", id="empty"),
        pytest.param("a.json", b'{"number": 3', "not JSON", id="half-written"),
        pytest.param("a.json", b"3", "one member", id="bare-number"),
        pytest.param("a.json", b'{"number": 1e999}', "not finite", id="infinite"),
        pytest.param("a.json", b'{"number": NaN}', "NaN", id="nan"),
        pytest.param("a.json", b'{"number": ' + b"9" * 5000 + b"}", "not finite", id="huge"),
        pytest.param("a.json", b'{"number": 1, "number": 2}', "twice", id="twice"),
        pytest.param("a.json", b'{"number_list":' + b"[" * 9000, "nested", id="deep"),
        pytest.param("a.json", b"\xff", "UTF-8", id="not-utf-8"),
        pytest.param("a.json", b" " * (MAX_JSON_BYTES + 1), "larger", id="large"),
        pytest.param("a b.json", b'{"number": 1}', "metric name", id="bad-name"),
        pytest.param("aws:x.json", b'{"number": 1}', "reserved", id="reserved-prefix"),
        pytest.param("cpu_percent.json", b'{"number": 1}', "another source", id="taken-name"),
        pytest.param(".json", b'{"number": 1}', "", id="no-name"),
    ],
)
def test_a_bad_file_is_named_and_spoils_nothing(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.json").write_text('{"number": 1}')
    files = CustomFiles(str(tmp_path), reserved=["cpu_percent"])

    values = files.collect()

    assert values == {"good": Number(1.0)}
    assert reason in files.problems.get(name, "")
    assert bool(reason) == (name in files.problems)


def test_links_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    (tmp_path / "dangling.json").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    files = CustomFiles(str(tmp_path))

    assert files.collect() == {}
    assert files.problems == {
        "dangling.json": "a symbolic link",
        "folder.json": "not a regular file",
        "link.json": "a symbolic link",
        "pipe.json": "not a regular file",
    }


def test_a_hostile_file_name_is_shown_escaped(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\x1b[31m\xff.json"))).write_text("{}")
    files = CustomFiles(str(tmp_path))

    files.collect()

    assert list(files.problems) == ["\\x1b[31m\\udcff.json"]


def test_only_the_first_hundred_files_count(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 5):
        (tmp_path / f"m{number:03}.json").write_text('{"number": 1}')
    files = CustomFiles(str(tmp_path))

    values = files.collect()

    assert sorted(values) == [f"m{number:03}" for number in range(MAX_FILES)]
    assert files.problems == {"m100.json": "more than 100 files: it and the rest"}


@pytest.mark.parametrize("folder", ["absent", "file", "nul\0"])
def test_a_folder_that_cannot_be_read_is_an_error_with_a_hint(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CollectError, match="folder of custom metrics") as caught:
        CustomFiles(str(tmp_path / folder)).collect()

    assert "custom_metrics.directory" in caught.value.hint


def test_a_problem_is_forgotten_once_it_is_solved(tmp_path: Path) -> None:
    files = CustomFiles(str(tmp_path))
    (tmp_path / "a.json").write_text("?")
    files.collect()

    (tmp_path / "a.json").write_text('{"number": 1}')
    files.collect()

    assert files.problems == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=100))
def test_any_content_is_a_value_or_a_problem(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    files = CustomFiles(str(tmp_path))

    values = files.collect()

    assert len(values) + len(files.problems) == 1
