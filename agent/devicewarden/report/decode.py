"""Payload -> document, for whoever receives reports. A payload is hostile until it is read."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final

from devicewarden.model.errors import ReportError
from devicewarden.report import cbor
from devicewarden.report.wire import Format, lengthen

MAX_PAYLOAD_BYTES: Final = 128 * 1024
"""AWS IoT Core disconnects who sends more."""

_MAX_DIGITS: Final = 20
"""Enough for 64 bits."""


def decode(payload: bytes, payload_format: Format) -> dict[str, Any]:
    """Read a payload into a document with long names.

    Raises:
        ReportError: more than `MAX_PAYLOAD_BYTES`, not the format, not an object, too deep, mixed
            names, or something that the format allows and a report never has: the same name twice,
            numbers that are not finite or need more than 64 bits, in CBOR byte strings and tags.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ReportError(f"{len(payload)} bytes, more than {MAX_PAYLOAD_BYTES}")
    document = cbor.read(payload) if payload_format == "cbor" else _read_json(payload)
    if not isinstance(document, dict):
        raise ReportError("$ must be an object")
    return lengthen(document)


def _read_json(payload: bytes) -> object:
    try:
        document = json.loads(
            payload.decode(),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except RecursionError as error:
        raise ReportError(f"more than {cbor.MAX_DEPTH} levels") from error
    except ValueError as error:
        raise ReportError(f"not JSON: {error}") from error
    _inspect(document, cbor.MAX_DEPTH)
    return document


def _inspect(value: object, levels: int) -> None:
    """Refuse what JSON can spell and other formats cannot."""
    if not levels:
        raise ReportError(f"more than {cbor.MAX_DEPTH} levels")
    match value:
        case str():
            _refuse_surrogates(value)
        case list():
            for item in value:
                _inspect(item, levels - 1)
        case dict():
            for name, member in value.items():
                _refuse_surrogates(name)
                _inspect(member, levels - 1)


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ReportError("text has half a surrogate pair") from error


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, member in members:
        if name in document:
            raise ReportError(f"the name {name[:80]!r} is there twice")
        document[name] = member
    return document


def _constant(text: str) -> object:
    raise ReportError(f"{text} is not JSON")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_DIGITS:
        raise ReportError(f"an integer of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ReportError(f"the number {text[:80]} is not finite")
    return number
