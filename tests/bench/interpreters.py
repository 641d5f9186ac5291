"""Which Python a figure is measured with: Debian's, as a package would use, wherever it fits."""

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tests.bench.isolation import ROOT

DEBIAN: Final = Path("/usr/bin/python3")


def debian_python(folder: Path) -> str | None:
    """Give Debian's Python what ours has installed, and nothing that happens to lie in /usr.

    Args:
        folder: where a virtual environment is made, which only borrows from ours.

    Returns:
        Its path; None where there is none, or one that cannot load our compiled libraries.
    """
    if Path(sys.base_prefix) == DEBIAN.parents[1]:
        return sys.executable
    if not DEBIAN.exists() or _version(str(DEBIAN)) != _version(sys.executable):
        return None
    try:
        subprocess.run([DEBIAN, "-m", "venv", "--without-pip", folder], check=True)
    except subprocess.CalledProcessError:
        return None
    borrowed = [str(ROOT / "agent"), sysconfig.get_path("purelib")]
    for site in folder.glob("lib/python*/site-packages"):
        (site / "borrowed.pth").write_text("\n".join(borrowed))
    return str(folder / "bin" / "python3")


def _version(python: str) -> str:
    """Give major and minor version, and the implementation, which compiled libraries depend on."""
    ask = "import sys; print(sys.implementation.cache_tag)"
    done = subprocess.run([python, "-c", ask], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.strip()
