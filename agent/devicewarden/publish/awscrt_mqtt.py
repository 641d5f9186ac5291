"""Publisher over awscrt's MQTT 5 client: connects, subscribes, publishes, says goodbye.

awscrt calls back on its own thread: each callback hops to the event loop, where all state lives.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Literal

from awscrt import mqtt5

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError, TemporaryPublishError
from devicewarden.publish.awscrt_client import (
    NATIVE_ERRORS,
    client_options,
    connect_packet,
    make_client,
    name_and_text,
)
from devicewarden.publish.connection import Connection
from devicewarden.publish.diagnosis import (
    LEAST_FAILURE,
    NEVER_AGAIN,
    failure,
    of_error,
    of_reason,
    refusal,
)
from devicewarden.publish.presence import presence
from devicewarden.publish.publisher import ConnectionState, MessageHandler, OnChange
from devicewarden.publish.topics import presence_topic

FAREWELL_TIMEOUT_S: Final = 0.7
STOP_TIMEOUT_S: Final = 0.8


class AwsCrtPublisher:
    """Fulfils `Publisher`; files, keys and PIN are used, and so checked, at construction.

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
        self._thing = thing
        self._publish_timeout_s = settings.ack_timeout_s + 1
        self._connection = Connection(on_change)
        self._presence_topic = presence_topic(settings, thing=thing)
        self._handlers: dict[str, MessageHandler] = {}
        self._subscribed: set[str] = set()
        self._in_flight: set[object] = set()
        self._last_reason: int | None = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted = False
        self._ready = asyncio.Event()
        self._stopped = asyncio.Event()
        will = self._presence_packet("offline", "lost") if self._presence_topic else None
        try:
            options = client_options(settings, connect_packet(settings, client_id, will))
            self._add_callbacks(options)
            self._client = make_client(settings, options)
        except NATIVE_ERRORS as error:
            why = of_error("publish: cannot set up the connection", *name_and_text(error))
            raise ConfigError(why.message, hint=why.hint) from error

    @property
    def connection(self) -> ConnectionState:
        return self._connection.state

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self._handlers[topic] = handler

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wanted = True
        self._client.start()

    async def ready(self) -> None:
        await self._ready.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        if self.connection.state != "connected":
            raise TemporaryPublishError("not connected", hint=self.connection.hint)
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS(qos))
        self._last_reason = 0
        try:
            # awscrt times the acknowledgement, but not a broker that stops reading.
            async with asyncio.timeout(self._publish_timeout_s):
                completion = await self._send(packet)
        except TimeoutError:
            raise TemporaryPublishError("the broker stopped reading") from None
        except NATIVE_ERRORS as error:
            if self._last_reason in NEVER_AGAIN:
                raise refusal(self._last_reason) from error
            raise failure(*name_and_text(error)) from error
        reason = completion.puback.reason_code if qos else 0
        if reason is None or reason >= LEAST_FAILURE:
            raise refusal(reason)

    async def stop(self) -> None:
        if not self._wanted:
            return
        if self._presence_topic and self.connection.state == "connected":
            with contextlib.suppress(*NATIVE_ERRORS):
                async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                    await self._send(self._presence_packet("offline", "stopped"))
        self._wanted = False
        # The session ends with us: the broker keeps nothing for a client that said goodbye.
        self._client.stop(mqtt5.DisconnectPacket(session_expiry_interval_sec=0))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), STOP_TIMEOUT_S)
        self._ready.clear()
        self._connection.stopped()

    def _add_callbacks(self, options: Any) -> None:
        """Have awscrt's callbacks hop to the event loop."""
        options.on_publish_callback_fn = lambda data: self._hop(
            self._on_message, data.publish_packet.topic, data.publish_packet.payload
        )
        options.on_lifecycle_event_attempting_connect_fn = lambda _: self._hop(
            self._connection.attempting
        )
        options.on_lifecycle_event_connection_success_fn = lambda data: self._hop(
            self._on_connected, data.connack_packet.session_present
        )
        options.on_lifecycle_event_connection_failure_fn = lambda data: self._hop(
            self._on_failed, "connection refused", data.connack_packet, data.exception
        )
        options.on_lifecycle_event_disconnection_fn = self._forget_in_flight
        options.on_lifecycle_event_stopped_fn = lambda _: self._hop(self._on_stopped)

    def _hop(self, step: Callable[..., None], *args: object) -> None:
        # The loop may be closed while awscrt is still cleaning up.
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(step, *args)

    def _forget_in_flight(self, data: Any) -> None:
        """Keep awscrt from sending an unacknowledged report again when the session resumes.

        No queue behavior does that: MQTT wants the message sent again, however old it is by then.
        A stop wipes the session, and must be asked for here, on awscrt's thread, before it can
        reconnect.
        """
        if self._in_flight:
            self._client.stop()
        self._hop(self._on_failed, "connection ended", data.disconnect_packet, data.exception)

    def _on_stopped(self) -> None:
        if self._wanted:
            self._client.start()
        else:
            self._stopped.set()

    def _on_failed(self, what: str, packet: Any, error: Exception) -> None:
        self._ready.clear()
        if not self._wanted:
            return
        if packet is None:
            self._connection.failed(of_error(what, *name_and_text(error)))
        else:
            self._last_reason = packet.reason_code
            self._connection.failed(of_reason(what, packet.reason_code))

    def _on_connected(self, session_present: bool) -> None:  # noqa: FBT001  called by position alone
        if not session_present:
            self._subscribed.clear()
        self._connection.connected()
        if self._presence_topic:
            self._client.publish(self._presence_packet("online", "started"))
        self._make_subscriptions()

    def _make_subscriptions(self) -> None:
        missing = [topic for topic in self._handlers if topic not in self._subscribed]
        if not missing:
            self._ready.set()
            return
        packet = mqtt5.SubscribePacket(
            [mqtt5.Subscription(topic, mqtt5.QoS.AT_LEAST_ONCE) for topic in missing]
        )
        connects = self.connection.connects
        self._client.subscribe(packet).add_done_callback(
            lambda answer: self._hop(self._on_subscribed, connects, missing, answer)
        )

    def _on_subscribed(self, connects: int, topics: list[str], answer: Future[Any]) -> None:
        if (self.connection.state, self.connection.connects) != ("connected", connects):
            return
        error = answer.exception()
        if error is not None:
            name, text = name_and_text(error)
            self._connection.refused(of_error("subscribe", name, text))
            if name == "AWS_ERROR_MQTT_TIMEOUT":
                # The time-out is the pause between two attempts.
                self._make_subscriptions()
                return
        else:
            for topic, reason in zip(topics, answer.result().reason_codes, strict=False):
                if reason is None or reason >= LEAST_FAILURE:
                    self._connection.refused(of_reason(f"subscribe to {topic}", reason))
                else:
                    self._subscribed.add(topic)
        self._ready.set()

    def _on_message(self, topic: str, payload: bytes) -> None:
        handler = self._handlers.get(topic)
        if handler is not None:
            handler(topic, payload)

    async def _send(self, packet: Any) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        mark = object()
        # Marked first: awscrt may lose the connection before `publish` returns.
        self._in_flight.add(mark)
        try:
            sent = self._client.publish(packet)
        except NATIVE_ERRORS:
            self._in_flight.discard(mark)
            raise
        sent.add_done_callback(lambda _: self._in_flight.discard(mark))
        # Not `wrap_future`, which would cancel awscrt's future under awscrt's hands.
        sent.add_done_callback(lambda done: self._hop(_pass_on, done, answer))
        return await answer

    def _presence_packet(
        self, state: Literal["online", "offline"], reason: Literal["started", "stopped", "lost"]
    ) -> Any:
        return mqtt5.PublishPacket(
            topic=self._presence_topic,
            payload=presence(self._thing, state, reason),
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain=True,
        )


def _pass_on(done: "Future[Any]", answer: asyncio.Future[Any]) -> None:
    if answer.done():
        return
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)
