"""`python packaging/build_deb.py ARCHITECTURE`: makes dist/devicewarden_VERSION_ARCHITECTURE.deb.

The tree is laid out below build/, and debhelper makes the package from there. Everything that shows
in the bytes is fixed: built again, elsewhere and later, the same commit gives the same file.
"""

import argparse
import os
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Final

import wheels

ROOT: Final = Path(__file__).parent.parent


def main() -> None:
    """Build one package and print where it is."""
    arguments = _arguments()
    tree = ROOT / "build" / "deb" / arguments.architecture
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    lay_out(tree, arguments.architecture)
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
    pycache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "agent" / "devicewarden", tree / "devicewarden", ignore=pycache)
    shutil.copytree(ROOT / "packaging" / "debian", tree / "debian")
    shutil.copytree(ROOT / "packaging" / "launcher", tree / "launcher")
    shutil.copytree(ROOT / "systemd", tree / "systemd")
    shutil.copy(ROOT / "packaging" / "config" / "config.toml", tree)
    fetched = wheels.fetch(architecture, ROOT / "build" / "wheels" / architecture)
    wheels.unpack(fetched, tree / "vendor")
    (tree / "debian" / "changelog").write_text(changelog())


def changelog() -> str:
    """Write Debian's changelog: one entry, dated as the last commit."""
    date = subprocess.run(
        ["date", "--utc", "--rfc-email", f"--date=@{epoch()}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    maintainer = "DeviceWarden maintainers <maintainers@users.noreply.r-seed-7f6f6285.example>"
    return (
        f"devicewarden ({version()}) stable; urgency=medium\n\n  * This release.\n\n"
        f" -- {maintainer}  {date}\n"
    )


def epoch() -> str:
    """Return the time that stands in the package: the last commit's, or the one asked for."""
    if asked := os.environ.get("SOURCE_DATE_EPOCH"):
        return asked
    log = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return log.stdout.strip()


def _build(tree: Path, architecture: str, output: Path) -> Path:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": epoch()}
    environment |= {"DEB_HOST_ARCH": architecture}
    subprocess.run(["debian/rules", "binary"], cwd=tree, check=True, env=environment)
    name = f"devicewarden_{version()}_{architecture}.deb"
    output.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(tree.parent / name, output / name))


if __name__ == "__main__":
    main()
