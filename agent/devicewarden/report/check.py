"""Judges payloads: is this a report? JSON Schema says most of it, this file the rest."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from devicewarden.model.errors import ReportError
from devicewarden.report import wire
from devicewarden.report.decode import decode

_HIGHEST_PORT: Final = 65535


def judge(
    payload: bytes, payload_format: wire.Format, validate: Callable[[object], object]
) -> list[str]:
    """Tell every reason why a payload is no report; none means that it is one.

    Each reason has a JSON path in long names, also where the payload has short ones. Of what
    breaks the schema only the first is told, because the validator stops there; what the schema
    cannot say is told in full.

    Args:
        payload: hostile bytes.
        payload_format: what the payload claims to be.
        validate: raises ReportError where a document breaks `report.schema.json`.
    """
    try:
        document = decode(payload, payload_format)
    except ReportError as error:
        return [str(error)]
    return [*_schema_reasons(document, validate), *_other_reasons(document)]


def _schema_reasons(
    document: dict[str, Any], validate: Callable[[object], object]
) -> Iterator[str]:
    try:
        validate(document)
    except ReportError as error:
        yield str(error)


def _other_reasons(document: dict[str, Any]) -> Iterator[str]:
    for path, members in _objects(document, "$"):
        yield from _total_reasons(path, members)
        yield from _remote_reasons(path, members)
        yield from _ip_list_reasons(path, members)


def _objects(value: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk all objects of a document, whatever its shape: path and members of each."""
    if isinstance(value, dict):
        yield path, value
        for name, member in value.items():
            yield from _objects(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects(item, f"{path}[{index}]")


def _total_reasons(path: str, members: dict[str, Any]) -> Iterator[str]:
    total = members.get(wire.TOTAL)
    for name in (wire.PORTS, wire.CONNECTIONS):
        items = members.get(name)
        if isinstance(total, int) and isinstance(items, list) and total < len(items):
            yield f"{path}.{wire.TOTAL} must be at least {len(items)}, the length of {name}"


def _remote_reasons(path: str, members: dict[str, Any]) -> Iterator[str]:
    remote = members.get(wire.REMOTE_ADDRESS)
    if isinstance(remote, str) and not _is_address_and_port(remote):
        yield f"{path}.{wire.REMOTE_ADDRESS} must be ip:port, an IPv6 address in brackets"


def _ip_list_reasons(path: str, members: dict[str, Any]) -> Iterator[str]:
    addresses = members.get(wire.IP_LIST)
    if not isinstance(addresses, list):
        return
    for index, address in enumerate(addresses):
        if isinstance(address, str) and not _is_address(address):
            yield f"{path}.{wire.IP_LIST}[{index}] must be an IP address without port or mask"


def _is_address_and_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    in_brackets = host.startswith("[") and host.endswith("]")
    address = host[1:-1] if in_brackets else host
    return (
        _is_address(address)
        and in_brackets == (":" in address)
        and re.fullmatch("[0-9]{1,5}", port) is not None
        and 1 <= int(port) <= _HIGHEST_PORT
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    # Python takes a zone index (`%eth0`), which means nothing on another host.
    return "%" not in text
