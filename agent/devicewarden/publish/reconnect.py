"""Connecting for ever: after each end a wait with full jitter, longer each time up to a limit."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from devicewarden.config.settings import PublishSettings
from devicewarden.publish.connection import Connection
from devicewarden.publish.diagnosis import Diagnosis

STEADY_S: Final = 30.0
"""A connection that lasted this long resets the back-off, as with awscrt."""


async def keep_connecting(
    settings: PublishSettings,
    connection: Connection,
    one_connection: Callable[[], Awaitable[Diagnosis]],
) -> NoReturn:
    """Make one connection after the other, each from its attempt to why it ended."""
    longest_s = settings.first_wait_s
    clock = asyncio.get_running_loop()
    while True:
        connection.attempting()
        began_s = clock.time()
        connection.failed(await one_connection())
        if clock.time() - began_s >= STEADY_S:
            longest_s = settings.first_wait_s
        await asyncio.sleep(random.uniform(0, longest_s))  # noqa: S311  jitter, no secret
        longest_s = min(2 * longest_s, max(settings.max_wait_s, longest_s))
