"""Publisher over paho-mqtt's MQTT 5 client, for machines that awscrt has no wheel for."""

import asyncio
import contextlib
from typing import Final, NoReturn

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError, PermanentPublishError, TemporaryPublishError
from devicewarden.publish.connection import Connection
from devicewarden.publish.diagnosis import LEAST_FAILURE, Diagnosis, of_error, of_reason
from devicewarden.publish.paho_client import (
    PAHO_ERRORS,
    client_maker,
    name_and_text,
    presence_messages,
)
from devicewarden.publish.paho_ended import LinkEndedError
from devicewarden.publish.paho_link import PahoLink
from devicewarden.publish.publisher import ConnectionState, MessageHandler, OnChange, handler_for
from devicewarden.publish.reconnect import keep_connecting

FAREWELL_TIMEOUT_S: Final = 0.7
STOP_TIMEOUT_S: Final = 0.8


class PahoPublisher:
    """Fulfils `Publisher`, for one start and one stop.

    Certificate, key and password are read, and so checked, at construction.

    Args:
        settings: where and how to connect.
        thing: named in topics and presence messages.
        client_id: MQTT client id.
        on_change: told of each change of the connection.

    Raises:
        ConfigError: something in the settings, or in a file that they name, cannot work.
    """

    def __init__(
        self,
        settings: PublishSettings,
        thing: str,
        client_id: str,
        *,
        on_change: OnChange | None = None,
    ) -> None:
        self._settings = settings
        self._connection = Connection(on_change)
        self._handlers: dict[str, MessageHandler] = {}
        self._subscribed: set[str] = set()
        self._resumable = False
        self._ready = asyncio.Event()
        self._link: PahoLink | None = None
        self._task: asyncio.Task[NoReturn] | None = None
        self._presence = presence_messages(settings, thing)
        try:
            self._make_client = client_maker(settings, client_id, self._presence)
            self._make_client(clean_start=True)
        except PAHO_ERRORS as error:
            why = of_error("publish: cannot set up the connection", *name_and_text(error))
            raise ConfigError(why.message, hint=why.hint) from error

    @property
    def connection(self) -> ConnectionState:
        return self._connection.state

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self._handlers[topic] = handler

    async def start(self) -> None:
        self._task = asyncio.create_task(
            keep_connecting(self._settings, self._connection, self._one_connection)
        )

    async def ready(self) -> None:
        await self._ready.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        link = self._link
        if link is None or self.connection.state != "connected":
            raise TemporaryPublishError("not connected", hint=self.connection.hint)
        try:
            async with asyncio.timeout(self._settings.ack_timeout_s):
                await link.publish(topic, payload, qos=qos)
        except ValueError as error:
            raise PermanentPublishError(f"publish: {error}") from error
        except TimeoutError:
            link.give_up()
            raise TemporaryPublishError("publish: no acknowledgement in time") from None
        except asyncio.CancelledError:
            link.give_up()
            raise

    async def stop(self) -> None:
        if self._task is None:
            return
        link = self._link if self.connection.state == "connected" else None
        if link is not None:
            await self._say_goodbye(link)
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        self._ready.clear()
        self._connection.stopped()

    async def _say_goodbye(self, link: PahoLink) -> None:
        said = self._presence
        with contextlib.suppress(TimeoutError, TemporaryPublishError):
            async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                if said is not None:
                    await link.publish(said.topic, said.farewell, qos=1, retain=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await link.leave()

    async def _one_connection(self) -> Diagnosis:
        client = self._make_client(clean_start=not self._resumable)
        link = PahoLink(client, self._take)
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                resumed = await link.open()
            self._link = link
            self._connection.connected()
            if said := self._presence:
                client.publish(said.topic, said.birth, 1, retain=True)
            await self._settle_in(link, resumed=resumed)
            await asyncio.wait([link.ended])
        except TimeoutError:
            link.cut(of_error("cannot connect", "CONNACK_TIMEOUT", "no answer in time"))
        except LinkEndedError:
            pass
        finally:
            self._link = None
            self._ready.clear()
            link.cut(Diagnosis("stopped"))
            self._resumable = self._resumes_after(link)
        return link.ended.result().why

    def _resumes_after(self, link: PahoLink) -> bool:
        # Resumed with something unacknowledged, MQTT wants that sent again, however old it is.
        return self._settings.session_expiry_s > 0 and link.greeted and link.whole

    async def _settle_in(self, link: PahoLink, *, resumed: bool) -> None:
        if not resumed:
            self._subscribed.clear()
        missing = [topic for topic in self._handlers if topic not in self._subscribed]
        while missing:
            try:
                async with asyncio.timeout(self._settings.ack_timeout_s):
                    reasons = await link.subscribe(missing)
            except TimeoutError:
                # The time-out is the pause between two attempts.
                self._connection.refused(of_error("subscribe", "TIMEOUT", "no answer in time"))
            else:
                self._take_subscriptions(missing, reasons)
                break
        self._ready.set()

    def _take_subscriptions(self, topics: list[str], reasons: list[int]) -> None:
        for topic, reason in zip(topics, reasons, strict=False):
            if reason >= LEAST_FAILURE:
                self._connection.refused(of_reason(f"subscribe to {topic}", reason))
            else:
                self._subscribed.add(topic)

    def _take(self, topic: str, payload: bytes) -> None:
        if handler := handler_for(self._handlers, topic):
            handler(topic, payload)
