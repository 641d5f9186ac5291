"""Jobs go on whatever happens, and the watchdog is told of work, not of life."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from structlog.testing import capture_logs
from tests.daemon.paper_time import PaperLoop, run_on_paper

from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.systemd import Supervisor


class PaperSupervisor(Supervisor):
    """Counts what it is told."""

    def __init__(self) -> None:
        super().__init__({"WATCHDOG_USEC": "30000000"})
        self.beats = 0

    def watchdog(self) -> None:
        self.beats += 1


def beats_over(step: Callable[[], Awaitable[None]], *spans_s: float) -> list[int]:
    """Run a job with a deadline of 60 s and tell the watchdog's count after each span."""

    async def main(loop: PaperLoop) -> list[int]:
        supervisor = PaperSupervisor()
        jobs = Jobs(supervisor, monotonic=loop.time)
        jobs.start("job", step, deadline_s=lambda: 60.0)
        jobs.start_watchdog()
        told = []
        for span_s in spans_s:
            await asyncio.sleep(span_s)
            told.append(supervisor.beats)
        await jobs.end_all()
        return told

    return run_on_paper(main)


def test_a_step_that_fails_once_does_not_end_its_job() -> None:
    rounds: list[int] = []

    async def step() -> None:
        rounds.append(len(rounds))
        await asyncio.sleep(1)
        if len(rounds) == 2:
            raise OSError("one failed read")

    with capture_logs() as told:
        beats_over(step, 20)

    assert len(rounds) > 10
    assert [entry["event"] for entry in told] == ["job_failed", "job_recovered"]


def test_the_watchdog_hears_of_a_job_that_works() -> None:
    async def step() -> None:
        await asyncio.sleep(30)

    early, late = beats_over(step, 100, 100)

    assert late - early == 10


def test_the_watchdog_hears_nothing_once_a_job_fails_round_after_round() -> None:
    async def step() -> None:
        await asyncio.sleep(0)
        raise OSError("for good")

    early, late, very_late = beats_over(step, 61, 100, 100)

    assert early > 0
    assert late == very_late == early


def test_the_watchdog_hears_nothing_of_a_job_that_hangs() -> None:
    early, late = beats_over(lambda: asyncio.sleep(10_000), 61, 100)

    assert late == early


def test_a_step_that_forgets_its_cancellation_does_not_go_on_for_ever() -> None:
    rounds: list[str] = []

    async def step() -> None:
        rounds.append("begun")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)

    async def main(_loop: PaperLoop) -> None:
        jobs = Jobs(PaperSupervisor())
        jobs.start("job", step, deadline_s=lambda: 60.0)
        await asyncio.sleep(10)
        await asyncio.wait_for(jobs.end_all(), 100)

    run_on_paper(main)

    assert rounds == ["begun"]
