"""Opens the real doors: what the daemon and `once` read, write and connect to."""

import asyncio
from collections.abc import Callable

from devicewarden.collect.registry import quiet_collectors, report_collectors
from devicewarden.collect.sampler import Sampler, utc_now
from devicewarden.collect.sockets import open_source
from devicewarden.config.settings import Settings
from devicewarden.daemon.agent import Agent, Doors
from devicewarden.daemon.link import Link
from devicewarden.daemon.log import configure
from devicewarden.daemon.systemd import Supervisor
from devicewarden.publish.connect import open_exchange, open_publisher
from devicewarden.publish.exchange import OnLateReply
from devicewarden.publish.publisher import OnChange
from devicewarden.publish.topics import report_topics
from devicewarden.state.store import Store, open_store


def run(settings: Settings, *, load: Callable[[], Settings]) -> None:
    """Run the agent until SIGTERM.

    Raises:
        ConfigError: the broker's settings cannot work.
        StateError: another agent is running.
    """
    configure(settings.log)
    doors = Doors(
        now=utc_now,
        load=load,
        quiet_sampler=quiet_sampler,
        slow_sampler=slow_sampler,
        open_link=open_link,
        open_store=store,
        supervisor=Supervisor(),
    )
    asyncio.run(Agent(settings, doors).run())


def rehearse(settings: Settings) -> None:
    """Set up the way to the broker as `run` does, without connecting; for `check-config`.

    Raises:
        ConfigError: what a start would end with.
    """
    open_link(
        settings,
        stop=asyncio.Event(),
        on_change=lambda _connection: None,
        on_late_reply=lambda _report_id, _outcome: None,
    )


def quiet_sampler(settings: Settings) -> Sampler:
    """Make the sampler of every second."""
    return Sampler(quiet_collectors(open_source(settings.collect.source)))


def slow_sampler(settings: Settings) -> Sampler:
    """Make the sampler of a report, with descriptors of its own: it runs in another thread."""
    return Sampler(report_collectors(settings, open_source(settings.collect.source)))


def open_link(
    settings: Settings,
    *,
    stop: asyncio.Event,
    on_change: OnChange,
    on_late_reply: OnLateReply,
) -> Link | None:
    """Make publisher and exchange; None where no broker is configured.

    Raises:
        ConfigError: a certificate, key, module or topic that cannot be used.
    """
    if not settings.publish.endpoint:
        return None
    publisher = open_publisher(settings, on_change)
    exchange = open_exchange(settings, publisher, stop=stop, on_late_reply=on_late_reply)
    topics = report_topics(
        settings.publish, thing=settings.thing.name, encoding=settings.report.format
    )
    return Link(publisher=publisher, exchange=exchange, topic=topics.report)


def store(settings: Settings) -> Store:
    """Open the state file."""
    return open_store(settings.state, utc_now)
