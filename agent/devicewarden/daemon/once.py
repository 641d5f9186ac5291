"""One report of this host, with no daemon and no configuration needed."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from devicewarden.collect.sampler import utc_now
from devicewarden.config.settings import Settings
from devicewarden.daemon.start import open_link, quiet_sampler, slow_sampler, store
from devicewarden.daemon.watch import Watch, gauges
from devicewarden.model.errors import ConfigError
from devicewarden.model.metric import NETWORK_TRAFFIC, Metrics
from devicewarden.model.outcome import Missed, Outcome
from devicewarden.report.build import Report, build
from devicewarden.report.encode import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One report, and what could not be read for it."""

    report: Report
    payload: bytes
    failed: Mapping[str, str]


def take_once(settings: Settings, *, over_s: float, report_id: int) -> Once:
    """Read the host twice, so many seconds apart, and build the report of that interval."""
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
    report = build(metrics, report_id=report_id, settings=settings.report)
    payload = encode(report.document, settings.report.format, settings.report.names)
    return Once(report=report, payload=payload, failed={**last.failed, **last_slow.failed})


def new_report_id(settings: Settings, *, to_send: bool) -> int:
    """Give an id: a report that is only shown takes the clock's, and leaves no trace."""
    if not to_send:
        return int(utc_now().timestamp())
    state = store(settings)
    try:
        return state.next_report_id()
    finally:
        state.close()


def send_once(settings: Settings, once: Once, *, within_s: float) -> Outcome:
    """Connect, send the report, disconnect, and tell what became of it.

    Raises:
        ConfigError: no broker is configured.
    """
    return asyncio.run(_send(settings, once, within_s))


async def _send(settings: Settings, once: Once, within_s: float) -> Outcome:
    link = open_link(
        settings,
        stop=asyncio.Event(),
        on_change=lambda _connection: None,
        on_late_reply=lambda _report_id, _outcome: None,
    )
    if link is None:
        raise ConfigError("nowhere to publish to", hint="set publish.endpoint")
    await link.publisher.start()
    try:
        await asyncio.wait_for(link.publisher.ready(), within_s)
        return await link.exchange.send(once.report.report_id, once.payload)
    except TimeoutError:
        state = link.publisher.connection
        return Missed(
            f"not connected within {within_s:g} s: {state.last_error} {state.hint}".strip()
        )
    finally:
        await link.publisher.stop()
