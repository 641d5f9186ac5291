"""What a connection to a broker can do; one implementation for each MQTT library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from devicewarden.publish.topics import matches

MessageHandler: TypeAlias = Callable[[str, bytes], None]
"""Called on the event loop with topic and payload, which are hostile and of any size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionState:
    """How things stand between agent and broker.

    Attributes:
        state: `stopped` before start and after stop; `connecting` also while a back-off runs.
        since: aware UTC time at which this state began.
        attempts: connection attempts since the last connection.
        connects: connections made since the start.
        last_error: why the last attempt failed or the last connection ended, or what the broker
            refuses on this one; empty if all is well.
        hint: what the operator can do about it.
    """

    state: Literal["stopped", "connecting", "connected"]
    since: datetime
    attempts: int = 0
    connects: int = 0
    last_error: str = ""
    hint: str = ""


def handler_for(handlers: Mapping[str, MessageHandler], topic: str) -> MessageHandler | None:
    """Find who registered this topic, or a filter that it is one of."""
    if topic in handlers:
        return handlers[topic]
    return next((each for wanted, each in handlers.items() if matches(wanted, topic)), None)


OnChange: TypeAlias = Callable[[ConnectionState], None]
"""Called on the event loop after each change."""


class Publisher(Protocol):
    """Holds one connection to one broker and keeps trying for ever. Used from one event loop."""

    @property
    def connection(self) -> ConnectionState:
        """How things stand now."""
        ...

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        """Register a topic, or a filter whose wildcards are `+` alone, before `start`.

        The subscription is made again on each connection on which the broker does not hold it.
        """
        ...

    async def start(self) -> None:
        """Begin connecting in the background and return at once; works before the network is up."""
        ...

    async def ready(self) -> None:
        """Wait until connected and every subscription was answered, however long that takes."""
        ...

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        """Hand over one message and wait for the broker's acknowledgement (QoS 1).

        A message that failed is never sent later.

        Raises:
            TemporaryPublishError: not connected, disconnected meanwhile, or no acknowledgement.
            PermanentPublishError: the broker refused this message, or it can never be sent.
        """
        ...

    async def stop(self) -> None:
        """Say the farewell message, DISCONNECT cleanly and return within two seconds."""
        ...
