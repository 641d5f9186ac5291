"""What is in the package, and how Debian likes it."""

import io
import re
import stat
import subprocess
import tarfile
from pathlib import Path

import click
import pytest

from devicewarden.cli.main import devicewarden

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PLACES = (
    r"etc/devicewarden/(config\.toml|actions|conf\.d|certs|profiles)$",
    r"usr/bin/devicewarden$",
    r"usr/lib/devicewarden/(launch\.py$|python$|devicewarden/|vendor/|drop-ins/)",
    r"usr/lib/systemd/system/devicewarden[a-z-]*\.(service|timer|path)$",
    r"usr/lib/(sysusers|tmpfiles)\.d/devicewarden\.conf$",
    r"usr/share/bash-completion/completions/devicewarden$",
    r"usr/share/zsh/vendor-completions/_devicewarden$",
    r"usr/share/fish/vendor_completions\.d/devicewarden\.fish$",
    r"usr/share/doc/devicewarden/(changelog\.gz|copyright|sbom\.cdx\.json)$",
    r"usr/share/lintian/overrides/devicewarden$",
    r"usr/share/man/man1/devicewarden\.1\.gz$",
    r"usr/share/python3/runtime\.d/devicewarden\.rtupdate$",
)


@pytest.fixture(scope="module")
def members(deb: Path) -> list[tarfile.TarInfo]:
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        return archive.getmembers()


def commands(command: click.Command, *path: str) -> set[str]:
    """Every command that can be typed, by its words."""
    if not isinstance(command, click.Group):
        return {" ".join(path)}
    context = click.Context(command)
    found = {" ".join(path)} if command.invoke_without_command else set()
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        if not inner.hidden:
            found |= commands(inner, *path, name)
    return found


def field(deb: Path, name: str) -> str:
    return subprocess.run(
        ["dpkg-deb", "--field", deb, name], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_everything_belongs_to_root_and_nobody_else_can_write(
    members: list[tarfile.TarInfo],
) -> None:
    strays = [
        m.name
        for m in members
        if (m.uname, m.gname) != ("root", "root") or m.mode & (stat.S_IWGRP | stat.S_IWOTH)
    ]

    assert strays == []


def test_nothing_gains_a_privilege_by_being_started(members: list[tarfile.TarInfo]) -> None:
    assert [m.name for m in members if m.mode & (stat.S_ISUID | stat.S_ISGID)] == []


def test_private_keys_have_a_folder_that_only_root_opens(members: list[tarfile.TarInfo]) -> None:
    modes = {m.name: m.mode for m in members}

    assert modes["./etc/devicewarden/certs"] == 0o700


def test_every_file_lies_where_it_is_looked_for(members: list[tarfile.TarInfo]) -> None:
    # Nothing in dist-packages above all: no other program sees our libraries.
    paths = [m.name.removeprefix("./") for m in members if not m.isdir()]

    assert [p for p in paths if not re.match("|".join(PLACES), p)] == []


def test_nothing_ships_that_nobody_reads(members: list[tarfile.TarInfo]) -> None:
    unread = re.compile(
        r"\.(pyc|pyi|[ch]|whl)$|py\.typed|__pycache__|/tests?/|\.dist-info/(?!METADATA$)."
    )

    assert [m.name for m in members if unread.search(m.name)] == []


def test_one_file_is_the_operators(deb: Path) -> None:
    listed = subprocess.run(
        ["dpkg-deb", "--info", deb, "conffiles"], capture_output=True, text=True, check=True
    )

    assert listed.stdout.split() == ["/etc/devicewarden/config.toml"]


def test_it_asks_for_a_python_and_a_c_library_and_systemd_alone(deb: Path) -> None:
    wanted = {part.strip() for part in field(deb, "Depends").split(",")}

    assert {w for w in wanted if not w.startswith("systemd")} == {
        "libc6 (>= 2.31)",
        "libgcc-s1",
        "python3 (>= 3.11) | python3.11",
    }


def test_it_is_as_small_as_the_table_says(deb: Path) -> None:
    assert deb.stat().st_size <= 6_000_000
    assert int(field(deb, "Installed-Size")) <= 26_000


@pytest.mark.parametrize("file", ["etc/devicewarden/config.toml", "usr/bin/devicewarden"])
def test_it_is_the_file_of_the_source(tree: Path, file: str) -> None:
    assert (tree / file).read_text().startswith("#")


def test_lintian_has_nothing_to_say(deb: Path) -> None:
    said = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", deb],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, said.stdout) == (0, "")


def test_the_manual_page_renders_without_a_warning(tree: Path) -> None:
    page = tree / "usr/share/man/man1/devicewarden.1.gz"
    done = subprocess.run(
        ["man", "--warnings", "--encoding=UTF-8", "--local-file", page],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "180"},
        check=True,
    )

    assert done.stderr == ""
    assert commands(devicewarden) <= set(
        re.findall(r"^   ([a-z -]+?) \[", done.stdout, re.MULTILINE)
    )
    assert "EXIT STATUS" in done.stdout
