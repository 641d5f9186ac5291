"""The three kinds of audit documents: what each says, and all that is wrong with it.

Source: UpdateAccountAuditConfiguration, CreateScheduledAudit and CreateAuditSuppression of the AWS
IoT API 2015-05-28, and what the matching describe and list operations give.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast, get_args

from devicewarden.config.audit_identifier import read_identifier_of
from devicewarden.config.profile_node import Node
from devicewarden.model.audit import LAST_DAY, Day, Frequency, ScheduledAudit
from devicewarden.model.finding import Suppression, check_name, wire_check_name

CONFIGURATIONS: Final = "auditCheckConfigurations"

_EXPIRATION: Final = "CERT_EXPIRATION_THRESHOLD_IN_DAYS"
_TAKES: Final = {
    "device-certificate-expiring": _EXPIRATION,
    "ca-certificate-expiring": _EXPIRATION,
    "device-certificate-age": "CERT_AGE_THRESHOLD_IN_DAYS",
}
_LEAST_DAYS: Final = 30
_MOST_DAYS: Final = 3652
_MAX_CHECKS: Final = 100
_DIGITS: Final = re.compile("[0-9]{1,4}")
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_DESCRIPTION: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{0,1000}")
_DAY_OF_MONTH: Final = re.compile(r"[1-9]|[12][0-9]|3[01]|LAST")


class CheckConfiguration(NamedTuple):
    """What a document says of one check; None: nothing.

    Attributes:
        enabled: whether it runs.
        days: its threshold.
    """

    enabled: bool | None
    days: int | None


def read_configurations(node: Node, known: Collection[str]) -> Mapping[str, CheckConfiguration]:
    """Read `auditCheckConfigurations`: check in kebab case -> what is said of it."""
    rest = ("roleArn", "auditNotificationTargetConfigurations")
    checks = node.members((CONFIGURATIONS, *rest))[CONFIGURATIONS]
    found = {}
    for name, one in checks.members(tuple(map(wire_check_name, known))).items():
        check, parts = check_name(name), one.members(("enabled", "configuration"))
        enabled = parts["enabled"].boolean() if "enabled" in parts else None
        days = _days(check, parts["configuration"]) if "configuration" in parts else None
        found[check] = CheckConfiguration(enabled, days)
    return found


def read_schedule(node: Node, known: Collection[str]) -> ScheduledAudit | None:
    """Read a scheduled audit; None: it is wrong, which is noted."""
    needed = ("scheduledAuditName", "frequency", "targetCheckNames")
    rest = ("dayOfWeek", "dayOfMonth", "scheduledAuditArn", "tags")
    parts = node.members((*needed, *rest), required=needed)
    if not parts.keys() >= set(needed):
        return None
    name = parts["scheduledAuditName"].text(_NAME, "1 to 128 of a-z A-Z 0-9 _ -")
    frequency = parts["frequency"].one_of(get_args(Frequency))
    names = [_check(item, known) for item in parts["targetCheckNames"].items(_MAX_CHECKS)]
    weekly, monthly = frequency in {"WEEKLY", "BIWEEKLY"}, frequency == "MONTHLY"
    day_of_week = _needed(node, parts, "dayOfWeek", is_needed=weekly)
    day_of_month = _needed(node, parts, "dayOfMonth", is_needed=monthly)
    if name is None or frequency is None or None in names:
        return None
    return ScheduledAudit(
        name=name,
        frequency=cast("Frequency", frequency),
        day_of_week=cast("Day", day_of_week.one_of(get_args(Day))) if day_of_week else None,
        day_of_month=_day_of_month(day_of_month) if day_of_month else None,
        checks=tuple(check for check in names if check),
    )


def read_suppression(node: Node, known: Collection[str]) -> Suppression | None:
    """Read a suppression; None: it is wrong, which is noted."""
    needed = ("checkName", "resourceIdentifier")
    rest = ("expirationDate", "suppressIndefinitely", "description", "clientRequestToken")
    parts = node.members((*needed, *rest), required=needed)
    check = _check(parts["checkName"], known) if "checkName" in parts else None
    identifier = (
        read_identifier_of(check, parts[needed[1]]) if check and needed[1] in parts else None
    )
    for_ever = parts["suppressIndefinitely"].boolean() if "suppressIndefinitely" in parts else None
    expires_at = _time(parts["expirationDate"]) if "expirationDate" in parts else None
    if bool(for_ever) == ("expirationDate" in parts):
        node.refuse("must have either an expirationDate, or suppressIndefinitely")
    why = "at most 1000 characters, none of them a control character"
    text = parts["description"].text(_DESCRIPTION, why) if "description" in parts else ""
    if check is None or identifier is None:
        return None
    return Suppression(
        check=check, identifier=identifier, expires_at=expires_at, description=text or ""
    )


def _days(check: str, node: Node) -> int | None:
    takes = _TAKES.get(check, "")
    members = node.members((takes,) if takes else ())
    if takes not in members:
        return None
    text = members[takes].text(_DIGITS, "a string of digits")
    if text is None:
        return None
    # AWS writes the number as a string.
    return Node(int(text), members[takes].path, node.problems).integer(_LEAST_DAYS, _MOST_DAYS)


def _check(node: Node, known: Collection[str]) -> str | None:
    name = node.one_of(tuple(map(wire_check_name, known)))
    return None if name is None else check_name(name)


def _needed(node: Node, parts: Mapping[str, Node], member: str, *, is_needed: bool) -> Node | None:
    if is_needed and member not in parts:
        node.refuse(f"has no {member}")
    return parts.get(member) if is_needed else None


def _day_of_month(node: Node) -> int | None:
    text = node.text(_DAY_OF_MONTH, "1 to 31, or LAST, as a string")
    if text is None:
        return None
    return LAST_DAY if text == "LAST" else int(text)


def _time(node: Node) -> datetime | None:
    """Read a time as AWS writes it: seconds since the epoch, or as the CLI prints it."""
    value: Any = node.value
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
        seconds = node.number()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        node.refuse("must be a time: seconds since the epoch, or YYYY-MM-DDThh:mm:ssZ")
        return None
