"""What a sink is: a place that events are delivered to."""

from dataclasses import dataclass
from typing import Protocol

from devicewarden.state.outbox import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that people or machines are told.

    Attributes:
        event_id: the same whenever and wherever this event is delivered.
        quiet: simulated or suppressed.
        payload: a JSON document, in UTF-8.
        kind: what it is about.
    """

    event_id: str
    quiet: bool
    payload: bytes
    kind: Kind = "violation"


class Sink(Protocol):
    """Delivers events, one at a time. Used from one event loop."""

    @property
    def name(self) -> str:
        """Name its queue in the outbox; never changes."""
        ...

    async def deliver(self, event: Event) -> None:
        """Deliver an event, which may come again if its end was not seen.

        Raises:
            TemporaryDeliveryError: worth another attempt.
            PermanentDeliveryError: the sink will never take this event.
        """
        ...
