"""Report -> payload, as JSON or CBOR, and what an entry of a list costs in either."""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from devicewarden.report.wire import SHORT, Document, Format, Names, shorten

Entry: TypeAlias = Mapping[str, str | int]
"""A member of a list of ports or connections, with long names."""

_JSON: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_CBOR_LIMITS: Final = (24, 1 << 8, 1 << 16, 1 << 32)
_CBOR_HEAD_BYTES: Final = (1, 2, 3, 5, 9)


def encode(document: Document, payload_format: Format, names: Names) -> bytes:
    """Write a document with long names as a payload; the order of members stays as it is.

    JSON is compact ASCII. CBOR has definite lengths, shortest integers, text keys and float64
    alone: the service may refuse anything else. (`canonical` would shrink floats to 16 bits.)
    """
    spelled = shorten(document) if names == "short" else document
    return _cbor(spelled) if payload_format == "cbor" else _json(spelled)


def entry_sizer(payload_format: Format, names: Names) -> Callable[[Entry], int]:
    """Give a function that tells how many bytes one more entry adds to a list.

    Arithmetic instead of encoding, because a host has more connections than a payload can hold.
    In JSON the comma between two entries counts, so the first entry costs one byte less.
    """
    scalar = _cbor_scalar_bytes if payload_format == "cbor" else _json_scalar_bytes
    braces, separators = (1, 0) if payload_format == "cbor" else (2, 2)
    member = {
        name: scalar(short if names == "short" else name) + separators
        for name, short in SHORT.items()
    }

    def size_bytes(entry: Entry) -> int:
        return braces + sum(member[name] + scalar(value) for name, value in entry.items())

    return size_bytes


def _json(value: Any) -> bytes:
    return _JSON.encode(value).encode("ascii")


def _cbor(value: Any) -> bytes:
    import cbor2  # noqa: PLC0415 -- a megabyte of memory that only this format needs

    return cbor2.dumps(value)


def _json_scalar_bytes(value: str | int) -> int:
    return len(_JSON.encode(value) if isinstance(value, str) else str(value))


def _cbor_scalar_bytes(value: str | int) -> int:
    if isinstance(value, int):
        return _cbor_head_bytes(value)
    text = len(value.encode())
    return _cbor_head_bytes(text) + text


def _cbor_head_bytes(argument: int) -> int:
    return _CBOR_HEAD_BYTES[bisect_right(_CBOR_LIMITS, argument)]
