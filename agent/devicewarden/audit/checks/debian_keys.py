"""CVE-2008-0166: RSA keys that Debian's OpenSSL made from a process id and nothing else.

There are about 500,000 of them, and no property tells one but its place on the list. Debian carried
the list in openssl-blacklist and openssl-blacklist-extra (46 MB), which newer releases have not:
it is read where somebody installed it.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/usr/share/openssl-blacklist")

MADE_BEFORE: Final = datetime(2015, 1, 1, tzinfo=UTC)
"""Seven years after the fix; a certificate that is younger has a key that is younger too."""

_NAMES: Final = ("blacklist.RSA-{bits}", "compromised.RSA-{bits}")
_LISTED_BITS: Final = (512, 1024, 2048, 4096)


@dataclass(frozen=True, slots=True)
class DebianKeys:
    """The list of the package openssl-blacklist.

    Attributes:
        folder: where the package puts it.
    """

    folder: Path = FOLDER

    def lists(self, modulus: int) -> bool | None:
        """Tell whether a key is on the list; None: there is no list for its size.

        Raises:
            OSError: the list is there and cannot be read.

        Source: openssl-vulnkey(1).
        """
        bits = modulus.bit_length()
        if bits not in _LISTED_BITS:
            return False
        listed = _listed(self.folder, bits)
        return None if listed is None else fingerprint(modulus) in listed


def fingerprint(modulus: int) -> str:
    """Give a key as the list has it: the last 20 digits of SHA-1 over what OpenSSL prints."""
    line = f"Modulus={modulus:X}\n".encode()
    return hashlib.sha1(line, usedforsecurity=False).hexdigest()[20:]


@lru_cache
def _listed(folder: Path, bits: int) -> frozenset[str] | None:
    """Read the lists of one size once, about 10 MB for 2048 bits: an account has many keys."""
    paths = [folder / name.format(bits=bits) for name in _NAMES]
    there = [path for path in paths if path.exists()]
    return frozenset(chain.from_iterable(map(_lines, there))) if there else None


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii", errors="replace").splitlines()
