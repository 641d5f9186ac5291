"""One report at each due time, and after an outage one fresh report; every one has an outcome."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

import structlog

from devicewarden.config.settings import Settings
from devicewarden.daemon.first_failure import FirstFailure
from devicewarden.daemon.link import Link
from devicewarden.daemon.watch import TakesSamples, Watch, gauges
from devicewarden.model.metric import (
    ESTABLISHED_CONNECTIONS,
    NETWORK_TRAFFIC,
    Connections,
    Metrics,
    MetricValue,
    Sample,
    Traffic,
)
from devicewarden.model.outcome import (
    Accepted,
    Acknowledged,
    Missed,
    NoReply,
    Outcome,
    Rejected,
    describe,
)
from devicewarden.report.build import Report, build
from devicewarden.report.encode import encode
from devicewarden.report.fit import LeftOut

log = structlog.get_logger()
PENDING_AT_MOST = 16


class KeepsReports(Protocol):
    """What reporting needs of the state store."""

    def next_report_id(self) -> int:
        """Give an id greater than any before, across restarts."""
        ...

    def record(self, report_id: int, ended_at: datetime, outcome: Outcome, size_bytes: int) -> None:
        """Remember how one report ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How the last report ended, for `status`."""

    report_id: int
    ended_at: datetime
    size_bytes: int
    left_out: LeftOut
    outcome: Outcome


def first_delay_s(thing: str, interval_s: float) -> float:
    """Spread a fleet's first reports over the interval, each thing always at its own place."""
    return zlib.crc32(thing.encode()) / 2**32 * interval_s


