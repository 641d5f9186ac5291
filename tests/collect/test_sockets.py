"""Which source is used for what, and the law that all of them keep."""

import pytest
from tests.collect import recorded
from tests.collect.recorded import PROC, Replies, dumps, names

from devicewarden.collect.procfs import ProcSource
from devicewarden.collect.sock_diag import SockDiagSource
from devicewarden.collect.sockets import SocketSource, choose
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener


class Source:
    """Lists one listener, whose port tells the source; a protocol may be unknown to the kernel."""

    def __init__(self, port: int, *unknown: str) -> None:
        self._port = port
        self._unknown = unknown
        self.closed = False

    def listening_tcp(self) -> frozenset[Listener]:
        return self._listeners("tcp")

    def listening_udp(self) -> frozenset[Listener]:
        return self._listeners("udp")

    def established(self) -> frozenset[Connection]:
        return frozenset({Connection("::1", 1, "::1", self._port, None)})

    def close(self) -> None:
        self.closed = True

    def _listeners(self, protocol: str) -> frozenset[Listener]:
        if protocol in self._unknown:
            raise CollectError("No such file or directory")
        return frozenset({Listener("::1", self._port, None)})


def ports(source: SocketSource) -> tuple[int, int, int]:
    """Which source lists TCP listeners, UDP listeners and connections."""
    return (
        next(iter(source.listening_tcp())).port,
        next(iter(source.listening_udp())).port,
        next(iter(source.established())).local_port,
    )


@pytest.mark.parametrize(
    ("unknown", "used"),
    [
        pytest.param((), (1, 1, 1), id="kernel with everything"),
        pytest.param(("udp",), (1, 2, 1), id="stock Raspberry Pi kernel"),
        pytest.param(("tcp",), (2, 1, 2), id="UDP diag alone"),
        pytest.param(("tcp", "udp"), (2, 2, 2), id="no socket diagnosis"),
    ],
)
def test_each_protocol_is_read_over_netlink_where_the_kernel_can(
    unknown: tuple[str, ...], used: tuple[int, int, int]
) -> None:
    assert ports(choose(Source(1, *unknown), Source(2))) == used


def test_closing_closes_both_sources() -> None:
    netlink, proc = Source(1, "udp"), Source(2)

    choose(netlink, proc).close()

    assert netlink.closed
    assert proc.closed


def test_sources_are_equal_but_for_the_device_of_a_listener() -> None:
    netlink = SockDiagSource(names(), Replies(*dumps("listening_tcp")))
    proc = ProcSource(names(), PROC)

    one, other = netlink.listening_tcp(), proc.listening_tcp()

    assert one ^ other == {recorded.ON_DEVICE, recorded.ON_UNKNOWN_DEVICE}
    assert {each[:2] for each in one} == {each[:2] for each in other}
