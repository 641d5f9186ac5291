"""Payload -> document, for whoever receives reports. A payload is hostile until it is read."""

from typing import Any, Final

from devicewarden.model.errors import DocumentError, ReportError
from devicewarden.model.strict_cbor import read_cbor
from devicewarden.model.strict_json import read_json
from devicewarden.report.wire import Format, lengthen

MAX_PAYLOAD_BYTES: Final = 128 * 1024
"""AWS IoT Core disconnects who sends more."""

MAX_LEVELS: Final = 16
"""A report has seven."""


def decode(payload: bytes, payload_format: Format) -> dict[str, Any]:
    """Read a payload into a document with long names.

    Raises:
        ReportError: more than `MAX_PAYLOAD_BYTES`, not the format, not an object, too deep, mixed
            names, or something that the format allows and a report never has: the same name twice,
            numbers that are not finite or need more than 64 bits, in CBOR byte strings and tags.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ReportError(f"{len(payload)} bytes, more than {MAX_PAYLOAD_BYTES}")
    read = read_cbor if payload_format == "cbor" else read_json
    try:
        document = read(payload, levels=MAX_LEVELS)
    except DocumentError as error:
        raise ReportError(f"the payload {error}") from error
    if not isinstance(document, dict):
        raise ReportError("$ must be an object")
    return lengthen(document)
