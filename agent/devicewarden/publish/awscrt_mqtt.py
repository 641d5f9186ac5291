"""Publisher over awscrt's MQTT 5 client; callbacks hop to the event loop, where all state is."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from awscrt import mqtt5

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError, TemporaryPublishError
from devicewarden.publish.awscrt_client import (
    NATIVE_ERRORS,
    client_options,
    connect_packet,
    make_client,
    name_and_text,
    presence_packets,
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
from devicewarden.publish.publisher import ConnectionState, MessageHandler, OnChange, handler_for

FAREWELL_TIMEOUT_S: Final = 0.7
STOP_TIMEOUT_S: Final = 0.8


class AwsCrtPublisher:
    """Fulfils `Publisher`, for one start and one stop.

    Files, keys and PIN are used, and so checked, at construction.

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
        self._publish_timeout_s = settings.ack_timeout_s + 1
        self._connection = Connection(on_change)
        self._handlers: dict[str, MessageHandler] = {}
        self._subscribed: set[str] = set()
        self._in_flight: set[object] = set()
        self._last_reason: int | None = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted = False
        self._ready = asyncio.Event()
        self._stopped = asyncio.Event()
        will, self._birth, self._farewell = presence_packets(settings, thing)
        try:
            options = client_options(settings, connect_packet(settings, client_id, will))
            self._add_callbacks(options)
            self._client: Any = make_client(settings, options)
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
            self._client = None
            return
        if self._farewell and self.connection.state == "connected":
            with contextlib.suppress(*NATIVE_ERRORS):
                async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                    await self._send(self._farewell)
        self._wanted = False
        # The session ends with us: the broker keeps nothing for a client that said goodbye.
        self._client.stop(mqtt5.DisconnectPacket(session_expiry_interval_sec=0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._stopped.wait()
        self._ready.clear()
        self._connection.stopped()
        # awscrt holds our callbacks, and they hold us: only this ends its thread and frees us.
        self._client = None

    def _add_callbacks(self, options: Any) -> None:
        """Have awscrt's callbacks hop to the event loop."""
        hop = self._hop
        options.on_publish_callback_fn = lambda data: hop(self._on_message, data.publish_packet)
        options.on_lifecycle_event_attempting_connect_fn = lambda _: hop(
            self._connection.attempting
        )
        options.on_lifecycle_event_connection_success_fn = lambda data: hop(
            self._on_connected, data.connack_packet
        )
        options.on_lifecycle_event_connection_failure_fn = lambda data: hop(
            self._on_failed, "cannot connect", data.connack_packet, data.exception
        )
        options.on_lifecycle_event_disconnection_fn = self._forget_in_flight
        options.on_lifecycle_event_stopped_fn = lambda _: hop(self._on_stopped)

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
        client = self._client
        if self._in_flight and client is not None:
            client.stop()
        self._hop(self._on_failed, "connection ended", data.disconnect_packet, data.exception)

    def _on_stopped(self) -> None:
        if self._wanted:
            self._client.start()
        else:
            self._stopped.set()

    def _on_failed(self, what: str, packet: Any, error: Exception) -> None:
        self._ready.clear()
        if packet is None:
            why = of_error(what, *name_and_text(error))
        else:
            self._last_reason = packet.reason_code
            why = of_reason(what, packet.reason_code)
        if self._wanted:
            self._connection.failed(why)

    def _on_connected(self, connack: Any) -> None:
        if not self._wanted:
            return
        if not connack.session_present:
            self._subscribed.clear()
        self._connection.connected()
        if self._birth:
            self._client.publish(self._birth)
        self._make_subscriptions()

    def _make_subscriptions(self) -> None:
        missing = [topic for topic in self._handlers if topic not in self._subscribed]
        if not missing:
            self._ready.set()
            return
        connects = self.connection.connects
        wanted = [mqtt5.Subscription(topic, mqtt5.QoS.AT_LEAST_ONCE) for topic in missing]
        self._client.subscribe(mqtt5.SubscribePacket(wanted)).add_done_callback(
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

    def _on_message(self, packet: Any) -> None:
        if handler := handler_for(self._handlers, packet.topic):
            handler(packet.topic, packet.payload)

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


def _pass_on(done: Future[Any], answer: asyncio.Future[Any]) -> None:
    if answer.done():
        return
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)
