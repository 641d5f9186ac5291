"""What a connection to a broker can do; one implementation for each MQTT library."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

MessageHandler: TypeAlias = Callable[[str, bytes], None]
"""Called on the event loop with topic and payload; hostile, but its size is limited already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionState:
    """How things stand between agent and broker.

    Attributes:
        state: `stopped` before start and after stop; `connecting` also while a back-off runs.
        since: aware UTC time at which this state began.
        attempts: connection attempts since the last connection.
        connects: connections made since the start.
        last_error: why the last attempt failed or the last connection ended, empty if it did not.
        hint: what the operator can do about it.
    """

    state: Literal["stopped", "connecting", "connected"]
    since: datetime
    attempts: int = 0
    connects: int = 0
    last_error: str = ""
    hint: str = ""


class Publisher(Protocol):
    """Holds one connection to one broker and keeps trying for ever. Used from one event loop."""

    @property
    def connection(self) -> ConnectionState:
        """How things stand now."""
        ...

    def subscribe(self, topic_filter: str, handler: MessageHandler) -> None:
        """Register before `start`; (re)established on each connection that has no session."""
        ...

    async def start(self) -> None:
        """Begin connecting in the background and return at once; works before the network is up."""
        ...

    async def ready(self) -> None:
        """Wait until connected and every subscription was answered, however long that takes."""
        ...

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        """Hand over one message and wait for the broker's acknowledgement (QoS 1).

        Raises:
            TemporaryPublishError: not connected, disconnected meanwhile, or no acknowledgement.
            PermanentPublishError: the broker refused this message, or it can never be sent.
        """
        ...

    async def stop(self) -> None:
        """Say the farewell message, DISCONNECT cleanly and return within two seconds."""
        ...
