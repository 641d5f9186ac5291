"""The wheels that a package carries: fetched by hash, unpacked, and freed of what is never read."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l"}
"""Debian's name of an architecture -> the name in a wheel's tag."""

GLIBC: Final = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_31")
"""Ubuntu 22.04 has 2.35, Debian 12 has 2.36; pip must be told every older one too."""

ANY_PYTHON: Final = ("abi3", "none")
"""Without cp311 in this list pip takes the pure wheel of cbor2, which serves every Python."""

BACKENDS: Final = ("cp311", "cp312", "cp313", "cp314")
"""cryptography needs `_cffi_backend`; cffi has a wheel for each Python, they lie side by side."""


def fetch(architecture: str, folder: Path) -> list[Path]:
    """Download what one architecture carries, each file held to its hash; sorted by name.

    Nothing is downloaded when the folder was filled from the same requirements.
    """
    wanted = [HERE / "requirements.txt", HERE / _native(architecture)]
    backends = HERE / "requirements-cffi.txt"
    stamp = folder / "complete"
    key = hashlib.sha256(b"".join(f.read_bytes() for f in [*wanted, backends])).hexdigest()
    if not (stamp.exists() and stamp.read_text() == key):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.whl"):
            old.unlink()
        for requirements in wanted:
            _download(requirements, architecture, ANY_PYTHON, folder)
        if architecture != "armhf":
            for backend in BACKENDS:
                _download(backends, architecture, (backend,), folder)
        stamp.write_text(key)
    return sorted(folder.glob("*.whl"))


def _native(architecture: str) -> str:
    return "requirements-armhf.txt" if architecture == "armhf" else "requirements-native.txt"


def _download(requirements: Path, architecture: str, abis: tuple[str, ...], folder: Path) -> None:
    subprocess.run(  # noqa: S603  our argument list
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *choice(architecture, abis),
            *("--dest", str(folder), "--requirement", str(requirements)),
        ],
        check=True,
    )


def choice(architecture: str, abis: tuple[str, ...]) -> list[str]:
    """Return the options by which pip chooses wheels for another machine and other Pythons."""
    minor = abis[0].removeprefix("cp3") if abis[0].startswith("cp") else "11"
    return [
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", f"3.{minor}"),
        *(f"--abi={abi}" for abi in abis),
        *(f"--platform={glibc}_{MACHINES[architecture]}" for glibc in GLIBC),
    ]


NEVER_READ: Final = re.compile(
    # Types for checkers, C sources, command line tools, and what only pip looks at.
    r"\.pyi$|/py\.typed$|\.[ch]$|\.dist-info/(RECORD|WHEEL|top_level\.txt|entry_points\.txt)$"
    r"|\.dist-info/(sboms|licenses)/|\.dist-info/.*LICENSE|^cffi/|^cffi-[^/]*/"
)


def unpack(wheels: list[Path], folder: Path) -> None:
    """Lay the wheels' modules side by side, as `sys.path` wants them."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in kept(wheel):
                archive.extract(name, folder)
    for metadata in folder.glob("*.dist-info/METADATA"):
        # The head tells name and version; the rest is the project's front page.
        metadata.write_text(metadata.read_text().partition("\n\n")[0] + "\n")


def kept(wheel: Path) -> list[str]:
    """Name the files of a wheel that ship."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return [name for name in names if not name.endswith("/") and not NEVER_READ.search(name)]
