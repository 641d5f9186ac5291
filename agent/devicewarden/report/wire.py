"""Wire names, long and short, and the translation of whole documents. No other file has a name.

Source: AWS IoT Device Defender developer guide, device metrics document specification.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from devicewarden.model.errors import ReportError
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList

Format: TypeAlias = Literal["json", "cbor"]
Names: TypeAlias = Literal["long", "short"]
Document: TypeAlias = Mapping[str, Any]
"""A report as maps, lists and scalars, with long names."""

HEADER: Final = "header"
REPORT_ID: Final = "report_id"
VERSION: Final = "version"
METRICS: Final = "metrics"
CUSTOM_METRICS: Final = "custom_metrics"
LISTENING_TCP: Final = "listening_tcp_ports"
LISTENING_UDP: Final = "listening_udp_ports"
PORTS: Final = "ports"
PORT: Final = "port"
INTERFACE: Final = "interface"
TOTAL: Final = "total"
NETWORK_STATS: Final = "network_stats"
BYTES_IN: Final = "bytes_in"
BYTES_OUT: Final = "bytes_out"
PACKETS_IN: Final = "packets_in"
PACKETS_OUT: Final = "packets_out"
TCP_CONNECTIONS: Final = "tcp_connections"
ESTABLISHED: Final = "established_connections"
CONNECTIONS: Final = "connections"
REMOTE_ADDRESS: Final = "remote_addr"
LOCAL_PORT: Final = "local_port"
LOCAL_INTERFACE: Final = "local_interface"

SHORT: Final[Mapping[str, str]] = {
    HEADER: "hed",
    REPORT_ID: "rid",
    VERSION: "v",
    METRICS: "met",
    CUSTOM_METRICS: "cmet",
    LISTENING_TCP: "tp",
    LISTENING_UDP: "up",
    PORTS: "pts",
    PORT: "pt",
    INTERFACE: "if",
    TOTAL: "t",
    NETWORK_STATS: "ns",
    BYTES_IN: "bi",
    BYTES_OUT: "bo",
    PACKETS_IN: "pi",
    PACKETS_OUT: "po",
    TCP_CONNECTIONS: "tc",
    ESTABLISHED: "ec",
    CONNECTIONS: "cs",
    REMOTE_ADDRESS: "rad",
    LOCAL_PORT: "lp",
    LOCAL_INTERFACE: "li",
}
LONG: Final[Mapping[str, str]] = {short: long for long, short in SHORT.items()}

IP_LIST: Final = "ip_list"
CUSTOM_KEYS: Final[Mapping[type, str]] = {
    Number: "number",
    NumberList: "number_list",
    StringList: "string_list",
    IpAddressList: IP_LIST,
}
"""The one member of a custom metric, by type; these and the metrics' names have no short form."""

_CUSTOM: Final = frozenset({CUSTOM_METRICS, SHORT[CUSTOM_METRICS]})


def shorten(document: Document) -> dict[str, Any]:
    """Translate a document with long names; no value changes."""
    return _rename(document, SHORT)


def lengthen(document: Document) -> dict[str, Any]:
    """Translate a received document to long names; names that are neither long nor short stay.

    Raises:
        ReportError: long and short names are mixed; the message has a path of each.
    """
    long = next((path for path, name in _members(document) if name in SHORT), None)
    short = next((path for path, name in _members(document) if name in LONG), None)
    if long and short:
        raise ReportError(f"long and short names are mixed: {long} and {short}")
    return _rename(document, LONG) if short else dict(document)


def _rename(members: Document, table: Mapping[str, str]) -> dict[str, Any]:
    return {
        table.get(name, name): member if name in _CUSTOM else _rename_in(member, table)
        for name, member in members.items()
    }


def _rename_in(value: object, table: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return _rename(value, table)
    if isinstance(value, list):
        return [_rename_in(item, table) for item in value]
    return value


def _members(value: object, path: str = "$") -> Iterator[tuple[str, str]]:
    """Walk all members, custom metrics aside: path and name of each."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield f"{path}.{name}", name
            if name not in _CUSTOM:
                yield from _members(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _members(item, f"{path}[{index}]")
