"""Mitigation: what may be done, what is planned because of what, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    BlockDestination,
    BlockPort,
    CollectEvidence,
    EnableIotLogging,
    LimitEgressRate,
    Params,
    Port,
    PublishFindingToSns,
    Quarantine,
    ReplaceDefaultPolicyVersion,
    RotateCertificate,
    RunCommand,
    StopUnit,
    UpdateCaCertificate,
    UpdateDeviceCertificate,
)

AccountType: TypeAlias = Literal[
    "UPDATE_DEVICE_CERTIFICATE",
    "UPDATE_CA_CERTIFICATE",
    "ADD_THINGS_TO_THING_GROUP",
    "REPLACE_DEFAULT_POLICY_VERSION",
    "ENABLE_IOT_LOGGING",
    "PUBLISH_FINDING_TO_SNS",
]
"""AWS's own types: they change the account, not the device."""

DeviceType: TypeAlias = Literal[
    "QUARANTINE",
    "BLOCK_PORT",
    "BLOCK_DESTINATION",
    "LIMIT_EGRESS_RATE",
    "STOP_UNIT",
    "RUN_COMMAND",
    "COLLECT_EVIDENCE",
]
"""Ours: they change this device, or look at it."""

AgentType: TypeAlias = Literal["ROTATE_CERTIFICATE"]
"""Ours too: the agent does it to itself, without root."""

ActionType: TypeAlias = AccountType | DeviceType | AgentType

ACCOUNT_TYPES: Final[tuple[AccountType, ...]] = get_args(AccountType)
DEVICE_TYPES: Final[tuple[DeviceType, ...]] = get_args(DeviceType)
AGENT_TYPES: Final[tuple[AgentType, ...]] = get_args(AgentType)

TYPE_OF: Final[Mapping[type, ActionType]] = {
    UpdateDeviceCertificate: "UPDATE_DEVICE_CERTIFICATE",
    UpdateCaCertificate: "UPDATE_CA_CERTIFICATE",
    AddThingsToThingGroup: "ADD_THINGS_TO_THING_GROUP",
    ReplaceDefaultPolicyVersion: "REPLACE_DEFAULT_POLICY_VERSION",
    EnableIotLogging: "ENABLE_IOT_LOGGING",
    PublishFindingToSns: "PUBLISH_FINDING_TO_SNS",
    Quarantine: "QUARANTINE",
    BlockPort: "BLOCK_PORT",
    BlockDestination: "BLOCK_DESTINATION",
    LimitEgressRate: "LIMIT_EGRESS_RATE",
    StopUnit: "STOP_UNIT",
    RunCommand: "RUN_COMMAND",
    CollectEvidence: "COLLECT_EVIDENCE",
    RotateCertificate: "ROTATE_CERTIFICATE",
}

CauseKind: TypeAlias = Literal["violation", "finding", "job", "operator"]

ActionStatus: TypeAlias = Literal[
    "IN_PROGRESS", "SUCCESSFUL", "FAILED", "SKIPPED", "UNDONE", "EXPIRED"
]
"""AWS's words, and two for what AWS does not do: an action is undone, or ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigationAction:
    """An action that somebody configured.

    Attributes:
        name: unique among the actions.
        params: its type, and what it is told.
        duration_s: it ends by itself after this time; None: the usual one.
        role_arn: that AWS would assume; empty on the device.
    """

    name: str
    params: Params
    duration_s: int | None = None
    role_arn: str = ""

    @property
    def type(self) -> ActionType:
        """Name its type as AWS does."""
        return TYPE_OF[type(self.params)]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is done.

    Attributes:
        kind: what it is.
        id: of the violation, finding or job; of an operator, something new each time.
    """

    kind: CauseKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a cause tells that actions may use; all of it bounded, none of it trusted.

    Attributes:
        ports: that offended.
        addresses: IP addresses that offended.
        resource: AWS's `resourceIdentifier` of a finding; JSON values only.
    """

    ports: tuple[Port, ...] = ()
    addresses: tuple[str, ...] = ()
    resource: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """An action that was chosen, not applied.

    Attributes:
        action_id: see `action_id`; whoever plans it twice plans it once.
        cause: why.
        name: of the configured action, which alone tells what is done.
        task_id: of the document that maps the cause to the action; empty: none does.
        facts: of the cause.
        dry_run: tell what would be done, and do nothing.
        planned_at: aware UTC time.
    """

    action_id: str
    cause: Cause
    name: str
    task_id: str = ""
    facts: Facts = field(default_factory=Facts)
    dry_run: bool
    planned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRecord:
    """What became of an action.

    Attributes:
        action_id: of the planned action.
        cause: why it was planned.
        name: of the configured action.
        type: of the action; None where no such action is configured.
        task_id: of the document that maps the cause to the action.
        status: SUCCESSFUL: it was applied, and is in effect where it has an effect that lasts.
        description: what is, or would be, done, in words.
        message: why it is SKIPPED, FAILED, UNDONE or EXPIRED; else empty.
        started_at: aware UTC time.
        ended_at: of what the status tells; None: IN_PROGRESS.
        expires_at: when it ends by itself; None: it leaves nothing to end.
    """

    action_id: str
    cause: Cause
    name: str
    type: ActionType | None
    task_id: str = ""
    status: ActionStatus
    description: str = ""
    message: str = ""
    started_at: datetime
    ended_at: datetime | None = None
    expires_at: datetime | None = None


def action_id(cause: Cause, name: str, *, dry_run: bool) -> str:
    """Name the one time that a cause has an action done: 32 hexadecimal digits.

    A dry run has an id of its own, so that it does not stand in for what follows it.
    """
    import hashlib  # noqa: PLC0415  it loads OpenSSL, which the daemon has no other need of

    parts = (cause.kind, cause.id, name, "dry" if dry_run else "")
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]
