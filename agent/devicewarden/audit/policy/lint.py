"""One document's bytes -> what is wrong with them: `audit policy FILE...` in a pipeline."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from devicewarden.audit.policy.document import Policy
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.judge_iot import judge_iot_policy, judge_misconfiguration
from devicewarden.audit.policy.judge_role import (
    judge_authenticated_role,
    judge_role_alias,
    judge_unauthenticated_role,
    judge_unused_services,
)
from devicewarden.audit.policy.parse import parse_policy
from devicewarden.audit.policy.problem import PolicyError, PolicyProblem

PolicyKind: TypeAlias = Literal["iot", "role-alias", "cognito-auth", "cognito-unauth"]
Judge: TypeAlias = Callable[[Sequence[Policy], Collection[str] | None], tuple[PolicyFault, ...]]


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found in a document.

    Attributes:
        faults: in the order of the checks, then of the statements.
        problems: why it could not be judged; then there are no faults, and it does not comply.
    """

    faults: tuple[PolicyFault, ...]
    problems: tuple[PolicyProblem, ...]


def lint_policy(
    content: bytes,
    name: str,
    kind: PolicyKind = "iot",
    used_services: Collection[str] | None = None,
) -> Linted:
    """Judge one document by all the checks for its kind; it never raises.

    Args:
        content: the file as it is.
        name: how the faults call it.
        kind: what it is attached to.
        used_services: what a role used in the past year; None: nobody knows, so that unused
            services are not judged, and every service that it grants counts as used.
    """
    try:
        policy = parse_policy(content, name)
        return Linted(JUDGES[kind]([policy], used_services), ())
    except PolicyError as error:
        undecided = PolicyProblem(path="$", reason=str(error))
        return Linted((), error.problems or (undecided,))


def _iot(policies: Sequence[Policy], _used: Collection[str] | None) -> tuple[PolicyFault, ...]:
    return (*judge_iot_policy(policies), *judge_misconfiguration(policies))


def _role_alias(
    policies: Sequence[Policy], used: Collection[str] | None
) -> tuple[PolicyFault, ...]:
    if used is None:
        return judge_role_alias(policies, granted_services(policies))
    return (*judge_role_alias(policies, used), *judge_unused_services(policies, used))


def granted_services(policies: Sequence[Policy]) -> frozenset[str]:
    """Name the services that grants spell out; `iot` is always among them."""
    services = {
        action.partition(":")[0].lower()
        for policy in policies
        for statement in policy.statements
        if statement.effect == "Allow"
        for action in statement.actions
    }
    return frozenset({"iot"} | {each for each in services if not {"*", "?"} & set(each)})


JUDGES: Final[Mapping[PolicyKind, Judge]] = {
    "iot": _iot,
    "role-alias": _role_alias,
    "cognito-auth": lambda policies, _used: judge_authenticated_role(policies),
    "cognito-unauth": lambda policies, _used: judge_unauthenticated_role(policies),
}
