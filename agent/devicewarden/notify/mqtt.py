"""MQTT as a sink: each event is a message on the topic of its kind."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from devicewarden.model.errors import (
    PermanentDeliveryError,
    PermanentPublishError,
    TemporaryDeliveryError,
    TemporaryPublishError,
)
from devicewarden.notify.sink import Event
from devicewarden.state.outbox import Kind

Publish: TypeAlias = Callable[[str, bytes], Awaitable[None]]
"""Hands topic and payload to a broker and waits until it has them; raises PublishError."""


@dataclass(frozen=True, slots=True)
class MqttSink:
    """Publishes over a connection that others hold."""

    publish: Publish
    topics: Mapping[Kind, str]
    name: str = "mqtt"

    async def deliver(self, event: Event) -> None:
        try:
            await self.publish(self.topics[event.kind], event.payload)
        except TemporaryPublishError as error:
            raise TemporaryDeliveryError(str(error), hint=error.hint) from error
        except PermanentPublishError as error:
            raise PermanentDeliveryError(str(error), hint=error.hint) from error
