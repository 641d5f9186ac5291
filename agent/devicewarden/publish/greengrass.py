"""Publisher over a Greengrass nucleus, which has the connection to AWS IoT Core."""

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Final, NoReturn

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError, PublishError, TemporaryPublishError
from devicewarden.publish.connection import Connection
from devicewarden.publish.diagnosis import Diagnosis
from devicewarden.publish.greengrass_link import GreengrassLink, LinkEndedError, RefusedError
from devicewarden.publish.publisher import ConnectionState, MessageHandler, OnChange, handler_for
from devicewarden.publish.reconnect import keep_connecting

SOCKET: Final = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
TOKEN: Final = "SVCUID"  # noqa: S105  the name of a variable
NEW_TOKEN_STATUS: Final = 75
"""Exit status (EX_TEMPFAIL): started again by the nucleus, the component has a new SVCUID."""

LEAST_LIFE_S: Final = 1200.0
"""Nucleus lite starts a component three times an hour, and then never again."""

REFUSED: Final = Diagnosis(
    "cannot connect: the nucleus does not know this component's SVCUID",
    "the nucleus restarted; the agent ends 20 minutes after its start, to be given a new one",
)
NUCLEUS: Final = "check that the Greengrass nucleus runs"


class GreengrassPublisher:
    """Fulfils `Publisher`, for one start and one stop; connected means: to the nucleus.

    Args:
        settings: back-off and time-outs.
        environ: the environment that the nucleus gave the component.
        on_change: told of each change of the connection.
        least_life_s: the process ends over a refused SVCUID no sooner than this.

    Raises:
        ConfigError: not a Greengrass component, or a last will is asked for.
    """

    def __init__(
        self,
        settings: PublishSettings,
        environ: Mapping[str, str],
        *,
        on_change: OnChange | None = None,
        least_life_s: float = LEAST_LIFE_S,
    ) -> None:
        if not (environ.get(SOCKET) and environ.get(TOKEN)):
            raise ConfigError(
                f"publish.endpoint: greengrass needs {SOCKET} and {TOKEN} in the environment",
                hint="they are there in a Greengrass component alone, see docs/greengrass.md",
            )
        if settings.presence_topic:
            raise ConfigError(
                "publish.presence_topic: there is no last will over Greengrass",
                hint="leave it empty; AWS IoT tells when the core device goes offline",
            )
        self._settings = settings
        self._path, self._token = environ[SOCKET], environ[TOKEN]
        self._may_end_at_s = time.monotonic() + least_life_s
        self._connection = Connection(on_change)
        self._handlers: dict[str, MessageHandler] = {}
        self._ready = asyncio.Event()
        self._heard = 0
        self._link: GreengrassLink | None = None
        self._task: asyncio.Task[NoReturn] | None = None
        self._renewing: asyncio.Task[None] | None = None

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
        heard = self._heard
        try:
            async with asyncio.timeout(self._settings.ack_timeout_s):
                await link.publish(topic, payload, qos=qos)
        except TimeoutError:
            link.give_up()
            raise TemporaryPublishError("publish: no answer of the nucleus in time") from None
        except asyncio.CancelledError:
            link.give_up()
            raise
        if any(answers.startswith(f"{topic}/") for answers in self._handlers):
            wait_s = self._settings.reply_timeout_s
            asyncio.get_running_loop().call_later(wait_s, self._renew_unless_heard, link, heard)

    async def stop(self) -> None:
        if self._task is None:
            return
        for task in (self._task, self._renewing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._task = None
        self._connection.stopped()

    async def _one_connection(self) -> Diagnosis:
        self._link = link = GreengrassLink(self._take)
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await link.open(self._path, self._token)
            self._connection.connected()
            await self._make_subscriptions(link)
            await asyncio.wait([link.ended])
            return link.ended.result()
        except RefusedError:
            self._end_if_old_enough()
            return REFUSED
        except LinkEndedError:
            return link.ended.result()
        except TimeoutError:
            return Diagnosis("cannot connect: no answer of the nucleus in time", NUCLEUS)
        except OSError as error:
            return Diagnosis(f"cannot connect: {self._path}: {error.strerror}", NUCLEUS)
        finally:
            self._link = None
            self._ready.clear()
            link.cut(Diagnosis("stopped"))

    def _end_if_old_enough(self) -> None:
        if time.monotonic() >= self._may_end_at_s:
            self._connection.failed(REFUSED)
            # Out of the event loop, which then ends the agent as SIGTERM does.
            sys.exit(NEW_TOKEN_STATUS)

    async def _make_subscriptions(self, link: GreengrassLink) -> None:
        for topic in self._handlers:
            try:
                async with asyncio.timeout(self._settings.ack_timeout_s):
                    await link.subscribe(topic)
            except TimeoutError:
                link.cut(Diagnosis(f"subscribe to {topic}: no answer of the nucleus", NUCLEUS))
            except PublishError as error:
                self._connection.refused(Diagnosis(str(error), error.hint))
        self._ready.set()

    def _renew_unless_heard(self, link: GreengrassLink, heard: int) -> None:
        """Subscribe again after silence: a restarted MQTT proxy forgot what it was asked."""
        if link is self._link and self._heard == heard and self._task is not None:
            link.unsubscribe_all()
            self._renewing = asyncio.create_task(self._make_subscriptions(link))

    def _take(self, topic: str, payload: bytes) -> None:
        self._heard += 1
        if handler := handler_for(self._handlers, topic):
            handler(topic, payload)
