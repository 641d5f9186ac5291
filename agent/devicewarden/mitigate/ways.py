"""What stays reachable whatever is blocked: the broker, who resolves its name, what is allowed."""

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.config.broker import GREENGRASS, broker_port
from devicewarden.config.settings import Settings
from devicewarden.model.errors import MitigationError

Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str], tuple[str, ...]]
"""Gives the addresses of a host name, none where nobody answers in time."""

MAX_ADDRESSES: Final = 64
"""Of a broker whose name leads elsewhere every minute; the newest ones stay."""

_RESOLVED_S: Final = 1.0
_RESOLVER_FILES: Final = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
_ANYWHERE: Final = ("0.0.0.0/0", "::/0")
_MAX_FILE: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where packets always may go, and come from.

    Attributes:
        host: name of the broker, or of the proxy before it; empty: there is none.
        port: of it.
        brokers: its addresses, the newest first.
        resolvers: who is asked for names; everybody, where that is not known.
        allowed: networks by the settings.
    """

    host: str = ""
    port: int = 0
    brokers: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = _ANYWHERE
    allowed: tuple[str, ...] = field(default=())

    def sets(self) -> Mapping[str, list[str]]:
        """Give the elements of the sets that our table has for them."""
        found: dict[str, list[str]] = {}
        for version in (4, 6):
            brokers = [text for text in self.brokers if ip_address(text).version == version]
            found[f"broker{version}"] = [f"{text} . {self.port}" for text in brokers]
            found[f"resolver{version}"] = collapsed(self.resolvers, version)
            found[f"allowed{version}"] = collapsed(self.allowed, version)
        return found

    def cover(self, network: Network) -> bool:
        """Tell whether all of a network stays reachable, so that it cannot be blocked."""
        kept = (*self.brokers, *self.allowed)
        return any(_within(network, ip_network(each)) for each in kept)

    def describe(self) -> list[str]:
        """Tell in words what stays reachable."""
        broker = f"the broker {self.host}:{self.port} ({', '.join(self.brokers)})"
        resolvers = ", ".join(self.resolvers) if self.resolvers != _ANYWHERE else "any"
        return [
            "loopback, DHCP, NTP, and what IP needs of ICMP",
            f"DNS by {resolvers}",
            broker if self.host else "no broker: none is configured",
            *(f"{network}, by mitigate.allow_addresses" for network in self.allowed),
        ]


def find_ways(settings: Settings, known: Iterable[str], resolve: Resolve) -> Ways:
    """Find out where the ways lead now.

    Args:
        settings: name broker and allowed networks.
        known: addresses that the broker had before; they stay, for a connection may use one.
        resolve: asks for names.
    """
    publish = settings.publish
    host, port = publish.endpoint, broker_port(publish)
    if host == GREENGRASS:
        host = ""
    elif host and publish.proxy_host:
        host, port = publish.proxy_host, publish.proxy_port
    now = resolve(host) if host else ()
    brokers = dict.fromkeys((*now, *known)) if host else {}
    return Ways(
        host=host,
        port=port if host else 0,
        brokers=tuple(brokers)[:MAX_ADDRESSES],
        resolvers=read_resolvers(_RESOLVER_FILES),
        allowed=tuple(settings.mitigate.allow_addresses),
    )


def check_way_out(settings: Settings, ways: Ways) -> None:
    """Refuse what would cut the agent off from its broker.

    Raises:
        MitigationError: nobody knows where the broker is.
    """
    if settings.publish.endpoint == GREENGRASS and not ways.allowed:
        raise MitigationError(
            "the nucleus would lose its broker, which we do not know",
            hint="name the addresses of its endpoint in mitigate.allow_addresses",
        )
    if ways.host and not ways.brokers:
        raise MitigationError(
            f"nobody tells the addresses of the broker {ways.host}",
            hint="see that its name can be resolved",
        )


def resolved(host: str) -> tuple[str, ...]:
    """Ask for the addresses of a name, for a second: a dead resolver must not delay an action."""
    found: list[str] = []

    def ask() -> None:
        try:
            told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(str(address[0]).partition("%")[0] for *_, address in told)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_RESOLVED_S)
    return tuple(dict.fromkeys(found))


def read_resolvers(files: Iterable[Path]) -> tuple[str, ...]:
    """Read who resolves names; one on loopback asks others, whom nobody names: then it is anybody.

    Source: resolv.conf(5); systemd-resolved(8) writes those that it asks into a file of its own.
    """
    for file in files:
        try:
            with file.open(errors="replace") as opened:
                words = [line.split() for line in opened.read(_MAX_FILE).splitlines()]
        except OSError:
            continue
        named = [
            line[1].partition("%")[0] for line in words if line[:1] == ["nameserver"] and line[1:]
        ]
        outside = [text for text in named if _is_outside(text)]
        if outside:
            return tuple(dict.fromkeys(outside))
    return _ANYWHERE


def collapsed(networks: Iterable[str], version: int) -> list[str]:
    """Write the networks of one version of IP such that none is in another."""
    wanted = [network for network in map(ip_network, networks) if network.version == version]
    return [str(network) for network in collapse_addresses(wanted)]  # type: ignore[type-var]  # one version


def _is_outside(text: str) -> bool:
    try:
        return not ip_address(text).is_loopback
    except ValueError:
        return False


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)
