"""One report of this host, with no daemon and no configuration needed."""

import asyncio
import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from devicewarden.collect.sampler import utc_now
from devicewarden.config.settings import ReportSettings, Settings
from devicewarden.daemon.link import Link
from devicewarden.daemon.start import open_lone_link, quiet_sampler, slow_sampler, state
from devicewarden.daemon.watch import Watch, gauges
from devicewarden.model.errors import ConfigError
from devicewarden.model.metric import NETWORK_TRAFFIC, Metrics
from devicewarden.model.outcome import Missed, Outcome
from devicewarden.report.build import build
from devicewarden.report.encode import encode


@dataclass(frozen=True, slots=True)
class Once:
    """What one report tells, and what could not be read for it."""

    metrics: Metrics
    failed: Mapping[str, str]

    def payload(self, settings: ReportSettings, report_id: int) -> bytes:
        """Write the report as it is sent."""
        report = build(self.metrics, report_id=report_id, settings=settings)
        return encode(report.document, settings.format, settings.names)


def take_once(settings: Settings, *, over_s: float) -> Once:
    """Read the host twice, so many seconds apart."""
    watch, slow = Watch(quiet_sampler(settings)), slow_sampler(settings)
    try:
        watch.tick()
        slow.take()
        watch.ledger = watch.ledger.opened()
        threading.Event().wait(over_s)
        last, last_slow = watch.tick(), slow.take()
    finally:
        watch.close()
        slow.close()
    values = {**gauges(last), **gauges(last_slow)}
    if (moved := watch.ledger.due()) is not None and NETWORK_TRAFFIC in last.values:
        values[NETWORK_TRAFFIC] = moved
    metrics = Metrics(taken_at=last.taken_at, interval_s=over_s, values=values)
    return Once(metrics, {**last.failed, **last_slow.failed})


def shown_report_id() -> int:
    """Give the id of a report that is only shown: the clock's, which leaves no trace."""
    return int(utc_now().timestamp())


def _new_report_id(settings: Settings) -> int:
    kept = state(settings)
    try:
        return kept.reports.next_report_id()
    finally:
        kept.close()


def send_once(settings: Settings, once: Once, *, within_s: float) -> tuple[int, Outcome]:
    """Connect, send the report, disconnect, and tell its id and what became of it.

    Raises:
        ConfigError: no broker is configured.
    """
    return asyncio.run(_send(settings, once, within_s))


async def _send(settings: Settings, once: Once, within_s: float) -> tuple[int, Outcome]:
    # Presence is the daemon's, which may be running.
    publish = dataclasses.replace(settings.publish, presence_topic="")
    link = open_lone_link(dataclasses.replace(settings, publish=publish))
    if link is None:
        raise ConfigError("nowhere to publish to", hint="set publish.endpoint")
    await link.publisher.start()
    try:
        missed = await _not_connected(link, within_s)
        # Only now: a daemon beside us may send reports in the meantime, and ids must increase.
        report_id = _new_report_id(settings)
        if missed is not None:
            return report_id, missed
        payload = once.payload(settings.report, report_id)
        return report_id, await link.exchange.send(report_id, payload)
    finally:
        await link.publisher.stop()


async def _not_connected(link: Link, within_s: float) -> Missed | None:
    try:
        async with asyncio.timeout(within_s):
            await link.publisher.ready()
    except TimeoutError:
        now = link.publisher.connection
        return Missed(f"not connected within {within_s:g} s: {now.last_error} {now.hint}".strip())
    return None
