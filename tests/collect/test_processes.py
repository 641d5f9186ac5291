"""Processes: who they are, whatever they call themselves."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.small_host import add_process

from devicewarden.collect.processes import Identity, Processes, printable

SECRETS = [re.compile(r"(?i)(pass(word)?|secret|token|key)[=: ]\S+")]


def identified(root: Path, pid: int = 7) -> Identity:
    found = Processes(SECRETS, root).identify(pid)
    assert found is not None
    return found


def test_a_process_shows_program_command_line_and_cgroup(tmp_path: Path) -> None:
    add_process(tmp_path, 7, cgroup="0::/system.slice/prog.service\n")

    assert identified(tmp_path) == Identity(
        7, "prog", "/usr/bin/prog --serve", "/system.slice/prog.service"
    )


def test_the_executable_says_more_than_the_name_that_a_program_gave_itself(tmp_path: Path) -> None:
    add_process(tmp_path, 7, name=b"kworker/0:1\n", executable="/tmp/miner (deleted)")

    assert identified(tmp_path).program == "miner (deleted)"


def test_a_process_that_hides_its_executable_is_known_by_its_name(tmp_path: Path) -> None:
    add_process(tmp_path, 7, name=b"mosquitto\n", executable=None)

    assert identified(tmp_path).program == "mosquitto"


@pytest.mark.parametrize(
    ("name", "program"),
    [
        (b"two\nlines\n", "two\\nlines"),
        (b"\x1b[31mred\n", "\\x1b[31mred"),
        (b"caf\xe9\n", "caf\\xe9"),
        (b"caf\xc3\xa9\n", "café"),
        ("\u202egpj.exe\n".encode(), "\\u202egpj.exe"),
        (b"\n", None),
    ],
    ids=["newline", "escape", "latin-1", "utf-8", "right to left", "empty"],
)
def test_hostile_names_come_out_printable(tmp_path: Path, name: bytes, program: str) -> None:
    add_process(tmp_path, 7, name=name, executable=None)

    assert identified(tmp_path).program == program


@given(st.binary(max_size=64))
def test_any_name_is_one_printable_line(raw: bytes) -> None:
    assert printable(raw).isprintable()


@pytest.mark.parametrize(
    ("command_line", "told"),
    [
        (b"prog\0--password\0hunter2\0-v\0", "prog --*** -v"),
        (b"prog\0--password=hunter2\0", "prog --***"),
        (b"prog\0TOKEN=abc\ndef\0", "prog ***"),
        (b"prog\0-x\0\0\0\0", "prog -x"),
        (b"nginx: master process\0\0\0", "nginx: master process"),
        (b"prog\0\xff\0", "prog \\xff"),
        (b"\0\0", None),
        (b"", None),
    ],
    ids=["two arguments", "one argument", "newline in a secret", "zeros behind", "title",
         "no utf-8", "zeros", "kernel thread"],
)  # fmt: skip
def test_command_lines_are_printable_and_redacted(
    tmp_path: Path, command_line: bytes, told: str | None
) -> None:
    add_process(tmp_path, 7, command_line=command_line)

    assert identified(tmp_path).command_line == told


def test_a_huge_command_line_is_cut_and_no_half_of_a_secret_is_left(tmp_path: Path) -> None:
    add_process(tmp_path, 7, command_line=b"prog\0password=" + b"x" * 100_000)
    add_process(tmp_path, 8, command_line=b"prog\0" + b"a\0" * 100_000)

    assert identified(tmp_path).command_line == "prog ***…"
    assert len(identified(tmp_path, 8).command_line or "") == 1025


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("0::/system.slice/a.service\n", "/system.slice/a.service"),
        ("4:memory:/x/long/path\n1:name=systemd:/system.slice/a.service\n0::/\n",
         "/system.slice/a.service"),
        ("4:memory:/x\n", None),
        ("", None),
    ],
    ids=["unified", "hybrid", "version 1 alone", "hidden"],
)  # fmt: skip
def test_the_cgroup_is_that_of_version_2_or_of_systemd(
    tmp_path: Path, text: str, path: str | None
) -> None:
    add_process(tmp_path, 7, cgroup=text)

    assert identified(tmp_path).cgroup == path


def test_a_process_that_vanished_or_is_hidden_has_no_identity(tmp_path: Path) -> None:
    processes = Processes(root=tmp_path)

    assert processes.identify(7) is None
    assert processes.uid(7) is None
    assert processes.holds(7, 100, 10) == (False, 0)
    assert not processes.shows_descriptors(7)


def test_a_process_that_vanishes_half_way_shows_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()

    assert Processes(root=tmp_path).identify(7) == Identity(7, None, None, None)


def test_all_processes_come_newest_first(tmp_path: Path) -> None:
    for pid in (7, 1, 4711):
        add_process(tmp_path, pid)
    (tmp_path / "self").symlink_to("7")
    (tmp_path / "net").mkdir()

    assert Processes(root=tmp_path).newest_first() == [4711, 7, 1]
    assert Processes(root=tmp_path / "nowhere").newest_first() == []


def test_a_process_holds_the_socket_that_one_of_its_descriptors_names(tmp_path: Path) -> None:
    add_process(tmp_path, 7, sockets=[99, 100, 101])
    processes = Processes(root=tmp_path)

    assert processes.holds(7, 100, 50)[0]
    assert processes.holds(7, 10, 50) == (False, 4)


def test_no_more_descriptors_are_looked_at_than_allowed(tmp_path: Path) -> None:
    add_process(tmp_path, 7, sockets=range(200, 300))

    assert Processes(root=tmp_path).holds(7, 1, 30) == (False, 30)
