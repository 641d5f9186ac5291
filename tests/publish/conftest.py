"""A broker on paper: it takes what is published and says what a test tells it to say."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from devicewarden.model.errors import PublishError
from devicewarden.publish.publisher import ConnectionState, MessageHandler

CABLE_OUT = ConnectionState(
    state="connecting", since=datetime(2026, 1, 1, tzinfo=UTC), last_error="cable out"
)


@dataclass
class PaperPublisher:
    """Fulfils `Publisher`.

    Attributes:
        on_publish: called with each payload that is handed over, before it is acknowledged.
        errors: raised by the next publishes, one each.
        online: once set, `ready` returns.
    """

    on_publish: Callable[[bytes], None] = lambda _payload: None
    errors: list[PublishError] = field(default_factory=list)
    online: asyncio.Event = field(default_factory=asyncio.Event)
    published: list[tuple[str, bytes, int]] = field(default_factory=list)
    handlers: dict[str, MessageHandler] = field(default_factory=dict)
    connection: ConnectionState = CABLE_OUT

    def __post_init__(self) -> None:
        self.online.set()

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self.handlers[topic] = handler

    def deliver(self, topic: str, payload: bytes) -> None:
        self.handlers[topic](topic, payload)

    async def start(self) -> None: ...

    async def ready(self) -> None:
        await self.online.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        self.published.append((topic, payload, qos))
        self.on_publish(payload)
        if self.errors:
            raise self.errors.pop(0)

    async def stop(self) -> None: ...


@pytest.fixture
def paper() -> PaperPublisher:
    return PaperPublisher()


@pytest.fixture(scope="session")
def new_paper() -> type[PaperPublisher]:
    """For properties, which need a new one for each example."""
    return PaperPublisher
