"""What the three sources say about real sockets of this host: one test for each known trap."""

import contextlib
import ctypes
import os
import socket
from collections.abc import Callable, Iterator

import pytest

from devicewarden.collect.listening_ports import listening_tcp_ports
from devicewarden.collect.sockets import SocketSource, SourceChoice, open_source
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import LISTENING_TCP_PORTS, Connection, Listener, Listeners

pytestmark = pytest.mark.e2e

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
IPV4, IPV6 = socket.AF_INET, socket.AF_INET6
NOBODY = 65534
SOCKADDR_BYTES = 28

Bind = Callable[..., socket.socket]


@pytest.fixture(params=["netlink", "proc", "psutil"])
def choice(request: pytest.FixtureRequest) -> SourceChoice:
    chosen: SourceChoice = request.param
    return chosen


@pytest.fixture
def source(choice: SourceChoice) -> Iterator[SocketSource]:
    opened = open_source(choice)
    yield opened
    opened.close()


@pytest.fixture
def sockets() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def bind(sockets: contextlib.ExitStack) -> Bind:
    """Binds a socket to a free port; it lives as long as the test."""

    def make(family: int, kind: int, address: str, port: int = 0) -> socket.socket:
        made = sockets.enter_context(socket.socket(family, kind))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == IPV6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((address, port))
        return made

    return make


def port_of(made: socket.socket) -> int:
    port: int = made.getsockname()[1]
    return port


def udp_listeners(source: SocketSource) -> frozenset[Listener]:
    try:
        return source.listening_udp()
    except CollectError as error:
        pytest.skip(f"this kernel has no UDP diag: {error}")


def between(one: socket.socket, other: socket.socket) -> set[Connection]:
    """The two rows of one loopback connection."""
    here, there = port_of(one), port_of(other)
    return {
        Connection("127.0.0.1", there, "127.0.0.1", here, "lo"),
        Connection("127.0.0.1", here, "127.0.0.1", there, "lo"),
    }


@pytest.mark.parametrize(
    ("family", "address", "interface"),
    [
        (IPV4, "0.0.0.0", None),
        (IPV4, "127.0.0.1", "lo"),
        (IPV4, "127.0.0.53", "lo"),
        (IPV6, "::", None),
        (IPV6, "::1", "lo"),
    ],
)
def test_every_kind_of_listener_is_listed(
    source: SocketSource, bind: Bind, family: int, address: str, interface: str | None
) -> None:
    tcp, udp = bind(family, TCP, address), bind(family, UDP, address)
    tcp.listen()

    assert Listener(address, port_of(tcp), interface) in source.listening_tcp()
    assert Listener(address, port_of(udp), interface) in udp_listeners(source)


def test_a_dual_stack_listener_is_one_and_its_ipv4_peer_is_ipv4(
    source: SocketSource, bind: Bind, sockets: contextlib.ExitStack
) -> None:
    server = bind(IPV6, TCP, "::")
    server.listen()
    client = sockets.enter_context(socket.create_connection(("127.0.0.1", port_of(server))))
    sockets.enter_context(server.accept()[0])

    assert [each for each in source.listening_tcp() if each.port == port_of(server)] == [
        Listener("::", port_of(server), None)
    ]
    assert between(client, server) <= source.established()


def test_a_listener_on_a_mapped_address_is_on_ipv4(source: SocketSource, bind: Bind) -> None:
    server = bind(IPV6, TCP, "::ffff:127.0.0.1")
    server.listen()

    assert Listener("127.0.0.1", port_of(server), "lo") in source.listening_tcp()


def test_twins_are_one_listener(source: SocketSource, bind: Bind) -> None:
    first = bind(IPV4, TCP, "127.0.0.1")
    second = bind(IPV4, TCP, "127.0.0.1", port_of(first))
    first.listen()
    second.listen()

    listed = [each for each in source.listening_tcp() if each.port == port_of(first)]

    assert listed == [Listener("127.0.0.1", port_of(first), "lo")]


