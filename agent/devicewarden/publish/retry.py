"""The one retry policy: exponential back-off with full jitter, ended at once by the stop event."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import TemporaryPublishError

log = structlog.get_logger()


def retrying(settings: PublishSettings, stop: asyncio.Event) -> AsyncRetrying:
    """Retry what is temporary; the last error is raised as it is.

    Once `stop` is set nothing is tried again, and a wait ends with TemporaryPublishError.
    """
    return AsyncRetrying(
        retry=retry_if_exception_type(TemporaryPublishError),
        wait=wait_random_exponential(multiplier=settings.first_wait_s, max=settings.max_wait_s),
        stop=stop_after_attempt(settings.attempts),
        sleep=_wait_unless(stop),
        before_sleep=_log_retry,
        reraise=True,
    )


def _wait_unless(stop: asyncio.Event) -> Callable[[float], Awaitable[None]]:
    async def wait(seconds: float) -> None:
        # Not asyncio.wait_for: that of Python 3.11 forgets a cancellation that comes with the end
        # of the wait, and at SIGTERM they come together.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        if stop.is_set():
            raise TemporaryPublishError("the agent stops")

    return wait


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait_s = state.next_action.sleep if state.next_action else 0.0
    log.debug(
        "attempt_failed", attempt=state.attempt_number, wait_s=round(wait_s, 3), error=str(error)
    )
