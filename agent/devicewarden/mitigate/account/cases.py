"""What the state file knows -> cases: findings that last, violations in alarm, none suppressed."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from devicewarden.mitigate.account.case import Case
from devicewarden.model.action import Cause
from devicewarden.model.audit import DEVICE
from devicewarden.state.finding_records import KeptFinding
from devicewarden.state.violation_records import Violation

_MOST_RELATED: Final = 25
_HARMLESS: Final = ("FALSE_POSITIVE", "BENIGN_POSITIVE")


def case_of_finding(finding: KeptFinding, account: str) -> Case | None:
    """Give what may be acted on; None: it is over, suppressed, or of another account."""
    if finding.closed_at is not None or finding.suppressed:
        return None
    if finding.scope not in (DEVICE, account):
        return None
    return Case(
        cause=Cause("finding", finding.finding_id),
        account="" if finding.scope == DEVICE else account,
        resources=tuple(_identifiers(finding.document)),
        document=finding.document,
    )


def case_of_violation(violation: Violation, document: Mapping[str, Any]) -> Case | None:
    """Give what may be acted on; None: suppressed, simulated, over, or known to be harmless.

    Args:
        violation: as it stands.
        document: the event that raised the alarm.
    """
    if violation.suppressed or violation.simulated or violation.kind != "in-alarm":
        return None
    if violation.verification in _HARMLESS:
        return None
    return Case(
        cause=Cause("violation", violation.violation_id),
        thing=str(document["thingName"]),
        document=document,
    )


def _identifiers(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    related = document.get("relatedResources", [])[:_MOST_RELATED]
    for resource in (document["nonCompliantResource"], *related):
        yield resource["resourceIdentifier"]
