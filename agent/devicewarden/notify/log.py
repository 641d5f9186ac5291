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
    "finding-opened": "finding_opened",
    "finding-changed": "finding_changed",
    "finding-resolved": "finding_resolved",
}
_ENDS: Final = {"audit": "audit_completed", "action": "action_told"}
_GRAVE: Final = {"in-alarm", "finding-opened", "finding-changed"}


@dataclass(frozen=True, slots=True)
class LogSink:
    """Tells the facts of an event; documents, which may hold command lines, stay out."""

    name: str = LOG

    async def deliver(self, event: Event) -> None:
        document = _parsed(event.payload)
        kind = str(document.get("violationEventType") or document.get("findingEventType"))
        told = _ENDS.get(event.kind, "event_told")
        failed = event.kind == "action" and document.get("status") == "FAILED"
        raised = (kind in _GRAVE or failed) and not event.quiet
        (log.warning if raised else log.info)(
            _TELLS.get(kind, told),
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


def _facts(document: dict[str, Any]) -> dict[str, str | int]:
    """Pick what tells people where to look, as AWS names it."""
    behavior = document.get("behavior")
    named = behavior if isinstance(behavior, dict) else {}
    found = {
        "profile": document.get("securityProfileName"),
        "behavior": named.get("name"),
        "metric": named.get("metric"),
        "check": document.get("checkName"),
        "severity": document.get("severity"),
        "code": document.get("reasonForNonComplianceCode"),
        "non_compliant_checks": document.get("nonCompliantChecksCount"),
        "failed_checks": document.get("failedChecksCount"),
        "action": document.get("actionName"),
        "type": document.get("actionType"),
        "status": document.get("status"),
        "why": document.get("message"),
    }
    return {fact: told for fact, told in found.items() if isinstance(told, str | int)}
