"""What a child process is given on standard input, and what it answers on standard output.

Both sides import this: it is small. A child is one delivery, see docs/adr/0008.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devicewarden.model.errors import (
    DeliveryError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One event on its way to one sink.

    Attributes:
        sink: the sink's settings, by name.
        event_id: the same at every attempt.
        kind: what the event is about.
        payload: the event, a JSON document.
    """

    sink: Mapping[str, Any]
    event_id: str
    kind: str
    payload: bytes


def pack(errand: Errand) -> bytes:
    """Write an errand as a child reads it: a line of JSON, and the payload as it is."""
    head = {"sink": errand.sink, "event_id": errand.event_id, "kind": errand.kind}
    return json.dumps(head).encode() + b"\n" + errand.payload


def perform(deliver: Callable[[Errand], None]) -> None:
    """Be the child: read the errand, deliver it, and answer how that went."""
    head, _, payload = sys.stdin.buffer.read().partition(b"\n")
    answer: dict[str, Any] = {"done": True}
    try:
        deliver(Errand(**json.loads(head), payload=payload))
    except DeliveryError as error:
        answer = {
            "done": False,
            "permanent": isinstance(error, PermanentDeliveryError),
            "error": str(error),
            "hint": error.hint,
            "after_s": getattr(error, "after_s", 0),
        }
    sys.stdout.write(json.dumps(answer))


def understand(answer: bytes, complaint: bytes) -> None:
    """Be the daemon: raise what the child raised; one that did not answer has crashed.

    Raises:
        TemporaryDeliveryError: worth another attempt.
        PermanentDeliveryError: the sink will never take this event.
    """
    try:
        told = json.loads(answer)
    except ValueError:
        why = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise TemporaryDeliveryError(f"the delivery failed: {why}") from None
    if told["done"]:
        return
    if told["permanent"]:
        raise PermanentDeliveryError(told["error"], hint=told["hint"])
    raise TemporaryDeliveryError(told["error"], hint=told["hint"], after_s=told["after_s"])
