"""Violation or finding -> plan: which configured actions, in which order, and with which facts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from devicewarden.mitigate.plan_form import MAX_ACTIONS, facts_of
from devicewarden.model.action import Cause, Facts, PlannedAction, action_id
from devicewarden.model.action_mapping import FindingOrder, Orders, ViolationOrder
from devicewarden.model.action_params import PortProtocol
from devicewarden.model.finding import check_name
from devicewarden.model.metric import DESTINATIONS, LISTENING_TCP_PORTS, LISTENING_UDP_PORTS

_PORTS: Final[Mapping[str, PortProtocol]] = {
    LISTENING_TCP_PORTS: "TCP",
    LISTENING_UDP_PORTS: "UDP",
}


def for_violation(
    orders: Orders, document: Mapping[str, Any], *, now: datetime, dry_run: bool
) -> tuple[PlannedAction, ...]:
    """Choose for one violation in alarm, neither suppressed nor simulated.

    Args:
        orders: in force.
        document: the event that raised the alarm, as sinks get it.
        now: aware UTC time.
        dry_run: tell only.
    """
    violation_id = str(document.get("violationId", ""))
    behavior = _mapping(document.get("behavior"))
    named = (document.get("securityProfileName"), behavior.get("name"))
    chosen = [
        (order.task_id, name)
        for order in orders.for_violations
        if _covers(order, violation_id, *map(str, named))
        for name in order.actions
    ]
    cause = Cause("violation", violation_id)
    return _planned(chosen, cause, _of_violation(document, behavior), now, dry_run=dry_run)


def for_finding(
    orders: Orders, document: Mapping[str, Any], *, now: datetime, dry_run: bool
) -> tuple[PlannedAction, ...]:
    """Choose for one finding that lasts and is not suppressed.

    Args:
        orders: in force.
        document: of the finding, in AWS's shape.
        now: aware UTC time.
        dry_run: tell only.
    """
    finding_id, check = str(document.get("findingId", "")), check_name(str(document["checkName"]))
    code = str(document.get("reasonForNonComplianceCode"))
    chosen = [
        (order.task_id, name)
        for order in orders.for_findings
        if _counts(order, finding_id, check, code)
        for name in order.actions.get(check, ())
    ]
    resource = _mapping(_mapping(document.get("nonCompliantResource")).get("resourceIdentifier"))
    facts = facts_of(ports={}, addresses=[], resource=resource)
    return _planned(chosen, Cause("finding", finding_id), facts, now, dry_run=dry_run)


def _covers(order: ViolationOrder, violation_id: str, profile: str, behavior: str) -> bool:
    if order.violation_ids:
        return violation_id in order.violation_ids
    return order.profile == profile and order.behavior in ("", behavior)


def _counts(order: FindingOrder, finding_id: str, check: str, code: str) -> bool:
    if order.finding_ids and finding_id not in order.finding_ids:
        return False
    return check not in order.codes or code in order.codes[check]


def _of_violation(document: Mapping[str, Any], behavior: Mapping[str, Any]) -> Facts:
    metric, offending = str(behavior.get("metric")), _offending(document)
    ports = {_PORTS[metric]: offending} if metric in _PORTS else {}
    addresses = offending if metric == DESTINATIONS else []
    return facts_of(ports=ports, addresses=addresses, resource={})


def _offending(document: Mapping[str, Any]) -> list[Any]:
    offending = _mapping(document.get("context")).get("offending")
    return offending if isinstance(offending, list) else []


def _planned(
    chosen: Iterable[tuple[str, str]],
    cause: Cause,
    facts: Facts,
    now: datetime,
    *,
    dry_run: bool,
) -> tuple[PlannedAction, ...]:
    tasks: dict[str, str] = {}
    for task_id, name in chosen:
        tasks.setdefault(name, task_id)
    return tuple(
        PlannedAction(
            action_id=action_id(cause, name, dry_run=dry_run),
            cause=cause,
            name=name,
            task_id=task_id,
            facts=facts,
            dry_run=dry_run,
            planned_at=now,
        )
        for name, task_id in list(tasks.items())[:MAX_ACTIONS]
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
