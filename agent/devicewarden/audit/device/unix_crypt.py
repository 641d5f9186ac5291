"""Does a password have this hash? Asks the system's libcrypt, as a log-in does."""

import ctypes
import re
from functools import cache
from typing import Final

from devicewarden.model.errors import AuditError

_LIBRARIES: Final = ("libcrypt.so.1", "libcrypt.so.2")

_MOST_ROUNDS: Final = 100_000
_MOST_LOG_COST: Final = 12
_ROUNDS: Final = re.compile(r"\$[56]\$rounds=(\d+)\$")
_BCRYPT: Final = re.compile(r"\$2[abxy]\$(\d\d)\$")
_CHEAP: Final = re.compile(
    # yescrypt up to 64 MiB; MD5, SHA-256 and SHA-512; DES.
    r"\$y\$j[5-9AB]T\$|\$[156]\$|[./0-9A-Za-z]{13}$"
)


def has_hash(password: str, hashed: str) -> bool:
    """Tell whether a password is the one of a hash as /etc/shadow has it.

    Raises:
        AuditError: there is no libcrypt, it does not know the hash, or the hash is made such that
            one attempt takes more than a second or the memory of an audit.
    """
    if not _is_cheap(hashed):
        raise AuditError("a hash that takes too long to compare")
    crypt = _library().crypt
    crypt.restype = ctypes.c_char_p
    crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    result: bytes | None = crypt(password.encode(), hashed.encode())
    if result is None or result.startswith(b"*"):
        raise AuditError("a hash that this system cannot compare")
    return result == hashed.encode()


def _is_cheap(hashed: str) -> bool:
    if rounds := _ROUNDS.match(hashed):
        return int(rounds[1]) <= _MOST_ROUNDS
    if cost := _BCRYPT.match(hashed):
        return int(cost[1]) <= _MOST_LOG_COST
    return _CHEAP.match(hashed) is not None


@cache
def _library() -> ctypes.CDLL:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise AuditError("there is no libcrypt to compare passwords with", hint="install libcrypt1")
