"""One job for each sink: takes its events from the outbox, in order, until each is delivered."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from devicewarden.model.errors import PermanentDeliveryError, TemporaryDeliveryError
from devicewarden.notify.sink import Event, Sink
from devicewarden.state.outbox import Entry

log = structlog.get_logger()

LOOK_EVERY_S: Final = 30.0
"""Other processes put events in the outbox too, and cannot wake the daemon."""

_TIMEOUT_S: Final = 60.0
_FIRST_WAIT_S: Final = 1.0
_MAX_WAIT_S: Final = 60.0
_MAX_ASKED_S: Final = 3600.0
"""A sink may ask for a longer wait, but not for ever."""


_BACK_OFF: Final = wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_MAX_WAIT_S)


class Queue(Protocol):
    """What a delivery needs of the outbox."""

    def next(self, sink: str) -> Entry | None:
        """Give the oldest entry of a sink, the same until it is done."""
        ...

    def done(self, entry: Entry) -> None:
        """Forget an entry that its sink has."""
        ...

    def refused(self, entry: Entry, error: str) -> None:
        """Forget an entry that its sink will never take, count it, and keep why."""
        ...

    def failing(self, entry: Entry, error: str) -> None:
        """Keep why a sink does not take its oldest entry."""
        ...


class Delivery:
    """Delivers one sink's events; a sink that fails delays no other.

    Args:
        sink: takes the events.
        queue: where they wait.
        sleep: waits between two attempts.
    """

    def __init__(
        self, sink: Sink, queue: Queue, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._sink = sink
        self._queue = queue
        self._more = asyncio.Event()
        self._failing = False
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(TemporaryDeliveryError),
            wait=_wait_s,
            sleep=sleep,
            before_sleep=self._tell_failure,
        )

    def wake(self) -> None:
        """Look at once: an event was put in the outbox."""
        self._more.set()

    async def round(self) -> None:
        """Deliver the oldest event, however long that takes; wait for one where there is none.

        Each attempt asks the outbox again, which may have dropped the event meanwhile.
        """
        self._more.clear()
        if self._queue.next(self._sink.name) is not None:
            await self._retrying(self._deliver_oldest)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._more.wait()

    async def _deliver_oldest(self) -> None:
        entry = self._queue.next(self._sink.name)
        if entry is None:
            return
        event = Event(
            event_id=entry.event_id, quiet=entry.quiet, payload=entry.payload, kind=entry.kind
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._sink.deliver(event)
        except TimeoutError as error:
            late = TemporaryDeliveryError(f"no answer within {_TIMEOUT_S:g} s")
            self._queue.failing(entry, str(late))
            raise late from error
        except TemporaryDeliveryError as error:
            self._queue.failing(entry, str(error))
            raise
        except PermanentDeliveryError as error:
            self._queue.refused(entry, str(error))
            log.warning("event_refused", error=str(error), hint=error.hint, **self._facts(entry))
        else:
            self._queue.done(entry)
            if self._failing:
                log.info("delivery_recovered", **self._facts(entry))
        self._failing = False

    def _facts(self, entry: Entry) -> dict[str, str]:
        return {"sink": self._sink.name, "event_id": entry.event_id}

    def _tell_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        (log.debug if self._failing else log.warning)(
            "event_not_delivered",
            sink=self._sink.name,
            attempt=state.attempt_number,
            error=str(error),
        )
        self._failing = True


def _wait_s(state: RetryCallState) -> float:
    """Back off with jitter, or as long as the sink asks for."""
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.after_s if isinstance(error, TemporaryDeliveryError) else 0
    return max(_BACK_OFF(state), min(asked_s, _MAX_ASKED_S))
