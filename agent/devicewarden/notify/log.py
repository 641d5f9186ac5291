"""The log as a sink: every event is told there, quiet ones too."""

import json
from dataclasses import dataclass
from typing import Any, Final

import structlog

from devicewarden.notify.sink import Event
from devicewarden.state.outbox import LOG

log = structlog.get_logger()

_TELLS: Final = {
    "in-alarm": "alarm_raised",
    "alarm-cleared": "alarm_cleared",
    "alarm-invalidated": "alarm_invalidated",
}


@dataclass(frozen=True, slots=True)
class LogSink:
    """Tells the facts of an event; documents, which may hold command lines, stay out."""

    name: str = LOG

    async def deliver(self, event: Event) -> None:
        document = _parsed(event.payload)
        kind = document.get("violationEventType")
        raised = kind == "in-alarm" and not event.quiet
        (log.warning if raised else log.info)(
            _TELLS.get(str(kind), "event_told"),
            event_id=event.event_id,
            quiet=event.quiet,
            **_facts(document),
        )


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _facts(document: dict[str, Any]) -> dict[str, str]:
    """Pick what tells people where to look, as AWS names it."""
    behavior = document.get("behavior")
    named = behavior if isinstance(behavior, dict) else {}
    found = {
        "profile": document.get("securityProfileName"),
        "behavior": named.get("name"),
        "metric": named.get("metric"),
    }
    return {fact: text for fact, text in found.items() if isinstance(text, str)}
