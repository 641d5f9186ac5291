"""Twenty-four hours on paper: outages, rejections, silence; every report has one outcome."""

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from tests.daemon.paper_time import PaperLoop, run_on_paper
from tests.daemon.paper_world import PaperBroker, PaperHost, PaperSampler
from tests.state.scene import open_store

from devicewarden.config.settings import (
    PublishSettings,
    ReportSettings,
    Settings,
    StateSettings,
    ThingSettings,
)
from devicewarden.daemon.link import Link
from devicewarden.daemon.reporting import Reporting, first_delay_s
from devicewarden.daemon.watch import Watch
from devicewarden.publish.connect import open_exchange

DAY_S = 86_400.0


class Day:
    """The daemon's own parts around a host and a broker on paper."""

    def __init__(
        self, loop: PaperLoop, folder: Path, seed: int, *, carry_over: bool = True
    ) -> None:
        self.loop = loop
        self.host = PaperHost(loop, seed)
        self.broker = PaperBroker(loop)
        settings = Settings(
            thing=ThingSettings(name="edge-1"),
            report=ReportSettings(carry_over=carry_over),
            publish=PublishSettings(endpoint="localhost"),
            state=StateSettings(dir=str(folder)),
        )
        self.store = open_store(settings.state, loop.wall)
        self.watch = Watch(PaperSampler(self.host.quiet))
        self.reporting = Reporting(
            settings=settings,
            watch=self.watch,
            sampler=PaperSampler(self.host.slow),
            store=self.store,
            now=loop.wall,
        )
        exchange = open_exchange(
            settings, self.broker, stop=asyncio.Event(), on_late_reply=self.reporting.late_reply
        )
        self.link = Link(publisher=self.broker, exchange=exchange, topic="")

    async def pass_by(self, seconds: float) -> None:
        jobs = [asyncio.ensure_future(self._sampling()), asyncio.ensure_future(self._rounds())]
        await asyncio.sleep(seconds)
        for job in jobs:
            job.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job

    async def _sampling(self) -> None:
        while True:
            self.watch.tick()
            await asyncio.sleep(10)

    async def _rounds(self) -> None:
        while True:
            await self.reporting.round(self.link)


def report_id_of(report: dict[str, object]) -> int:
    header = report["header"]
    assert isinstance(header, dict)
    return int(header["report_id"])


def traffic_of(reports: list[dict[str, object]]) -> list[int]:
    """Add up what these reports carried."""
    total = [0, 0, 0, 0]
    for report in reports:
        metrics = report["metrics"]
        assert isinstance(metrics, dict)
        stats = metrics.get("network_stats", {})
        names = ("bytes_in", "bytes_out", "packets_in", "packets_out")
        total = [sum_ + stats.get(name, 0) for sum_, name in zip(total, names, strict=True)]
    return total


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_trouble_loses_no_report_and_no_byte(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    before_the_first: list[int] = []

    async def day(loop: PaperLoop) -> Day:
        it = Day(loop, tmp_path, seed)
        starts = sorted(chance.uniform(0, DAY_S) for _ in range(12))
        it.broker.away = [(start, start + chance.expovariate(1 / 1500)) for start in starts]

        def verdict(number: int) -> str:
            if number == 1:
                before_the_first.extend(it.host.moved)
            return chance.choice(["accept"] * 6 + ["reject", "ignore", "late"])

        it.broker.verdict = verdict
        await it.pass_by(DAY_S)
        return it

    it = run_on_paper(day)
    counts = it.store.counts()
    due = it.watch.ledger.due()

    assert due is not None
    reported = [a + d for a, d in zip(traffic_of(it.broker.accepted), due, strict=True)]
    assert reported == [m - b for m, b in zip(it.host.moved, before_the_first, strict=True)]
    answered = counts.accepted + counts.rejected + counts.no_reply
    assert answered == len(it.broker.received)
    assert min(counts.accepted, counts.rejected, counts.no_reply, counts.missed) > 0
    assert answered + counts.missed >= DAY_S // 300


def test_report_ids_increase_over_outages_and_clock_jumps(tmp_path: Path) -> None:
    async def day(loop: PaperLoop) -> Day:
        it = Day(loop, tmp_path, seed=1)
        for jump_s in (0, -7200, 3600, -86_400):
            loop.wall_offset = timedelta(seconds=jump_s)
            await it.pass_by(1800)
        return it

    ids = [report_id_of(report) for report in run_on_paper(day).broker.received]

    assert len(ids) >= 20
    assert ids == sorted(set(ids))


def test_an_outage_ends_with_one_fresh_report_and_no_replay(tmp_path: Path) -> None:
    async def day(loop: PaperLoop) -> Day:
        it = Day(loop, tmp_path, seed=2)
        it.broker.away = [(1000, 15_000)]
        await it.pass_by(15_200)
        return it

    it = run_on_paper(day)
    after = [report for report in it.broker.received if float(str(report["at"])) >= 15_000]

    assert [report["at"] for report in after] == [15_000]
    assert it.store.counts().missed == pytest.approx(14_000 / 300, abs=1)


def test_reports_are_never_closer_than_the_interval(tmp_path: Path) -> None:
    async def day(loop: PaperLoop) -> Day:
        it = Day(loop, tmp_path, seed=3)
        chance = Random(3)
        it.broker.away = [
            (t, t + 200) for t in sorted(chance.uniform(0, 20_000) for _ in range(40))
        ]
        await it.pass_by(20_000)
        return it

    sent_at = [float(str(report["at"])) for report in run_on_paper(day).broker.received]

    assert len(sent_at) > 10
    assert all(later - earlier >= 300 for earlier, later in pairwise(sent_at))


def test_without_carry_over_an_unaccepted_report_takes_its_traffic_with_it(tmp_path: Path) -> None:
    async def day(loop: PaperLoop) -> Day:
        it = Day(loop, tmp_path, seed=4, carry_over=False)
        it.broker.verdict = lambda _number: "reject"
        await it.pass_by(2000)
        return it

    it = run_on_paper(day)
    carried = [
        sum(column) for column in zip(*(traffic_of([r]) for r in it.broker.received), strict=True)
    ]
    due = it.watch.ledger.due()

    assert due is not None
    assert all(c + d <= m for c, d, m in zip(carried, due, it.host.moved, strict=True))


def test_a_fleet_spreads_its_first_reports_over_the_interval() -> None:
    delays = [first_delay_s(f"edge-{n}", 300) for n in range(3000)]

    tenths = Counter(int(delay // 30) for delay in delays)
    assert sorted(tenths) == list(range(10))
    assert max(tenths.values()) < 400
    assert first_delay_s("edge-7", 300) == delays[7]
