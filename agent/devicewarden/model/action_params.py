"""What each type of mitigation action is told: a closed union.

Source of AWS's own: MitigationActionParams of the AWS IoT API 2015-05-28.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARN", "ERROR"]
PortProtocol: TypeAlias = Literal["TCP", "UDP"]


@dataclass(frozen=True, slots=True)
class UpdateDeviceCertificate:
    """Deactivate a device certificate."""


@dataclass(frozen=True, slots=True)
class UpdateCaCertificate:
    """Deactivate a CA certificate."""


@dataclass(frozen=True, slots=True)
class AddThingsToThingGroup:
    """Put things into groups, such as one whose policy denies everything.

    Attributes:
        groups: 1 to 10 names.
        override_dynamic: leave dynamic groups where a thing is in too many.
    """

    groups: tuple[str, ...]
    override_dynamic: bool = False


@dataclass(frozen=True, slots=True)
class ReplaceDefaultPolicyVersion:
    """Give a policy a blank default version."""


@dataclass(frozen=True, slots=True)
class EnableIotLogging:
    """Turn the account's logging on."""

    role_arn: str
    level: LogLevel


@dataclass(frozen=True, slots=True)
class PublishFindingToSns:
    """Publish a finding to a topic."""

    topic_arn: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Cut the device off from all but its broker and what the configuration allows."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of this device."""

    protocol: PortProtocol
    number: int


@dataclass(frozen=True, slots=True)
class BlockPort:
    """Let nobody reach ports of this device; empty: those that offend."""

    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockDestination:
    """Let nothing of this device reach networks (CIDR); empty: the addresses that offend."""

    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitEgressRate:
    """Drop what leaves the device faster than so many bytes a second."""

    bytes_per_second: int


@dataclass(frozen=True, slots=True)
class StopUnit:
    """Stop a unit of systemd."""

    unit: str


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run a program that the configuration allows.

    Attributes:
        argv: absolute path and arguments; never a shell's line.
        undo_argv: takes it back; empty: nothing can.
        timeout_s: the program, with all it started, is killed after this time.
    """

    argv: tuple[str, ...]
    undo_argv: tuple[str, ...]
    timeout_s: int


@dataclass(frozen=True, slots=True)
class CollectEvidence:
    """Write down what the device looks like now, in one archive."""


@dataclass(frozen=True, slots=True)
class RotateCertificate:
    """Have the agent get another key and certificate for itself."""


Params: TypeAlias = (
    UpdateDeviceCertificate
    | UpdateCaCertificate
    | AddThingsToThingGroup
    | ReplaceDefaultPolicyVersion
    | EnableIotLogging
    | PublishFindingToSns
    | Quarantine
    | BlockPort
    | BlockDestination
    | LimitEgressRate
    | StopUnit
    | RunCommand
    | CollectEvidence
    | RotateCertificate
)
