"""Packages under test: those in dist/ where they are newer than what they are made from."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
MADE_FROM: Final = ("agent", "packaging", "systemd", "docs/changelog.d")
VENDOR: Final = "usr/lib/devicewarden/vendor"


def built(architecture: str) -> Path:
    """Give the package of an architecture, built now or before."""
    found = sorted((ROOT / "dist").glob(f"devicewarden_*_{architecture}.deb"))
    if found and found[-1].stat().st_mtime > _last_change():
        return found[-1]
    return build(ROOT, architecture)


def build(root: Path, architecture: str, **environment: str) -> Path:
    """Build a package from a source tree; environment: all that the build gets to see."""
    done = subprocess.run(
        [sys.executable, root / "packaging" / "build_deb.py", architecture],
        env=environment or None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


def unpacked(deb: Path, folder: Path) -> Path:
    """Unpack the files of a package below a folder."""
    subprocess.run(["dpkg-deb", "--extract", deb, folder], check=True)
    return folder


def bill(tree: Path) -> dict[str, Any]:
    """Read the bill of materials of an unpacked package."""
    text = (tree / "usr/share/doc/devicewarden/sbom.cdx.json").read_text()
    document: dict[str, Any] = json.loads(text)
    return document


def _last_change() -> float:
    files = [path for name in MADE_FROM for path in (ROOT / name).rglob("*")]
    return max(path.stat().st_mtime for path in files if "__pycache__" not in path.parts)
