"""`python packaging/pin.py`: writes the requirements with hashes, at constraints.txt's versions."""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import wheels

HERE: Final = Path(__file__).parent

EVERYWHERE: Final = ("amd64", "arm64", "armhf")
NATIVE: Final = ("amd64", "arm64")

FILES: Final = {
    "requirements.txt": (
        EVERYWHERE,
        "attrs cattrs cbor2 click cryptography structlog tenacity typing_extensions",
        (wheels.ANY_PYTHON,),
    ),
    "requirements-native.txt": (NATIVE, "awscrt awsiotsdk psutil", (wheels.ANY_PYTHON,)),
    "requirements-cffi.txt": (NATIVE, "cffi", tuple((b,) for b in wheels.BACKENDS)),
    "requirements-armhf.txt": (("armhf",), "paho-mqtt", (wheels.ANY_PYTHON,)),
}
"""File -> architectures, distributions, and the sets of ABIs that pip is asked for."""


def main() -> None:
    """Download each file once and write its hash down."""
    versions = dict(
        re.findall(r"(?m)^(\S+)==(\S+)$", (HERE.parent / "constraints.txt").read_text())
    )
    for name, (architectures, distributions, abi_sets) in FILES.items():
        lines = ["# Written by packaging/pin.py from constraints.txt: every file that may ship.\n"]
        for distribution in distributions.split():
            pinned = f"{distribution}=={versions[distribution]}"
            hashes = sorted(
                {h for a in architectures for abis in abi_sets for h in _hashes(pinned, a, abis)}
            )
            lines.append(" \\\n    ".join([pinned, *(f"--hash=sha256:{h}" for h in hashes)]) + "\n")
        (HERE / name).write_text("".join(lines))


def _hashes(pinned: str, architecture: str, abis: tuple[str, ...]) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603  our argument list
            [
                *(sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"),
                *wheels.choice(architecture, abis),
                *("--dest", folder, pinned),
            ],
            check=True,
        )
        return {hashlib.sha256(w.read_bytes()).hexdigest() for w in Path(folder).glob("*.whl")}


if __name__ == "__main__":
    main()
