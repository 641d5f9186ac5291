"""The leaves of the document: how one port, one connection, one custom metric is written."""

import math
from typing import Any, Final, assert_never

from devicewarden.model.errors import ReportError
from devicewarden.model.metric import (
    Connection,
    CustomValue,
    IpAddressList,
    Number,
    NumberList,
    StringList,
)
from devicewarden.report import wire

_SMALLEST_INEXACT: Final = 10**15


def port_entry(port: int, interface: str) -> dict[str, str | int]:
    """Write a listening port; an empty interface (wildcard, or not known) is omitted."""
    entry: dict[str, str | int] = {wire.PORT: port}
    if interface:
        entry[wire.INTERFACE] = plain(interface)
    return entry


def connection_entry(connection: Connection) -> dict[str, str | int]:
    """Write a connection; an IPv6 peer stands in brackets."""
    address, port = connection.remote_address, connection.remote_port
    remote = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    entry: dict[str, str | int] = {
        wire.REMOTE_ADDRESS: remote,
        wire.LOCAL_PORT: connection.local_port,
    }
    if connection.local_interface:
        entry[wire.LOCAL_INTERFACE] = plain(connection.local_interface)
    return entry


def custom_entry(value: CustomValue) -> list[dict[str, Any]]:
    """Write a custom metric: a list of one object of one member, whatever its type.

    Raises:
        ReportError: a number is not finite.
    """
    return [{wire.CUSTOM_KEYS[type(value)]: _custom_value(value)}]


def plain(text: str) -> str:
    r"""Spell undecodable bytes of a name as `\udcXX`, so that every format can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()


def _custom_value(value: CustomValue) -> Any:
    match value:
        case Number(number):
            return _number(number)
        case NumberList(numbers):
            return [_number(number) for number in numbers]
        case StringList(texts):
            return [plain(text) for text in texts]
        case IpAddressList(addresses):
            return list(addresses)
        case _:
            assert_never(value)


def _number(value: float) -> float:
    """Round to 15 digits, since the service silently drops longer ones; 3.0 is written as 3.

    Source: README of the Device Defender sample in aws-iot-device-sdk-cpp-v2.
    """
    if not math.isfinite(value):
        raise ReportError(f"{value} has no place in a report")
    rounded = float(f"{value:.15g}")
    if math.isinf(rounded):  # the very last floats, which programs use as marks
        return value
    whole = abs(rounded) < _SMALLEST_INEXACT and rounded.is_integer()
    return int(rounded) if whole else rounded
