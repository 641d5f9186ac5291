"""Reads the part of CBOR that JSON can say, and refuses the rest.

cbor2 reads all of CBOR and cannot be told not to: tags of a hostile payload would compile regular
expressions, parse mails and share references. Refusing them takes this walk anyway.

Source: RFC 8949, section 3 (specification of the CBOR encoding).
"""

import math
import struct
from collections.abc import Iterator
from typing import Any, Final

from devicewarden.model.errors import DocumentError

_INDEFINITE: Final = 31
_BREAK: Final = 0xFF
_INLINE: Final = 24
_TEXT: Final = 3
_REFUSED: Final = {2: "a byte string", 6: "a tag"}
_SIMPLE: Final[dict[int, bool | None]] = {20: False, 21: True, 22: None}
_WIDTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_FLOATS: Final = {25: ">e", 26: ">f", 27: ">d"}


def read_cbor(payload: bytes, *, levels: int) -> object:
    """Read exactly one value; definite and indefinite lengths, any width of numbers.

    Args:
        payload: hostile bytes.
        levels: how deep arrays and maps may be nested, plain values counted as a level.

    Raises:
        DocumentError: not CBOR, or byte strings, tags, undefined, NaN, keys that are not text, the
            same key twice, too many levels, or bytes after the value.
    """
    reader = _Reader(payload, levels)
    value = reader.value(levels)
    if reader.position != len(payload):
        raise DocumentError(f"has {len(payload) - reader.position} bytes after the CBOR document")
    return value


class _Reader:
    def __init__(self, payload: bytes, levels: int) -> None:
        self.payload = payload
        self.levels = levels
        self.position = 0

    def value(self, levels: int) -> object:
        if not levels:
            raise DocumentError(f"is nested more than {self.levels} levels deep")
        major, info = divmod(self._take(1)[0], 32)
        match major:
            case 0:
                return self._argument(info)
            case 1:
                return -1 - self._argument(info)
            case 3:
                return self._text(info)
            case 4:
                return [self.value(levels - 1) for _ in self._each(info)]
            case 5:
                return self._map(info, levels - 1)
            case 7:
                return self._simple(info)
            case _:
                raise self._error(_REFUSED[major])

    def _take(self, count: int) -> bytes:
        taken = self.payload[self.position : self.position + count]
        if len(taken) < count:
            raise DocumentError("is CBOR that ends early")
        self.position += count
        return taken

    def _argument(self, info: int) -> int:
        if info < _INLINE:
            return info
        if info not in _WIDTHS:
            raise self._error(f"additional information {info}")
        return int.from_bytes(self._take(_WIDTHS[info]), "big")

    def _each(self, info: int) -> Iterator[None]:
        """Stop once for each item; a false count is stopped by the end of the payload."""
        if info != _INDEFINITE:
            for _ in range(self._argument(info)):
                yield
            return
        while self.payload[self.position : self.position + 1] != bytes([_BREAK]):
            yield
        self.position += 1

    def _text(self, info: int) -> str:
        if info == _INDEFINITE:
            return "".join(self._chunk() for _ in self._each(info))
        try:
            return self._take(self._argument(info)).decode()
        except UnicodeDecodeError as error:
            raise self._error(f"text that is not UTF-8 ({error.reason})") from error

    def _chunk(self) -> str:
        major, info = divmod(self._take(1)[0], 32)
        if major != _TEXT or info == _INDEFINITE:
            raise self._error("a chunk that is not text")
        return self._text(info)

    def _map(self, info: int, levels: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for _ in self._each(info):
            name = self.value(levels)
            if not isinstance(name, str):
                raise self._error("a key that is not text")
            if name in members:
                raise self._error(f"the key {name[:80]!r} twice")
            members[name] = self.value(levels)
        return members

    def _simple(self, info: int) -> bool | float | None:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info not in _FLOATS:
            raise self._error(f"simple value {info}")
        number: float = struct.unpack(_FLOATS[info], self._take(_WIDTHS[info]))[0]
        if not math.isfinite(number):
            raise self._error(f"the number {number}")
        return number

    def _error(self, what: str) -> DocumentError:
        return DocumentError(f"is CBOR with {what}, before byte {self.position}")
