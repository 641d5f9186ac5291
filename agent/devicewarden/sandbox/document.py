"""Reads a report as the cloud does: either spelling, without this project's own encoder.

The names stand here a second time on purpose: were they shared with `report`, a wrong name there
would be right here too. Source: AWS IoT Device Defender, device metrics document specification.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import cbor2

Format: TypeAlias = Literal["json", "cbor"]

LONG_NAMES: Final = {
    "hed": "header",
    "rid": "report_id",
    "v": "version",
    "met": "metrics",
    "cmet": "custom_metrics",
    "tp": "listening_tcp_ports",
    "up": "listening_udp_ports",
    "pts": "ports",
    "pt": "port",
    "if": "interface",
    "t": "total",
    "ns": "network_stats",
    "bi": "bytes_in",
    "bo": "bytes_out",
    "pi": "packets_in",
    "po": "packets_out",
    "tc": "tcp_connections",
    "ec": "established_connections",
    "cs": "connections",
    "rad": "remote_addr",
    "lp": "local_port",
    "li": "local_interface",
}

PARSE: Final[Mapping[Format, Callable[[bytes], Any]]] = {"json": json.loads, "cbor": cbor2.loads}
ENCODE: Final[Mapping[Format, Callable[[Any], bytes]]] = {
    "json": lambda document: json.dumps(document, separators=(",", ":")).encode(),
    "cbor": cbor2.dumps,
}


def lengthen(document: Any) -> Any:
    """Give a report its long names; names of custom metrics stay, they have no short form."""
    if isinstance(document, list):
        return [lengthen(item) for item in document]
    if not isinstance(document, dict):
        return document
    renamed = {LONG_NAMES.get(name, name): value for name, value in document.items()}
    return {
        name: value if name == "custom_metrics" else lengthen(value)
        for name, value in renamed.items()
    }


def report_id(document: Any) -> int | None:
    """Find the id of a report with long names; None where there is none, or no positive one."""
    header = document.get("header") if isinstance(document, dict) else None
    value = header.get("report_id") if isinstance(header, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
