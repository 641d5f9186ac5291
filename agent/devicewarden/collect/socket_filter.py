"""Conditions that the kernel applies to a list of sockets, so that few of many are copied out.

Source: INET_DIAG_REQ_BYTECODE in linux/inet_diag.h: a program that only jumps ahead. It accepts a
socket by running to its exact end, and refuses one by jumping a word past it.
"""

import socket
import struct
from collections.abc import Iterable
from typing import Final

_ATTRIBUTE: Final = struct.Struct("=HH")
_BYTECODE: Final = 1
_STEP: Final = struct.Struct("=BBH")
"""Code, bytes ahead if it holds, bytes ahead if not: `struct inet_diag_bc_op`."""
_JUMP, _LOCAL, _REMOTE = 1, 7, 8
_HOST: Final = struct.Struct("=BBxxi")
"""Family, prefix length, port or -1: `struct inet_diag_hostcond`; the address follows."""
_ANY_PORT: Final = -1
_PAST_END: Final = _STEP.size
MOST_ADDRESSES: Final = 250
"""With more than these it is cheaper to let the kernel copy everything."""


def local_end(address: str, port: int) -> bytes:
    """Keep sockets with exactly this local address and port, IPv4-mapped ones too.

    Raises:
        OSError: not an IP address.
    """
    return _only(_LOCAL, _host(address, port))


def remote_address(address: str) -> bytes:
    """Keep sockets whose remote address is this one, IPv4-mapped ones too.

    Raises:
        OSError: not an IP address.
    """
    return _only(_REMOTE, _host(address, _ANY_PORT))


def remote_beyond(addresses: Iterable[str]) -> bytes:
    """Keep sockets whose remote address is none of these, at most MOST_ADDRESSES; none: keep all.

    Raises:
        OSError: not an IP address.
    """
    hosts = [_host(address, _ANY_PORT) for address in addresses]
    left = sum(2 * _STEP.size + len(host) for host in hosts)
    program = bytearray()
    for host in hosts:
        size = _STEP.size + len(host)
        left -= size
        # Equal: on to the jump behind, which leads out. Not equal: over the jump, to the next one.
        program += _STEP.pack(_REMOTE, size, size + _STEP.size) + host
        program += _STEP.pack(_JUMP, _STEP.size, left + _PAST_END)
        left -= _STEP.size
    return _attribute(bytes(program)) if program else b""


def _only(code: int, host: bytes) -> bytes:
    size = _STEP.size + len(host)
    return _attribute(_STEP.pack(code, size, size + _PAST_END) + host)


def _host(address: str, port: int) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    return _HOST.pack(family, 8 * len(packed), port) + packed


def _attribute(program: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(program), _BYTECODE) + program
