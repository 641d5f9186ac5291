"""All sources give equal sets on a live host, while connections come and go."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator

import pytest

from devicewarden.collect.sockets import SocketSource, open_source
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("churning")]

HELD = 100
CHURNED = 5000
ATTEMPTS = 50
RESET = struct.pack("ii", 1, 0)


def churn(address: tuple[str, int], stop: threading.Event) -> None:
    """Open and close connections, without leaving any in TIME_WAIT."""
    for _ in range(CHURNED):
        if stop.is_set():
            return
        with socket.create_connection(address) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def accept(server: socket.socket) -> None:
    """Take in what `churn` opens, until the server is shut down."""
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        return


@pytest.fixture
def held() -> Iterator[list[socket.socket]]:
    """Connections that stay, both ends: mapped ones, IPv6 ones and plain ones."""
    opened: list[socket.socket] = []
    dual = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    for number in range(HELD):
        host = ("127.0.0.1", "::1", "127.0.0.2")[number % 3]
        opened += [socket.create_connection((host, dual.getsockname()[1])), dual.accept()[0]]
    yield opened
    for each in [*opened, dual]:
        each.close()


@pytest.fixture
def churning() -> Iterator[None]:
    stop = threading.Event()
    server = socket.create_server(("127.0.0.1", 0), backlog=4096)
    threads = [
        threading.Thread(target=accept, args=(server,)),
        *(threading.Thread(target=churn, args=(server.getsockname(), stop)) for _ in range(2)),
    ]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads[1:]:
        thread.join()
    server.shutdown(socket.SHUT_RDWR)
    threads[0].join()
    server.close()


def without_device(listeners: Iterable[Listener]) -> set[object]:
    """What all sources know of listeners: one of them alone knows of devices."""
    return {(each.address, each.port) for each in listeners}


def lasting_difference(
    one: Callable[[], Iterable[object]], other: Callable[[], Iterable[object]]
) -> set[object]:
    """What differs at every attempt: lists are not taken at one instant, so one proves nothing."""
    lasting = set(one()) ^ set(other())
    for _ in range(ATTEMPTS):
        if not lasting:
            break
        lasting &= set(one()) ^ set(other())
    return lasting


@pytest.fixture
def netlink() -> Iterator[SocketSource]:
    with contextlib.closing(open_source("netlink")) as source:
        yield source


@pytest.fixture(params=["proc", "psutil"])
def reference(request: pytest.FixtureRequest) -> Iterator[SocketSource]:
    with contextlib.closing(open_source(request.param)) as source:
        yield source


def test_tcp_listeners_are_equal(netlink: SocketSource, reference: SocketSource) -> None:
    different = lasting_difference(
        lambda: without_device(netlink.listening_tcp()),
        lambda: without_device(reference.listening_tcp()),
    )

    assert different == set()


def test_udp_listeners_are_equal(netlink: SocketSource, reference: SocketSource) -> None:
    try:
        netlink.listening_udp()
    except CollectError as error:
        pytest.skip(f"this kernel has no UDP diag: {error}")

    different = lasting_difference(
        lambda: without_device(netlink.listening_udp()),
        lambda: without_device(reference.listening_udp()),
    )

    assert different == set()


@pytest.mark.usefixtures("held")
def test_connections_are_equal(netlink: SocketSource, reference: SocketSource) -> None:
    assert lasting_difference(netlink.established, reference.established) == set()


def test_no_connection_that_stays_is_missing_twice(
    netlink: SocketSource, reference: SocketSource, held: list[socket.socket]
) -> None:
    expected = {row(each) for each in held}

    for source in (netlink, reference):
        missing = expected - source.established()
        assert not missing or not missing - source.established()


def row(made: socket.socket) -> Connection:
    """Make the row of one end of a held connection."""
    (local, local_port), (remote, remote_port) = made.getsockname()[:2], made.getpeername()[:2]
    local, remote = (each.removeprefix("::ffff:") for each in (local, remote))
    return Connection(remote, remote_port, local, local_port, "lo")
