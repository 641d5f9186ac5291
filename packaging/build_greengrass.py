"""`python packaging/build_greengrass.py`: makes the Greengrass component, for every architecture.

Recipe and artifact lie where `gdk component publish` looks for them. The artifact carries pure
Python alone: the agent and what it imports as a component. Built again it is the same file.
"""

import argparse
import re
import shutil
import zipfile
from pathlib import Path
from typing import Final

import wheels
from build_deb import version

ROOT: Final = Path(__file__).parent.parent
SOURCE: Final = ROOT / "packaging" / "greengrass"
NOT_NEEDED: Final = ("awsiotsdk-",)
"""Pure, but of no use without awscrt, in whose place the component has the nucleus."""

LICENCE: Final = re.compile(r"\.dist-info/(licenses/.+|[^/]*(LICENSE|COPYING|NOTICE)[^/]*)$")
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The only time that needs no clock."""


def main() -> None:
    """Build the component and print where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=SOURCE / "greengrass-build")
    print(build(parser.parse_args().output))


def build(output: Path) -> Path:
    """Write recipe and artifact below a folder, and return the artifact."""
    shutil.rmtree(output, ignore_errors=True)
    artifact = output / "artifacts" / "devicewarden" / version() / "devicewarden.zip"
    artifact.parent.mkdir(parents=True)
    tree = output / "tree"
    lay_out(tree)
    pack(tree, artifact)
    shutil.rmtree(tree)
    recipe = (SOURCE / "recipe.yaml").read_text().replace("{COMPONENT_VERSION}", version())
    (output / "recipes").mkdir()
    (output / "recipes" / "recipe.yaml").write_text(recipe)
    return artifact


def lay_out(tree: Path) -> None:
    """Put the agent, what it imports, and all licences side by side."""
    pycache = shutil.ignore_patterns("__pycache__", "py.typed")
    shutil.copytree(ROOT / "agent" / "devicewarden", tree / "devicewarden", ignore=pycache)
    shutil.copy(SOURCE / "component.py", tree / "__main__.py")
    shutil.copy(SOURCE / "component.toml", tree)
    shutil.copy(ROOT / "LICENSE", tree)
    carried = pure(wheels.fetch("amd64", ROOT / "build" / "wheels" / "amd64"))
    wheels.unpack(carried, tree)
    for wheel in carried:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree, [n for n in archive.namelist() if LICENCE.search(n)])


def pure(fetched: list[Path]) -> list[Path]:
    """Choose the wheels that serve every architecture and every Python."""
    return [
        wheel
        for wheel in fetched
        if wheel.name.endswith("-none-any.whl") and not wheel.name.startswith(NOT_NEEDED)
    ]


def pack(tree: Path, artifact: Path) -> None:
    """Write the archive; names, order, times and permissions are fixed."""
    with zipfile.ZipFile(artifact, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(tree).as_posix(), EARLIEST)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
