"""Bytes from the broker -> reply. Hostile until parsed: size first, then form, then types.

Source: AWS IoT Device Defender developer guide, "Sending metrics from devices"; `reportId` is
missing in its examples, and error codes are an open set.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Literal

from devicewarden.model.outcome import Accepted, Rejected

MAX_REPLY_BYTES: Final = 8192
MAX_TEXT_CHARACTERS: Final = 200
MAX_DEPTH: Final = 8

_BYTE_STRING: Final = 2
_TEXT: Final = 3
_ARRAY: Final = 4
_MAP: Final = 5
_TAG: Final = 6
_WIDTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}
"""Additional information -> bytes of the argument that follows (RFC 8949, section 3)."""


class MalformedReplyError(ValueError):
    """The payload is not a reply."""


class OversizedReplyError(MalformedReplyError):
    """The payload is larger than any reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service says about one report; `report_id` is None where it does not say which."""

    report_id: int | None
    outcome: Accepted | Rejected


def parse_reply(payload: bytes, encoding: Literal["json", "cbor"]) -> Reply:
    """Read a reply; members that are not known do not matter.

    Raises:
        OversizedReplyError: more than MAX_REPLY_BYTES.
        MalformedReplyError: whatever else is wrong.
    """
    if len(payload) > MAX_REPLY_BYTES:
        raise OversizedReplyError(f"{len(payload)} bytes")
    document = _decode_json(payload) if encoding == "json" else _decode_cbor(payload)
    if not isinstance(document, Mapping):
        raise MalformedReplyError("not an object")
    return Reply(_report_id(document.get("reportId")), _outcome(document))


def _report_id(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise MalformedReplyError("reportId is not an integer")


def _outcome(document: Mapping[Any, Any]) -> Accepted | Rejected:
    match document.get("status"):
        case "ACCEPTED":
            return Accepted()
        case "REJECTED":
            details = document.get("statusDetails", {})
            if not isinstance(details, Mapping):
                raise MalformedReplyError("statusDetails is not an object")
            return Rejected(_text(details, "ErrorCode"), _text(details, "ErrorMessage"))
        case _:
            raise MalformedReplyError("status is neither ACCEPTED nor REJECTED")


def _text(details: Mapping[Any, Any], name: str) -> str:
    """Take a text for logs and terminals: short, and without control characters."""
    value = details.get(name, "")
    if not isinstance(value, str):
        raise MalformedReplyError(f"{name} is not text")
    return "".join(c if c.isprintable() else "?" for c in value[:MAX_TEXT_CHARACTERS])


def _decode_json(payload: bytes) -> Any:
    try:
        return json.loads(payload.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedReplyError("not JSON") from error


def _decode_cbor(payload: bytes) -> Any:
    import cbor2  # noqa: PLC0415  only daemons that report in CBOR pay for it

    _refuse_unsafe_cbor(payload)
    stream = BytesIO(payload)
    try:
        document = cbor2.load(stream, max_depth=MAX_DEPTH)
    except (cbor2.CBORError, ValueError, TypeError, EOFError, RecursionError) as error:
        raise MalformedReplyError("not CBOR") from error
    if stream.tell() != len(payload):
        raise MalformedReplyError("bytes after the CBOR document")
    return document


def _refuse_unsafe_cbor(payload: bytes) -> None:
    """Walk over the heads of all items, for cbor2 cannot be told what to refuse.

    Tags would compile regular expressions and parse mails; a length is believed only as far as
    there are bytes.
    """
    position = 0
    while position < len(payload):
        major, info = divmod(payload[position], 32)
        width = _WIDTHS.get(info, 0)
        position += 1 + width
        argument = int.from_bytes(payload[position - width : position], "big") if width else info
        if major in (_BYTE_STRING, _TAG):
            raise MalformedReplyError("CBOR with a byte string or a tag")
        indefinite = info > max(_WIDTHS)
        if major in (_TEXT, _ARRAY, _MAP) and not indefinite:
            if argument > len(payload) - position:
                raise MalformedReplyError("CBOR that ends early")
            position += argument if major == _TEXT else 0
