"""Conditions for the kernel: run here as the kernel runs them."""

import ipaddress
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.collect.socket_filter import local_end, remote_address, remote_beyond

MAPPED = bytes(10) + b"\xff\xff"
JUMP, LOCAL, REMOTE = 1, 7, 8
addresses = st.ip_addresses().map(str) | st.sampled_from(
    ["127.0.0.1", "127.0.0.2", "::1", "2001:db8::1", "0.0.0.0", "::"]
)
ports = st.integers(0, 65535)


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def equals(host: bytes, address: bytes) -> bool:
    """Compare as inet_diag_bc_run() does: family, or IPv4 in a mapped address."""
    if len(host) == 4 and address.startswith(MAPPED) and len(address) == 16:
        address = address[12:]
    return host == address


def accepts(condition: bytes, local: tuple[bytes, int], remote: tuple[bytes, int]) -> bool:
    """Run a condition on one socket; an empty one accepts all."""
    if not condition:
        return True
    length, kind = struct.unpack_from("=HH", condition)
    assert (length, kind) == (len(condition), 1)
    program, at = condition[4:], 0
    while at < len(program):
        code, yes, no = struct.unpack_from("=BBH", program, at)
        assert min(yes, no) >= 4 or code == JUMP
        assert (yes % 4, no % 4) == (0, 0)
        holds = False
        if code in {LOCAL, REMOTE}:
            family, bits, port = struct.unpack_from("=BBxxi", program, at + 4)
            size = bits // 8
            assert {4: socket.AF_INET, 16: socket.AF_INET6}[size] == family
            address, number = local if code == LOCAL else remote
            host = program[at + 12 : at + 12 + size]
            holds = port in {-1, number} and equals(host, address)
        at += yes if holds else no
    return at == len(program)


@given(address=addresses, port=ports, other=addresses, other_port=ports)
def test_a_local_end_keeps_this_address_and_port_alone(
    address: str, port: int, other: str, other_port: int
) -> None:
    condition = local_end(address, port)
    elsewhere = (packed(other), other_port)

    assert accepts(condition, (packed(address), port), elsewhere)
    assert accepts(condition, elsewhere, (packed(address), port)) == (
        equals(packed(address), packed(other)) and port == other_port
    )


@given(address=addresses, other=addresses, port=ports)
def test_a_remote_address_keeps_sockets_to_it_whatever_the_port(
    address: str, other: str, port: int
) -> None:
    condition = remote_address(address)

    assert accepts(condition, (packed(other), port), (packed(address), port))
    assert accepts(condition, (packed(address), port), (packed(other), port)) == equals(
        packed(address), packed(other)
    )


@given(known=st.sets(addresses, max_size=250), other=addresses, mapped=st.booleans())
def test_beyond_known_addresses_is_every_other_one(
    known: set[str], other: str, *, mapped: bool
) -> None:
    address = packed(other)
    if mapped and len(address) == 4:
        address = MAPPED + address

    kept = accepts(remote_beyond(known), (bytes(4), 1), (address, 1))

    assert kept == (not any(equals(packed(each), address) for each in known))


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(OSError, match="illegal IP address"):
        remote_address("somewhere")
