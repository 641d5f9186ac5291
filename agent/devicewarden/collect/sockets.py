"""What every source of sockets can do, and which one is used."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.collect.procfs import ProcSource
from devicewarden.collect.sock_diag import open_sock_diag
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener

SourceChoice: TypeAlias = Literal["auto", "netlink", "proc", "psutil"]


class SocketSource(Protocol):
    """Lists the sockets of this host's network namespace, whoever owns them.

    The law: on a host that does not change meanwhile, every source gives equal sets, except for
    the interface of listeners with SO_BINDTODEVICE. Only netlink tells their device; from the other
    sources such a listener has the interface of its address, none where that is a wildcard.
    Address and port are equal always.

    Lists are not taken at one instant: a socket that opens or closes meanwhile may be missing.
    A source serves one thread at a time; two threads need two sources.
    """

    def listening_tcp(self) -> frozenset[Listener]:
        """TCP sockets in the state LISTEN; a dual-stack socket is one, on `::`.

        Raises:
            CollectError: they cannot be read.
        """
        ...

    def listening_udp(self) -> frozenset[Listener]:
        """UDP sockets with a port and without a remote end.

        A client that only ever used sendto() is one of them: the kernel shows no difference.

        Raises:
            CollectError: they cannot be read.
        """
        ...

    def established(self) -> frozenset[Connection]:
        """TCP connections in the state ESTABLISHED, accepted by their owner or not.

        Raises:
            CollectError: they cannot be read.
        """
        ...

    def close(self) -> None:
        """Give descriptors back; the next reading opens them again."""
        ...


class SplitSource:
    """TCP from one source, UDP from another: the stock Raspberry Pi kernel has no UDP diag."""

    def __init__(self, tcp: SocketSource, udp: SocketSource) -> None:
        self._tcp = tcp
        self._udp = udp

    def listening_tcp(self) -> frozenset[Listener]:
        return self._tcp.listening_tcp()

    def listening_udp(self) -> frozenset[Listener]:
        return self._udp.listening_udp()

    def established(self) -> frozenset[Connection]:
        return self._tcp.established()

    def close(self) -> None:
        self._tcp.close()
        self._udp.close()


def open_source(choice: SourceChoice) -> SocketSource:
    """Open the source of this name; `auto` asks the kernel, once, what it can do.

    It never fails: a source that cannot read says so at each reading.
    """
    interfaces = InterfaceNames()
    match choice:
        case "netlink":
            return open_sock_diag(interfaces)
        case "proc":
            return ProcSource(interfaces)
        case "psutil":
            # psutil costs memory, and the usual choice does without it.
            from devicewarden.collect.psutil_sockets import PsutilSource  # noqa: PLC0415

            return PsutilSource(interfaces)
        case "auto":
            return choose(open_sock_diag(interfaces), ProcSource(interfaces))


def choose(netlink: SocketSource, proc: SocketSource) -> SocketSource:
    """Take netlink for each protocol that it can read, else /proc."""
    tcp = netlink if _works(netlink.listening_tcp) else proc
    udp = netlink if _works(netlink.listening_udp) else proc
    return tcp if tcp is udp else SplitSource(tcp, udp)


def _works(read: Callable[[], object]) -> bool:
    try:
        read()
    except CollectError:
        return False
    return True
