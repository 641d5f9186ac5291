"""The value of one custom metric as others write it: JSON bytes -> CustomValue, or what is wrong.

Reasons name types and places, never contents: they end up in the log and in `status`.
"""

import ipaddress
import math
import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, assert_never

from devicewarden.model.errors import DocumentError
from devicewarden.model.metric import CustomValue, IpAddressList, Number, NumberList, StringList
from devicewarden.model.strict_json import read_json

MetricType: TypeAlias = Literal["number", "number-list", "string-list", "ip-address-list"]

MAX_JSON_BYTES: Final = 65_536
# Bounds of our own: AWS documents none for lists and strings.
MAX_LEVELS: Final = 8
MAX_ITEMS: Final = 1_000
MAX_STRING: Final = 128
LONGEST_ADDRESS: Final = 45
NAME: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
# The members of the file format, which are those of the report.
MEMBERS: Final[dict[str, MetricType]] = {
    "number": "number",
    "number_list": "number-list",
    "string_list": "string-list",
    "ip_list": "ip-address-list",
}
KINDS: Final = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "an array",
    str: "a string",
    type(None): "null",
}


class BadValueError(ValueError):
    """A name or a value that cannot be a custom metric; the message says what is wrong with it."""


def decode_json(data: bytes) -> object:
    """Decode one JSON document.

    Raises:
        BadValueError: too large, or what `read_json` refuses.
    """
    if len(data) > MAX_JSON_BYTES:
        raise BadValueError(f"larger than {MAX_JSON_BYTES} bytes")
    try:
        return read_json(data, levels=MAX_LEVELS, long_integer=float)
    except DocumentError as error:
        raise BadValueError(str(error)) from error


def check_name(name: str) -> None:
    """Refuse a name that no custom metric can have.

    Raises:
        BadValueError: not 1 to 128 of `[a-zA-Z0-9:_-]`, or it begins with `aws:`.

    Source: AWS IoT API, CreateCustomMetric.
    """
    if not NAME.fullmatch(name):
        raise BadValueError("the metric name is not 1 to 128 of letters, digits, ':', '_' and '-'")
    if name.startswith("aws:"):
        raise BadValueError("the metric name begins with 'aws:', which is reserved")


def parse_document(document: object) -> CustomValue:
    """Parse an object of one member, which tells the type: `{"number": 3.5}`.

    Raises:
        BadValueError: not such an object, or its value is bad.
    """
    if not isinstance(document, dict) or len(document) != 1:
        raise BadValueError(f"not an object of one member, {', '.join(MEMBERS)}")
    ((member, value),) = document.items()
    if member not in MEMBERS:
        raise BadValueError(f"the member is not one of {', '.join(MEMBERS)}")
    return parse_value(MEMBERS[member], value)


def parse_value(metric_type: MetricType, value: object) -> CustomValue:
    """Parse a decoded JSON value as a metric of this type.

    Numbers are rounded to 15 significant digits, all that the service keeps; addresses come out in
    canonical form, IPv4-mapped ones as IPv4.

    Raises:
        BadValueError: the value is of another type, too long, not finite, not printable...

    Source: AWS IoT Device SDK for C++ v2, Device Defender readme (precision, addresses).
    """
    match metric_type:
        case "number":
            return Number(_number(value))
        case "number-list":
            return NumberList(tuple(_number(item, at) for at, item in enumerate(_items(value))))
        case "string-list":
            return StringList(tuple(_string(item, at) for at, item in enumerate(_items(value))))
        case "ip-address-list":
            return IpAddressList(tuple(_ip(item, at) for at, item in enumerate(_items(value))))
        case _:
            assert_never(metric_type)


def _items(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise BadValueError(f"{_kind(value)}, not an array")
    if len(value) > MAX_ITEMS:
        raise BadValueError(f"{len(value)} items, more than {MAX_ITEMS}")
    return value


def _number(value: object, at: int | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(at, f"{_kind(value)}, not a number")
    try:
        number = float(f"{value:.15g}")
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _bad(at, "a number that is not finite, or too large for 64 bits")
    return number


def _string(value: object, at: int) -> str:
    if not isinstance(value, str):
        raise _bad(at, f"{_kind(value)}, not a string")
    if not 1 <= len(value) <= MAX_STRING or not value.isprintable():
        raise _bad(at, f"not 1 to {MAX_STRING} printable characters")
    return value


def _ip(value: object, at: int) -> str:
    if not isinstance(value, str):
        raise _bad(at, f"{_kind(value)}, not an IP address")
    # The zone id means nothing on another host.
    if len(value) > LONGEST_ADDRESS or "%" in value:
        raise _bad(at, "not an IP address without zone, port and mask")
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise _bad(at, "not an IP address without zone, port and mask") from error
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _bad(at: int | None, reason: str) -> BadValueError:
    return BadValueError(reason if at is None else f"item [{at}]: {reason}")


def _kind(value: object) -> str:
    return KINDS.get(type(value), "no JSON value")
