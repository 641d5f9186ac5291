"""IP addresses as text, the same whichever source they come from."""

import socket
from typing import Final

_MAPPED: Final = bytes(10) + b"\xff\xff"
_MAPPED_TEXT: Final = "::ffff:"
_IPV4_BYTES: Final = 4
WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- recognised, never bound to


def text_of(packed: bytes) -> str:
    """Write an address of 4 or 16 bytes; a mapped one (::ffff:a.b.c.d) is written as IPv4.

    Source: RFC 4291 section 2.5.5.2; the peers of a dual-stack socket have such addresses.
    """
    if packed.startswith(_MAPPED) and len(packed) > len(_MAPPED):
        packed = packed[len(_MAPPED) :]
    family = socket.AF_INET if len(packed) == _IPV4_BYTES else socket.AF_INET6
    return socket.inet_ntop(family, packed)


def unmapped(text: str) -> str:
    """Write an IPv4-mapped address as IPv4; others stay as they are."""
    return text[len(_MAPPED_TEXT) :] if text.startswith(_MAPPED_TEXT) and "." in text else text
