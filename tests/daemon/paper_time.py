"""An event loop on paper time: it jumps to the next timer instead of waiting for it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: adds the wait to the paper clock."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing is left to happen: the test would wait for ever")
        if not ready and timeout:
            self.now_s += timeout
        return ready


class PaperLoop(asyncio.SelectorEventLoop):
    """A loop whose time is paper time, and whose threads are function calls."""

    def __init__(self) -> None:
        self.paper = _JumpingSelector()
        super().__init__(self.paper)
        self.wall_offset = timedelta()

    def time(self) -> float:
        return self.paper.now_s

    def wall(self) -> datetime:
        """Tell the wall clock, which a test may set apart from the loop's time."""
        return START + self.wall_offset + timedelta(seconds=self.paper.now_s)

    def run_in_executor(  # type: ignore[override]  # a call stands in for a thread
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        del executor
        future: asyncio.Future[T] = self.create_future()
        future.set_result(func(*args))
        return future


def run_on_paper(main: Callable[[PaperLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on a paper loop of its own."""
    loop = PaperLoop()
    try:
        return loop.run_until_complete(main(loop))
    finally:
        loop.close()