class Reporting:
    """Builds reports from the watch and the slow samples, sends them, and keeps the books.

    Attributes:
        settings: in force for the next report.
        sampler: reads what is too dear for every second.
        last: the last report that ended.
        last_sample: the last slow sample.
        due_at_s: event-loop time of the next report, None before the first round.
        on_slow_sample: told of each slow sample.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        watch: Watch,
        sampler: TakesSamples,
        store: KeepsReports,
        now: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.sampler = sampler
        self.last: Sent | None = None
        self.last_sample: Sample | None = None
        self.due_at_s: float | None = None
        self.on_slow_sample: Callable[[Sample], None] = lambda _sample: None
        self._watch = watch
        self._store = store
        self._now = now
        self._destinations: frozenset[str] = frozenset()
        self._pending: dict[int, Traffic] = {}
        self._taking: asyncio.Future[Sample] | None = None
        self._failures = FirstFailure(log)

    def replace_sampler(self, sampler: TakesSamples) -> None:
        """Read the host another way from the next report on."""
        old, self.sampler = self.sampler, sampler
        if self._taking is None or self._taking.done():
            old.close()
        else:
            self._taking.add_done_callback(lambda _: old.close())

    async def round(self, link: Link | None) -> None:
        """Wait until a report is due, take the slow sample, and send the report over this link.

        Where the broker is away at the due time the report is missed, and one fresh report goes
        out as soon as the broker is back, at most one for each interval. With no broker at all
        the sample is taken nevertheless: the device judges itself by it.
        """
        loop = asyncio.get_running_loop()
        interval_s = self.settings.report.interval_s
        if self.due_at_s is None:
            self.due_at_s = loop.time() + first_delay_s(self.settings.thing.name, interval_s)
        # A reload may have shortened the interval, and the round has to end within its deadline.
        self.due_at_s = min(self.due_at_s, loop.time() + interval_s)
        await asyncio.sleep(self.due_at_s - loop.time())
        slow = await self._take()
        due_again_s = max(self.due_at_s + interval_s, loop.time())
        if link is None:
            self.due_at_s = due_again_s
            return
        if not link.connected:
            self._miss(link)
            self.due_at_s = due_again_s
            try:
                async with asyncio.timeout_at(self.due_at_s):
                    await link.publisher.ready()
            except TimeoutError:
                return
            slow = await self._take()
        self.due_at_s = loop.time() + interval_s
        await self._send(link, slow)

    def late_reply(self, report_id: int, outcome: Accepted | Rejected) -> None:
        """Settle a report whose reply came after its time-out."""
        up_to = self._pending.pop(report_id, None)
        log.info("late_reply_received", report_id=report_id, outcome=describe(outcome))
        if up_to is not None and isinstance(outcome, Accepted):
            self._watch.ledger = self._watch.ledger.settled(up_to)

    async def _send(self, link: Link, slow: Sample) -> None:
        quiet = self._watch.tick()
        ledger = self._watch.ledger
        self._watch.ledger = ledger.opened()
        report = self._build({**gauges(quiet), **gauges(slow)}, quiet, ledger.due())
        payload = encode(report.document, self.settings.report.format, self.settings.report.names)
        outcome: Outcome = Missed("a stop or a reload came before the outcome was known")
        try:
            outcome = await link.exchange.send(report.report_id, payload)
        finally:
            self._settle(report.report_id, ledger.counted, outcome)
            self._remember(
                report.report_id, outcome, size_bytes=len(payload), left_out=report.left_out
            )

    async def _take(self) -> Sample:
        # A thread cannot be cancelled, and a sampler serves one thread at a time.
        if self._taking is not None:
            await asyncio.wait([self._taking])
        self._taking = asyncio.get_running_loop().run_in_executor(None, self.sampler.take)
        slow = await asyncio.shield(self._taking)
        self.last_sample = slow
        self._failures.now_failing("not_collected", "collected_again", slow.failed)
        self.on_slow_sample(slow)
        return slow

    def _build(
        self, values: Mapping[str, MetricValue], quiet: Sample, traffic: Traffic | None
    ) -> Report:
        moved = {} if traffic is None else {NETWORK_TRAFFIC: traffic}
        metrics = Metrics(
            taken_at=quiet.taken_at,
            interval_s=float(self.settings.report.interval_s),
            values={**values, **moved},
        )
        report = build(
            metrics,
            report_id=self._store.next_report_id(),
            settings=self.settings.report,
            known_destinations=self._destinations,
        )
        seen = values.get(ESTABLISHED_CONNECTIONS)
        if isinstance(seen, Connections):
            self._destinations = frozenset(c.remote_address for c in seen.items)
        return report

    def _settle(self, report_id: int, counted: Traffic, outcome: Outcome) -> None:
        match outcome:
            case Accepted() | Acknowledged():
                self._watch.ledger = self._watch.ledger.settled(counted)
                self._pending.clear()
            case NoReply() | Missed():
                # A report whose acknowledgement got lost may have arrived: its reply will tell.
                self._pending[report_id] = counted
                while len(self._pending) > PENDING_AT_MOST:
                    del self._pending[min(self._pending)]
            case Rejected():
                pass
            case _:
                assert_never(outcome)
        if not self.settings.report.carry_over and self._watch.ledger.reported is not None:
            self._watch.ledger = self._watch.ledger.settled(counted)

    def _miss(self, link: Link) -> None:
        connection = link.publisher.connection
        missed = Missed(f"not connected: {connection.last_error or 'no answer yet'}")
        report_id = self._store.next_report_id()
        self._settle(report_id, self._watch.ledger.counted, missed)
        self._remember(report_id, missed, size_bytes=0, left_out=LeftOut())

    def _remember(
        self, report_id: int, outcome: Outcome, *, size_bytes: int, left_out: LeftOut
    ) -> None:
        ended_well = isinstance(outcome, Accepted | Acknowledged)
        (log.info if ended_well else log.warning)(
            "report_ended",
            report_id=report_id,
            outcome=describe(outcome),
            size_bytes=size_bytes,
        )
        self.last = Sent(
            report_id=report_id,
            ended_at=self._now(),
            size_bytes=size_bytes,
            left_out=left_out,
            outcome=outcome,
        )
        self._store.record(report_id, self.last.ended_at, outcome, size_bytes)
