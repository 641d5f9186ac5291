"""Reporting beside a reload, and what becomes of traffic when an acknowledgement is lost."""

import asyncio
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.daemon.paper_time import PaperLoop, run_on_paper
from tests.daemon.paper_world import PaperBroker, PaperHost, PaperSampler

from devicewarden.config.settings import ReportSettings, Settings, ThingSettings
from devicewarden.daemon.link import Link
from devicewarden.daemon.reporting import Reporting
from devicewarden.daemon.watch import TakesSamples, Watch
from devicewarden.model.metric import NO_TRAFFIC, Sample
from devicewarden.model.outcome import Accepted, Missed, Outcome, Rejected
from devicewarden.publish.exchange import ReplyCounts

DEADLINE_S = 20.0


@dataclass(slots=True)
class PaperExchange:
    """Gives each report the next outcome."""

    outcomes: list[Outcome]
    sent: list[int] = field(default_factory=list)
    counts: ReplyCounts = field(default_factory=ReplyCounts)

    async def send(self, report_id: int, payload: bytes) -> Outcome:
        assert json.loads(payload)["header"]["report_id"] == report_id
        self.sent.append(report_id)
        return self.outcomes.pop(0)


class PaperBooks:
    """Hands out 1, 2, 3 and keeps how they ended."""

    def __init__(self) -> None:
        self.ended: list[Outcome] = []
        self._last_id = 0

    def next_report_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def record(self, report_id: int, ended_at: datetime, outcome: Outcome, size_bytes: int) -> None:
        assert (report_id, ended_at.tzinfo) == (self._last_id, UTC)
        assert size_bytes >= 0
        self.ended.append(outcome)


def reporting_on(loop: PaperLoop, sampler: TakesSamples) -> tuple[Reporting, Watch]:
    watch = Watch(PaperSampler(PaperHost(loop, seed=1).quiet))
    reporting = Reporting(
        settings=Settings(thing=ThingSettings(name="edge-1"), report=ReportSettings(interval_s=1)),
        watch=watch,
        sampler=sampler,
        store=PaperBooks(),
        now=loop.wall,
    )
    return reporting, watch


def test_a_report_whose_acknowledgement_got_lost_is_settled_by_its_reply() -> None:
    async def main(loop: PaperLoop) -> None:
        reporting, watch = reporting_on(loop, PaperSampler(PaperHost(loop, seed=2).slow))
        exchange = PaperExchange([Accepted(), Missed("no acknowledgement"), Rejected("x", "y")])
        link = Link(PaperBroker(loop), exchange, "")
        for _ in range(2):
            await reporting.round(link)
        unsettled = watch.ledger.due()

        reporting.late_reply(exchange.sent[1], Accepted())

        assert unsettled not in (None, NO_TRAFFIC)
        assert watch.ledger.due() == NO_TRAFFIC

    run_on_paper(main)


def test_a_shorter_interval_does_not_wait_for_the_end_of_a_longer_one() -> None:
    async def main(loop: PaperLoop) -> None:
        reporting, _ = reporting_on(loop, PaperSampler(PaperHost(loop, seed=2).slow))
        link = Link(PaperBroker(loop), PaperExchange([Accepted()]), "")
        reporting.due_at_s = loop.time() + 86_400

        await reporting.round(link)

        assert loop.time() <= 1

    run_on_paper(main)


class SlowSampler:
    """Takes its time, as a custom command does, and knows what must never happen."""

    def __init__(self, sample: Sample) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.closed = threading.Event()
        self.misused = False
        self.taken = 0
        self._alone = threading.Lock()
        self._sample = sample

    def take(self) -> Sample:
        self.misused |= not self._alone.acquire(blocking=False)
        self.entered.set()
        assert self.go_on.wait(DEADLINE_S)
        self.misused |= self.closed.is_set()
        self.taken += 1
        self._alone.release()
        return self._sample

    def close(self) -> None:
        self.closed.set()


class Threaded:
    """A reporting whose slow sampler runs in a real thread, and is in the middle of a sample."""

    def __init__(self) -> None:
        self.paper = PaperLoop()
        self.slow = SlowSampler(PaperHost(self.paper, seed=2).slow())
        self.reporting, _ = reporting_on(self.paper, self.slow)
        self.exchange = PaperExchange([Accepted(), Accepted()])
        self.link = Link(PaperBroker(self.paper), self.exchange, "")

    async def begin(self) -> "asyncio.Task[None]":
        self.reporting.due_at_s = asyncio.get_running_loop().time()
        round_ = asyncio.create_task(self.reporting.round(self.link))
        assert await asyncio.to_thread(self.slow.entered.wait, DEADLINE_S)
        return round_


def test_a_sampler_in_use_is_replaced_and_closed_when_it_is_done() -> None:
    it = Threaded()

    async def main() -> None:
        round_ = await it.begin()
        it.reporting.replace_sampler(PaperSampler(PaperHost(it.paper, seed=3).slow))
        in_use = not it.slow.closed.is_set()
        it.slow.go_on.set()
        await round_

        assert in_use
        assert it.slow.closed.is_set()
        assert len(it.exchange.sent) == 1

    asyncio.run(main())
    it.paper.close()
    assert not it.slow.misused


def test_a_round_cut_short_leaves_its_sampler_to_itself_until_it_is_done() -> None:
    it = Threaded()

    async def main() -> None:
        cut_short = await it.begin()
        cut_short.cancel()
        await asyncio.gather(cut_short, return_exceptions=True)
        it.slow.entered.clear()
        it.reporting.due_at_s = asyncio.get_running_loop().time()
        next_round = asyncio.create_task(it.reporting.round(it.link))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        it.slow.go_on.set()
        await next_round

    asyncio.run(main())
    it.paper.close()
    assert it.slow.taken == 2
    assert not it.slow.misused
    assert len(it.exchange.sent) == 1
