"""`python packaging/build_deb.py ARCHITECTURE`: makes dist/devicewarden_VERSION_ARCHITECTURE.deb.

The tree is laid out below build/, and debhelper makes the package from there. Everything that shows
in the bytes is fixed: built again, elsewhere and later, the same commit gives the same file.
"""

import argparse
import fcntl
import functools
import os
import re
import runpy
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import distributions
import wheels
from bill_of_materials import bill_of_materials
from licences import copyright_file

ROOT: Final = Path(__file__).parent.parent


def main() -> None:
    """Build one package and print where it is."""
    arguments = _arguments()
    os.umask(0o022)
    tree = ROOT / "build" / "deb" / arguments.architecture
    tree.parent.mkdir(parents=True, exist_ok=True)
    # Two builds at once would take each other's files away; the lock ends with the process.
    lock = tree.with_suffix(".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    lay_out(tree, arguments.architecture)
    write_papers(tree, arguments.architecture)
    print(_build(tree, arguments.architecture, arguments.output))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", choices=sorted(wheels.MACHINES))
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder of the .deb")
    return parser.parse_args()


def version() -> str:
    """Read the version from where the agent has it."""
    name = ROOT / "agent" / "devicewarden" / "model" / "version.py"
    return str(runpy.run_path(str(name))["VERSION"])


def lay_out(tree: Path, architecture: str) -> None:
    """Put everything that debian/install names where it looks for it."""
    pycache = shutil.ignore_patterns("__pycache__", "py.typed")
    shutil.copytree(ROOT / "agent" / "devicewarden", tree / "devicewarden", ignore=pycache)
    shutil.copytree(ROOT / "packaging" / "debian", tree / "debian")
    shutil.copytree(ROOT / "packaging" / "launcher", tree / "launcher")
    shutil.copytree(ROOT / "systemd", tree / "systemd")
    shutil.copy(ROOT / "packaging" / "config" / "config.toml", tree)
    wheels.unpack(_wheels(architecture), tree / "vendor")


def _wheels(architecture: str) -> list[Path]:
    return wheels.fetch(architecture, ROOT / "build" / "wheels" / architecture)


def write_papers(tree: Path, architecture: str) -> None:
    """Write what people and scanners read: licences, bill of materials, changelog, manual."""
    carried = distributions.read(_wheels(architecture))
    (tree / "debian" / "copyright").write_text(copyright_file(carried))
    bill = bill_of_materials(
        carried, version=version(), architecture=architecture, epoch=int(epoch())
    )
    (tree / "sbom.cdx.json").write_text(bill)
    (tree / "debian" / "changelog").write_text(changelog())
    write_manual(tree)


def write_manual(tree: Path) -> None:
    """Write manual page and completions, from the commands in this tree and no installed ones."""
    sys.path.insert(0, str(ROOT / "agent"))
    from devicewarden.cli.main import devicewarden  # noqa: PLC0415  after the line above
    from manual import COMPLETIONS, completion, manual_page  # noqa: PLC0415  needs click

    page = manual_page(devicewarden, version=version(), epoch=int(epoch()))
    (tree / "devicewarden.1").write_text(page)
    for shell, name in COMPLETIONS.items():
        (tree / "completions" / shell).mkdir(parents=True)
        (tree / "completions" / shell / name).write_text(completion(devicewarden, shell))


def changelog() -> str:
    """Write Debian's changelog: what changed for operators, dated as the last commit."""
    date = format_datetime(datetime.fromtimestamp(int(epoch()), UTC))
    entries = "\n".join(
        textwrap.fill(line, 78, initial_indent="  * ", subsequent_indent="    ")
        for line in _changes()
    )
    control = (ROOT / "packaging" / "debian" / "control").read_text()
    maintainer = re.findall(r"(?m)^Maintainer: (.*)$", control)[0]
    return (
        f"devicewarden ({version()}) stable; urgency=medium\n\n{entries}\n\n"
        f" -- {maintainer}  {date}\n"
    )


def _changes() -> list[str]:
    fragments = sorted((ROOT / "docs" / "changelog.d").glob("*.md"))
    unreleased = [line for f in fragments for line in f.read_text().splitlines() if line.strip()]
    return unreleased or [f"Release {version()}; what changed is in CHANGELOG.md."]


@functools.cache
def epoch() -> str:
    """Return the time that stands in the package: the last commit's, or the one asked for.

    One build asks once: a commit made meanwhile would give its papers different dates.
    """
    if asked := os.environ.get("SOURCE_DATE_EPOCH"):
        return asked
    log = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return log.stdout.strip()


def _build(tree: Path, architecture: str, output: Path) -> Path:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": epoch()}
    # What stands in front of debian/rules makes debhelper take the other machine's strip.
    host = ["dpkg-architecture", "-a", architecture, "-f", "-c"]
    subprocess.run(  # noqa: S603  our argument list
        [*host, "debian/rules", "binary"], cwd=tree, check=True, env=environment
    )
    name = f"devicewarden_{version()}_{architecture}.deb"
    output.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(tree.parent / name, output / name))


if __name__ == "__main__":
    main()
