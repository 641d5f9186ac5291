"""What is wrong with a policy, under AWS's reason codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from devicewarden.audit.policy.document import Policy, Statement

ReasonCode: TypeAlias = Literal[
    "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS",
    "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT",
    "TOPIC_FILTERS_INTENDED_TO_DENY_ALLOWED_USING_WILDCARDS",
    "ALLOWS_BROAD_ACCESS_TO_USED_SERVICES",
    "ALLOWS_ACCESS_TO_SECURITY_AUDITING_SERVICES",
    "ALLOWS_BROAD_ACCESS_TO_IOT_THING_ADMIN_READ_ACTIONS",
    "ALLOWS_ACCESS_TO_IOT_NON_THING_ADMIN_ACTIONS",
    "ALLOWS_ACCESS_TO_IOT_THING_ADMIN_WRITE_ACTIONS",
    "ALLOWS_ACCESS_TO_UNUSED_SERVICES",
    "ALLOWS_ACCESS_TO_IOT_ADMIN_ACTIONS",
]

MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """One statement, and one resource of it, that should not be as it is.

    Attributes:
        code: AWS's reason code.
        policy: the document's name.
        statement: index in it, from 0; sid: empty where there is none.
        line, column: where the statement begins, from 1.
        action: the actions meant, comma-separated; where they are many, the first ones.
        resource: as written; `NotResource ...` where the statement names what it leaves out.
        detail: what is wrong, a sentence.
        remedy: what a compliant statement looks like.
    """

    code: ReasonCode
    policy: str
    statement: int
    sid: str
    line: int
    column: int
    action: str
    resource: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Place:
    """A statement in its document."""

    policy: Policy
    statement: Statement

    def fault(
        self, code: ReasonCode, actions: Iterable[str], resource: str, detail: str, remedy: str
    ) -> PolicyFault:
        """Blame the statement."""
        return PolicyFault(
            code=code,
            policy=self.policy.name,
            statement=self.statement.index,
            sid=self.statement.sid,
            line=self.statement.line,
            column=self.statement.column,
            action=listed(actions),
            resource=resource,
            detail=detail,
            remedy=remedy,
        )


def listed(names: Iterable[str]) -> str:
    """Write names, the first ones where they are many."""
    found = list(names)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return ", ".join(found[:MOST_NAMED]) + more
