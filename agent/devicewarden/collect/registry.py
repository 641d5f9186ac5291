"""All collectors, in two tuples: what runs every second, and what runs for a report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from devicewarden.collect import certificate, failed_logins
from devicewarden.collect.collector import Collector
from devicewarden.collect.connections import EstablishedConnections
from devicewarden.collect.listening_ports import listening_tcp_ports, listening_udp_ports
from devicewarden.collect.network import NetworkTotals
from devicewarden.collect.opens import TcpOpenCounts
from devicewarden.collect.sockets import SocketSource
from devicewarden.collect.system import System, system_readers
from devicewarden.config.settings import CustomMetricsSettings, Settings

if TYPE_CHECKING:
    from devicewarden.collect.destinations import DestinationAddresses


def quiet_collectors(
    source: SocketSource, destinations: "DestinationAddresses | None" = None
) -> tuple[Collector, ...]:
    """Make the collectors of every second; their cost does not grow with idle connections.

    `destinations` counts the opens too, so that they are read once.
    """
    return (
        listening_tcp_ports(source),
        listening_udp_ports(source),
        NetworkTotals(),
        destinations or TcpOpenCounts(),
    )


def report_collectors(settings: Settings, source: SocketSource) -> tuple[Collector, ...]:
    """Make the collectors that a report needs beside the quiet ones.

    A metric has one source: a built-in one before a command, a command before a file.
    """
    custom = settings.custom_metrics
    built_in = frozenset(custom.built_in)
    optional: tuple[tuple[bool, Collector], ...] = (
        (True, EstablishedConnections(source)),
        (True, System(system_readers(custom))),
        (failed_logins.METRIC in built_in, failed_logins.FailedLogins()),
        (certificate.METRIC in built_in, certificate.Certificate(settings.publish.cert_file)),
    )
    return (*(collector for wanted, collector in optional if wanted), *_given(custom))


def _given(custom: CustomMetricsSettings) -> Iterator[Collector]:
    """Make what reads other people's metrics; where there are none, it is never loaded."""
    built_in = frozenset(custom.built_in)
    if custom.directory:
        from devicewarden.collect.custom_files import CustomFiles  # noqa: PLC0415  see above

        commanded = frozenset(command.name for command in custom.commands)
        yield CustomFiles(custom.directory, built_in | commanded)
    if custom.commands:
        from devicewarden.collect.custom_commands import CustomCommands  # noqa: PLC0415  see above

        yield CustomCommands(custom.commands, built_in)
