"""Bytes from the broker -> reply. Hostile until parsed: size first, then form, then types.

Source: AWS IoT Device Defender developer guide, "Sending metrics from devices"; `reportId` is
missing in its examples, and error codes are an open set.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from devicewarden.model.errors import DocumentError
from devicewarden.model.outcome import Accepted, Rejected

MAX_REPLY_BYTES: Final = 8192
MAX_TEXT_CHARACTERS: Final = 200
MAX_LEVELS: Final = 8


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
    # Most devices speak JSON, and need none of this.
    from devicewarden.model.strict_cbor import read_cbor  # noqa: PLC0415  see above

    try:
        return read_cbor(payload, levels=MAX_LEVELS)
    except DocumentError as error:
        raise MalformedReplyError("not CBOR") from error
