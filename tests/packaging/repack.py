"""The next version of a package: the same tree under another number, as an upgrade needs it."""

import subprocess
from pathlib import Path
from typing import Final

NEXT: Final = "99.0"
_VERSION_FILE: Final = "usr/lib/devicewarden/devicewarden/model/version.py"


def next_version(deb: Path, folder: Path) -> Path:
    """Write a copy of a package with version 99.0 and a changed sample configuration."""
    tree, made = folder / "tree", folder / "new.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", deb, tree], check=True)
    _change(tree / "DEBIAN" / "control", "\nVersion: ", NEXT)
    _change(tree / _VERSION_FILE, '\nVERSION: Final = "', f'{NEXT}"')
    config = tree / "etc" / "devicewarden" / "config.toml"
    config.write_text(f"# Of the next version.\n{config.read_text()}")
    pack: list[str | Path] = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, made]
    subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    return made


def _change(file: Path, before: str, value: str) -> None:
    head, _, tail = file.read_text().partition(before)
    file.write_text(f"{head}{before}{value}\n{tail.partition(chr(10))[2]}")
