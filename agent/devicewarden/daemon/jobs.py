"""Jobs that go on for years: each repeats a step, and the watchdog is told whether all get on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from devicewarden.daemon.first_failure import FirstFailure
from devicewarden.daemon.systemd import Progress, Supervisor

log = structlog.get_logger()
AFTER_FAILURE_S: Final = 5.0
UNWATCHED_S: Final = 60.0
"""Stands in for the watchdog's period where there is no watchdog."""


class Jobs:
    """Runs jobs side by side on the event loop, and tells the supervisor how they get on.

    Args:
        supervisor: is told.
        monotonic: seconds that never go back.
    """

    def __init__(
        self, supervisor: Supervisor, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._supervisor = supervisor
        self._progress = Progress(monotonic)
        self._failures = FirstFailure(log)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(
        self, name: str, step: Callable[[], Awaitable[None]], *, deadline_s: Callable[[], float]
    ) -> None:
        """Repeat a step for ever; each round has to end within the deadline told at its begin."""
        self._tasks[name] = asyncio.create_task(self._keep_going(name, step, deadline_s))

    def start_watchdog(self) -> None:
        """Tell the supervisor, for ever, that work is being done, while it is."""
        self._tasks["watchdog"] = asyncio.create_task(self._watch())

    async def end(self, name: str) -> None:
        """End a job, in the middle of a round if it is in one; an unknown job is no error."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._progress.forget(name)

    async def end_all(self) -> None:
        """End every job."""
        for name in list(self._tasks):
            await self.end(name)

    async def _keep_going(
        self, name: str, step: Callable[[], Awaitable[None]], deadline_s: Callable[[], float]
    ) -> None:
        # A job that fails round after round never marks progress again: the watchdog ends it.
        failing = False
        # Asked each time: a step may forget its cancellation, and would then never end.
        while self._tasks.get(name) is asyncio.current_task():
            if failing:
                await asyncio.sleep(AFTER_FAILURE_S)
            else:
                self._progress.mark(name, deadline_s())
            failing = not await self._succeeds(name, step)

    async def _succeeds(self, name: str, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except Exception as error:  # noqa: BLE001  the daemon's job loop: nothing may end it
            self._failures.failed("job_failed", kind=name, error=repr(error), exc_info=error)
            return False
        self._failures.recovered("job_recovered", kind=name)
        return True

    async def _watch(self) -> None:
        while True:
            if late := self._progress.late():
                self._failures.failed("jobs_late", kind="watchdog", jobs=", ".join(late))
            else:
                self._failures.recovered("jobs_in_time", kind="watchdog")
                self._supervisor.watchdog()
            await asyncio.sleep((self._supervisor.watchdog_s or UNWATCHED_S) / 3)
