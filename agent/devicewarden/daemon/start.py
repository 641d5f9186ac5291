"""Opens the real doors: what the daemon and `once` read, write and connect to."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from devicewarden.collect.owner import Owners, open_owners
from devicewarden.collect.registry import quiet_collectors, report_collectors
from devicewarden.collect.sampler import Sampler, utc_now
from devicewarden.collect.sockets import SocketSource, open_source
from devicewarden.config.host_name import host_name, thing_name_of
from devicewarden.config.settings import Settings
from devicewarden.daemon.agent import Agent
from devicewarden.daemon.children import Children
from devicewarden.daemon.doors import Doors
from devicewarden.daemon.link import Link
from devicewarden.daemon.log import configure
from devicewarden.daemon.meter import Meter, MeteredPublisher
from devicewarden.daemon.refusal import Refusal
from devicewarden.daemon.systemd import Supervisor
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Sample
from devicewarden.publish.connect import (
    open_exchange,
    open_jobs,
    open_provisioning,
    open_publisher,
)
from devicewarden.publish.exchange import OnLateReply
from devicewarden.publish.publisher import OnChange
from devicewarden.publish.topics import report_topics
from devicewarden.state.state import State, open_state

if TYPE_CHECKING:
    from devicewarden.collect.destinations import DestinationAddresses

log = structlog.get_logger()


def run(
    settings: Settings,
    *,
    load: Callable[[], Awaitable[Settings]],
    proved: Callable[[], None],
    refusal: Refusal | None = None,
    children: Children,
) -> bool:
    """Run the agent until SIGTERM.

    Args:
        settings: in force.
        load: reads the configuration again.
        proved: called when what was loaded last works, at the start and after a reload.
        refusal: why these settings stand in for what is configured; None: they do not.
        children: other processes.

    Returns:
        Whether the agent was told to begin anew as a process.

    Raises:
        ConfigError: the broker's settings cannot work.
        StateError: another agent is running.
    """
    configure(settings.log)
    host, thing = host_name(), settings.thing.name
    if thing == thing_name_of(host) != host:
        log.warning("host_name_not_used", host=host, thing=thing)
    doors = Doors(
        now=utc_now,
        load=load,
        proved=proved,
        refusal=refusal,
        children=children,
        quiet_sampler=quiet_sampler,
        slow_sampler=slow_sampler,
        open_link=open_link,
        open_state=state,
        open_owners=owners,
        supervisor=Supervisor(),
    )
    return asyncio.run(Agent(settings, doors).run())


def rehearse(settings: Settings) -> None:
    """Set up the way to the broker as `run` does, without connecting; for `check-config`.

    Raises:
        ConfigError: what a start would end with.
    """
    owners(settings)
    open_lone_link(settings)


class WatchfulSampler:
    """The sampler of every second, and what the kernel tells between two samples."""

    def __init__(self, source: SocketSource, destinations: "DestinationAddresses | None") -> None:
        self._sampler = Sampler(quiet_collectors(source, destinations))
        self._destinations = destinations

    def take(self) -> Sample:
        return self._sampler.take()

    def close(self) -> None:
        self._sampler.close()

    def pump(self) -> None:
        """Take in what the kernel told; a failure shows at the next sample."""
        if self._destinations is not None:
            with contextlib.suppress(CollectError):
                self._destinations.pump()


def quiet_sampler(settings: Settings, *, watchful: bool = False) -> WatchfulSampler:
    """Make the sampler of every second.

    Args:
        settings: name the source.
        watchful: read destinations too, and hear of sockets that live shorter than a second.
    """
    choice = settings.collect.source
    if not watchful:
        return WatchfulSampler(open_source(choice), None)
    # Where no behavior judges lists, the daemon never loads this.
    from devicewarden.collect.destinations import open_destinations  # noqa: PLC0415  see above

    return WatchfulSampler(open_source(choice), open_destinations(choice))


def slow_sampler(settings: Settings) -> Sampler:
    """Make the sampler of a report, with descriptors of its own: it runs in another thread."""
    return Sampler(report_collectors(settings, open_source(settings.collect.source)))


def open_link(
    settings: Settings,
    *,
    stop: asyncio.Event,
    meter: Meter,
    on_change: OnChange,
    on_late_reply: OnLateReply,
) -> Link | None:
    """Make publisher and exchange; None where no broker is configured.

    Raises:
        ConfigError: a certificate, key, module or topic that cannot be used.
    """
    if not settings.publish.endpoint:
        return None
    publisher = MeteredPublisher(open_publisher(settings, on_change), meter)
    exchange = open_exchange(settings, publisher, stop=stop, on_late_reply=on_late_reply)
    topics = report_topics(
        settings.publish, thing=settings.thing.name, encoding=settings.report.format
    )
    return Link(
        publisher=publisher,
        exchange=exchange,
        topic=topics.report,
        jobs=open_jobs(settings, publisher),
        provisioning=open_provisioning(settings, publisher),
    )


def open_lone_link(settings: Settings) -> Link | None:
    """Make a link outside the daemon, where nobody is told of changes; None: no broker.

    Raises:
        ConfigError: a certificate, key, module or topic that cannot be used.
    """
    return open_link(
        settings,
        stop=asyncio.Event(),
        meter=Meter(),
        on_change=lambda _connection: None,
        on_late_reply=lambda _report_id, _outcome: None,
    )


def state(settings: Settings) -> State:
    """Open the state file."""
    return open_state(settings.state, utc_now)


def owners(settings: Settings) -> Owners:
    """Prepare to look for owners of sockets.

    Raises:
        ConfigError: detect.redact has something that is no regular expression.
    """
    return open_owners(settings.detect.redact)
