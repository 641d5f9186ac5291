"""Birth message, last will and farewell: retained, so that whoever asks later learns it too."""

import json
from typing import Literal

from devicewarden.model.version import VERSION


def presence(
    thing: str, state: Literal["online", "offline"], reason: Literal["started", "stopped", "lost"]
) -> bytes:
    """Write one presence message: a JSON object of four strings."""
    members = {"state": state, "reason": reason, "thing": thing, "version": VERSION}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
