"""What an agent tells of a violation, as it came."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message on a violation.

    Attributes:
        topic: where it was published.
        document: the JSON object.
        came_at_s: when, on the monotonic clock.
    """

    topic: str
    document: Any
    came_at_s: float

    @property
    def kind(self) -> str:
        """What happened: in-alarm, alarm-cleared or alarm-invalidated."""
        return str(self.document.get("violationEventType"))

    @property
    def violation_id(self) -> str:
        """The same for all messages on one violation."""
        return str(self.document.get("violationId"))


def read_told(topic: str, payload: bytes, came_at_s: float) -> Told | None:
    """Read a message; None where it is no JSON object."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return Told(topic=topic, document=document, came_at_s=came_at_s)