def test_a_bound_socket_that_does_not_listen_is_not_listed(
    source: SocketSource, bind: Bind
) -> None:
    idle = bind(IPV4, TCP, "127.0.0.1")

    assert port_of(idle) not in {each.port for each in source.listening_tcp()}


@pytest.mark.parametrize(("family", "address"), [(IPV4, "127.0.0.1"), (IPV6, "::1")])
def test_a_udp_socket_listens_as_long_as_it_is_not_connected(
    source: SocketSource, bind: Bind, family: int, address: str
) -> None:
    spare, peer = bind(family, UDP, address), bind(family, UDP, address)
    # A port that the kernel chose would be given back on disconnecting.
    here = bind(family, UDP, address, port_of(spare))
    spare.close()
    row = Listener(address, port_of(here), "lo")

    here.connect(peer.getsockname())
    while_connected = udp_listeners(source)
    _disconnect(here)

    assert row not in while_connected
    assert row in udp_listeners(source)


def test_a_udp_client_that_never_connects_is_listed_too(
    source: SocketSource, bind: Bind, sockets: contextlib.ExitStack
) -> None:
    server = bind(IPV4, UDP, "127.0.0.1")
    client = sockets.enter_context(socket.socket(IPV4, UDP))

    client.sendto(b"hello", server.getsockname())

    assert Listener("0.0.0.0", port_of(client), None) in udp_listeners(source)


def test_a_connection_that_nobody_accepted_yet_is_established(
    source: SocketSource, bind: Bind, sockets: contextlib.ExitStack
) -> None:
    server = bind(IPV4, TCP, "127.0.0.1")
    server.listen()

    client = sockets.enter_context(socket.create_connection(server.getsockname()))

    assert between(client, server) <= source.established()


def test_a_half_closed_connection_is_not_established(
    source: SocketSource, bind: Bind, sockets: contextlib.ExitStack
) -> None:
    server = bind(IPV4, TCP, "127.0.0.1")
    server.listen()
    client = sockets.enter_context(socket.create_connection(server.getsockname()))
    sockets.enter_context(server.accept()[0])

    client.shutdown(socket.SHUT_WR)

    assert not between(client, server) & source.established()


def test_only_netlink_knows_the_device_of_a_listener(
    source: SocketSource, choice: SourceChoice, sockets: contextlib.ExitStack
) -> None:
    server = sockets.enter_context(socket.socket(IPV4, TCP))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    server.bind(("0.0.0.0", 0))
    server.listen()

    device = "lo" if choice == "netlink" else None

    assert Listener("0.0.0.0", port_of(server), device) in source.listening_tcp()


def test_sockets_of_others_are_listed_without_any_privilege(
    source: SocketSource, bind: Bind
) -> None:
    server = bind(IPV4, TCP, "127.0.0.1")
    server.listen()
    uid = os.geteuid()

    if uid == 0:
        os.seteuid(NOBODY)
    try:
        listed = source.listening_tcp()
    finally:
        os.seteuid(uid)

    assert Listener("127.0.0.1", port_of(server), "lo") in listed


def test_a_listener_comes_and_goes_between_two_samples(source: SocketSource, bind: Bind) -> None:
    collector = listening_tcp_ports(source)
    server = bind(IPV6, TCP, "::1")
    row = Listener("::1", port_of(server), "lo")

    def listed() -> bool:
        value = collector.collect()[LISTENING_TCP_PORTS]
        return isinstance(value, Listeners) and row in value.items

    before = listed()
    server.listen()
    meanwhile = listed()
    server.close()

    assert (before, meanwhile, listed()) == (False, True, False)


def _disconnect(made: socket.socket) -> None:
    """Take the peer from a UDP socket: connect() to AF_UNSPEC, which `socket` has no word for."""
    assert ctypes.CDLL(None).connect(made.fileno(), bytes(SOCKADDR_BYTES), SOCKADDR_BYTES) == 0
