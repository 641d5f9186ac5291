"""What is done about which violations and findings: the standing orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devicewarden.model.action import MitigationAction


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationOrder:
    """Actions for violations: those of one security profile, or some by their ids.

    Attributes:
        task_id: name of the order.
        profile: name of the security profile; empty: the ids alone count.
        behavior: name of the behavior; empty: all of the profile.
        violation_ids: up to 25.
        actions: names, 1 to 5, in order; one that fails skips the rest.
    """

    task_id: str
    profile: str = ""
    behavior: str = ""
    violation_ids: tuple[str, ...] = ()
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingOrder:
    """Actions for findings, by check.

    Attributes:
        task_id: name of the order.
        finding_ids: up to 25; empty: all findings of the checks.
        codes: check in kebab case -> reason codes that count; checks that are absent: all codes.
        actions: check in kebab case -> names, up to 5, in order; one that fails skips the rest.
        rotations: check in kebab case -> names of those that the agent does to itself.
    """

    task_id: str
    finding_ids: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actions: Mapping[str, tuple[str, ...]]
    rotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """All that is configured.

    Attributes:
        actions: by name.
        for_violations: all of them count for a violation, each action once.
        for_findings: the same for a finding.
    """

    actions: Mapping[str, MitigationAction] = field(default_factory=dict)
    for_violations: tuple[ViolationOrder, ...] = ()
    for_findings: tuple[FindingOrder, ...] = ()
