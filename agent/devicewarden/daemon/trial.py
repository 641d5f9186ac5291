"""Whether an identity works is asked of the broker, by connecting with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import structlog

from devicewarden.config.settings import Settings
from devicewarden.daemon.link import Link
from devicewarden.model.errors import ConfigError, PublishError, TemporaryPublishError
from devicewarden.publish.job_channel import UnreadableJobError

log = structlog.get_logger()
StillWanted: TypeAlias = Callable[[], Awaitable[bool]]
"""Asks over the new connection whether the identity is still wanted; raises PublishError."""


class HasWay(Protocol):
    """What rotation needs of the way to the broker; `turn` is held by whoever changes it."""

    link: Link | None
    turn: asyncio.Lock

    async def connect(self, settings: Settings) -> None:
        """Put another link in the place of the present one; ConfigError: it cannot work."""
        ...


class Trial:
    """Connects with one identity or another; whoever calls holds the way's turn."""

    def __init__(self, way: HasWay) -> None:
        self._way = way

    async def refusal(self, settings: Settings, still_wanted: StillWanted) -> str:
        """Connect with a new identity, and tell why it does not do; empty: it does."""
        before = self._trouble()
        if not await self.connects(settings):
            return self._trouble() or "no connection in time"
        now = self._trouble()
        if now not in {"", before}:
            return now
        try:
            wanted = await still_wanted()
        except (PublishError, UnreadableJobError) as error:
            return str(error)
        return "" if wanted else "the job is not in progress any longer"

    async def connects(self, settings: Settings) -> bool:
        """Connect, and tell whether the broker took it within `provisioning.try_s`."""
        try:
            await self._way.connect(settings)
            await self.ready(settings)
        except (ConfigError, TemporaryPublishError) as error:
            log.info("identity_not_connected", error=str(error))
            return False
        return True

    async def ready(self, settings: Settings) -> None:
        """Wait for the connection that there is.

        Raises:
            TemporaryPublishError: there is none, or not within `provisioning.try_s`.
        """
        link = self._way.link
        if link is None:
            raise TemporaryPublishError("there is no broker")
        try:
            async with asyncio.timeout(settings.provisioning.try_s):
                await link.publisher.ready()
        except TimeoutError:
            raise TemporaryPublishError(self._trouble() or "no connection in time") from None

    def _trouble(self) -> str:
        link = self._way.link
        return "" if link is None else link.publisher.connection.last_error
