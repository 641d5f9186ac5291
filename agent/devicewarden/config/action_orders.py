"""Start...MitigationActionsTask as a standing order: what is done about which violation, finding.

Source: StartDetectMitigationActionsTask, StartAuditMitigationActionsTask of the AWS IoT API
2015-05-28; Device Defender developer guide, mitigation actions, for which action goes with which
check.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from devicewarden.config.profile_node import Node
from devicewarden.model.action import AGENT_TYPES, DEVICE_TYPES, ActionType, MitigationAction
from devicewarden.model.action_mapping import FindingOrder, ViolationOrder
from devicewarden.model.finding import check_name

CHECK_ACTIONS: Final = "auditCheckToActionsMapping"

_MOST_ACTIONS: Final = 5
_MOST_IDS: Final = 25
_MOST_CODES: Final = 25
_TASK: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_NAME: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_CODE: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_CHECK: Final = re.compile(r"[A-Z0-9_]{1,120}_CHECK")

_CA: Final[frozenset[ActionType]] = frozenset({"UPDATE_CA_CERTIFICATE"})
_CERTIFICATE: Final[frozenset[ActionType]] = frozenset(
    {"UPDATE_DEVICE_CERTIFICATE", "ADD_THINGS_TO_THING_GROUP", "ROTATE_CERTIFICATE"}
)
_POLICY: Final[frozenset[ActionType]] = frozenset({"REPLACE_DEFAULT_POLICY_VERSION"})
_OF_CHECK: Final[Mapping[str, frozenset[ActionType]]] = {
    "revoked-ca-certificate-still-active": _CA,
    "ca-certificate-expiring": _CA,
    "ca-certificate-key-quality": _CA,
    "device-certificate-shared": _CERTIFICATE,
    "device-certificate-expiring": _CERTIFICATE,
    "revoked-device-certificate-still-active": _CERTIFICATE,
    "device-certificate-key-quality": _CERTIFICATE,
    "intermediate-ca-revoked-for-active-device-certificates": _CERTIFICATE,
    # AWS's table is silent on it; it speaks of a device certificate as well.
    "device-certificate-age": _CERTIFICATE,
    "iot-policy-overly-permissive": _POLICY,
    "iot-policy-potential-misconfiguration": _POLICY,
    "logging-disabled": frozenset({"ENABLE_IOT_LOGGING"}),
}
_OF_EVERY_CHECK: Final[frozenset[ActionType]] = frozenset({"PUBLISH_FINDING_TO_SNS", *DEVICE_TYPES})
_OF_VIOLATIONS: Final[frozenset[ActionType]] = frozenset(
    {"ADD_THINGS_TO_THING_GROUP", *DEVICE_TYPES}
)

_Actions = Mapping[str, MitigationAction]


def read_violation_order(node: Node, known: _Actions) -> ViolationOrder | None:
    """Read what is done about violations; None: it is wrong, which is noted."""
    needed = ("taskId", "target", "actions")
    suppressed = "includeSuppressedAlerts"
    rest = ("includeOnlyActiveViolations", "violationEventOccurrenceRange", "clientRequestToken")
    parts = node.members((*needed, suppressed, *rest), required=needed)
    if not parts.keys() >= set(needed):
        return None
    if suppressed in parts and parts[suppressed].boolean():
        node.problems.warning(parts[suppressed].path, "is ignored: nothing is done about those")
    task_id = parts["taskId"].text(_TASK, "1 to 128 of a-z A-Z 0-9 _ -")
    actions = _names(parts["actions"], known, _OF_VIOLATIONS)
    target = parts["target"].members(("violationIds", "securityProfileName", "behaviorName"))
    if ("violationIds" in target) == ("securityProfileName" in target):
        parts["target"].refuse("must have either violationIds or a securityProfileName")
        return None
    if "violationIds" in target and "behaviorName" in target:
        parts["target"].refuse("has a behaviorName without a securityProfileName")
    ids = _texts(target.get("violationIds"), _NAME, _MOST_IDS)
    profile, behavior = (
        _text(target.get(name)) for name in ("securityProfileName", "behaviorName")
    )
    if task_id is None or actions is None:
        return None
    return ViolationOrder(
        task_id=task_id, profile=profile, behavior=behavior, violation_ids=ids, actions=actions
    )


def read_finding_order(node: Node, known: _Actions) -> FindingOrder | None:
    """Read what is done about findings; None: it is wrong, which is noted."""
    needed = ("taskId", "target", CHECK_ACTIONS)
    parts = node.members((*needed, "clientRequestToken"), required=needed)
    if not parts.keys() >= set(needed):
        return None
    task_id = parts["taskId"].text(_TASK, "1 to 128 of a-z A-Z 0-9 _ -")
    codes, task = "auditCheckToReasonCodeFilter", "auditTaskId"
    target = parts["target"].members((task, "findingIds", codes))
    if task in target:
        node.problems.warning(target[task].path, "is ignored: an order counts for every audit")
    by_check = _by_check(parts[CHECK_ACTIONS])
    actions = {
        check: _names(item, known, _OF_EVERY_CHECK | _OF_CHECK.get(check, frozenset()))
        for check, item in by_check.items()
    }
    wanted = _by_check(target[codes]) if codes in target else {}
    if task_id is None or not actions or None in actions.values():
        return None
    return FindingOrder(
        task_id=task_id,
        finding_ids=_texts(target.get("findingIds"), _NAME, _MOST_IDS),
        codes={check: _texts(item, _CODE, _MOST_CODES) for check, item in wanted.items()},
        actions=_of_types(actions, known, AGENT_TYPES, among=False),
        rotations=_of_types(actions, known, AGENT_TYPES, among=True),
    )


def _of_types(
    by_check: Mapping[str, tuple[str, ...] | None],
    known: _Actions,
    types: Collection[ActionType],
    *,
    among: bool,
) -> Mapping[str, tuple[str, ...]]:
    """Keep the names whose type is among these, or is not; checks without any are left out."""
    kept = {
        check: tuple(name for name in names or () if (known[name].type in types) == among)
        for check, names in by_check.items()
    }
    return {check: names for check, names in kept.items() if names}


def _by_check(node: Node) -> Mapping[str, Node]:
    """Read an object whose members are checks as AWS writes them: check in kebab case -> value."""
    if not isinstance(node.value, dict):
        node.members(())
        return {}
    found = {}
    for name, item in node.members(tuple(map(str, node.value))).items():
        if _CHECK.fullmatch(name):
            found[check_name(name)] = item
        else:
            item.refuse("is no check; those are written A_B_CHECK")
    return found


def _names(
    node: Node, known: _Actions, applicable: Collection[ActionType]
) -> tuple[str, ...] | None:
    """Read 1 to 5 names of actions that exist and can do something about it; None: wrong."""
    names = []
    for item in node.items(_MOST_ACTIONS):
        name = item.one_of(tuple(known))
        if name is not None and known[name].type not in applicable:
            item.refuse(f"{known[name].type} can do nothing about this")
            name = None
        names.append(name)
    if not names:
        node.refuse("must have 1 to 5 actions")
    return tuple(name for name in names if name) if names and None not in names else None


def _texts(node: Node | None, pattern: re.Pattern[str], most: int) -> tuple[str, ...]:
    items = [] if node is None else node.items(most)
    texts = [item.text(pattern, "1 to 128 of a-z A-Z 0-9 : _ -") for item in items]
    return tuple(text for text in texts if text)


def _text(node: Node | None) -> str:
    text = None if node is None else node.text(_NAME, "1 to 128 of a-z A-Z 0-9 : _ -")
    return text or ""
