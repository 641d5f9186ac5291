"""CVE-2008-0166: RSA keys that Debian's OpenSSL made from a process id and nothing else.

There are about 500,000 of them, and no property tells one but its place on the list. Debian carried
the list in openssl-blacklist and openssl-blacklist-extra (46 MB), which newer releases have not:
it is read where somebody installed it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
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
        digest = fingerprint(modulus)
        paths = [self.folder / name.format(bits=bits) for name in _NAMES]
        there = [path for path in paths if path.exists()]
        return any(_stands_in(path, digest) for path in there) if there else None


def fingerprint(modulus: int) -> str:
    """Give a key as the list has it: the last 20 digits of SHA-1 over what OpenSSL prints."""
    line = f"Modulus={modulus:X}\n".encode()
    return hashlib.sha1(line, usedforsecurity=False).hexdigest()[20:]


def _stands_in(path: Path, digest: str) -> bool:
    with path.open(encoding="ascii", errors="replace") as lines:
        return _stands_among(lines, digest)


def _stands_among(lines: Iterable[str], digest: str) -> bool:
    return any(line.rstrip("\n") == digest for line in lines)
