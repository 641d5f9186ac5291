"""`actionParams` of a mitigation action: exactly one member, which tells the type.

Source: MitigationActionParams of the AWS IoT API 2015-05-28; members of our own types beside them.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final, TypeAlias, cast, get_args

from devicewarden.config.fault import shown
from devicewarden.config.profile_node import Node
from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    BlockDestination,
    BlockPort,
    CollectEvidence,
    EnableIotLogging,
    LimitEgressRate,
    LogLevel,
    Params,
    Port,
    PortProtocol,
    PublishFindingToSns,
    Quarantine,
    ReplaceDefaultPolicyVersion,
    RotateCertificate,
    RunCommand,
    StopUnit,
    UpdateCaCertificate,
    UpdateDeviceCertificate,
)

_Read: TypeAlias = Callable[[Node], Params | None]

DURATION: Final = "durationSeconds"
_MAX_ITEMS: Final = 100
_MAX_ARGV: Final = 64
_LEAST_RATE: Final = 1_000
_MOST_RATE: Final = 1_000_000_000
_COMMAND_S: Final = 30
_LONGEST_COMMAND_S: Final = 300
_GROUP: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_ROLE: Final = re.compile(r"arn:[!-~]{16,2044}")
_TOPIC: Final = re.compile(r"arn:[!-~]{7,346}")
_UNIT: Final = re.compile(
    r"[a-zA-Z0-9:_.@\\][a-zA-Z0-9:_.@\\-]{0,240}\.(service|socket|timer|path|mount)"
)
_ARGUMENT: Final = re.compile(r"[^\x00]{0,4096}")


def read_params(node: Node) -> tuple[Params | None, int | None]:
    """Read the one member; None in the place of what is wrong, which is noted.

    Returns:
        The parameters, and a duration in seconds where the member has one.
    """
    members = node.members(tuple(_READERS))
    if len(members) != 1:
        node.refuse(f"must have exactly one member, one of {', '.join(_READERS)}")
        return None, None
    (name, member), *_ = members.items()
    duration_s = None
    if name not in _OF_AWS and isinstance(member.value, dict) and DURATION in member.value:
        duration_s = member.members(tuple(member.value))[DURATION].integer(1, 2_592_000)
    return _READERS[name](member), duration_s


def _members(node: Node, *required: str, rest: tuple[str, ...] = ()) -> Mapping[str, Node] | None:
    found = node.members((*required, *rest), required=required)
    return found if found.keys() >= set(required) else None


def _fixed(params: Params, member: str, word: str) -> _Read:
    """Read what has one member with one possible word."""

    def read(node: Node) -> Params | None:
        members = _members(node, member)
        return params if members and members[member].one_of((word,)) else None

    return read


def _bare(params: Params) -> _Read:
    def read(node: Node) -> Params | None:
        node.members((DURATION,))
        return params if isinstance(node.value, dict) else None

    return read


def _endless(params: Params) -> _Read:
    """Read what takes nothing, and has no duration because nothing of it ends."""

    def read(node: Node) -> Params | None:
        node.members(())
        return params if isinstance(node.value, dict) else None

    return read


def _groups(node: Node) -> Params | None:
    members = _members(node, "thingGroupNames", rest=("overrideDynamicGroups",))
    if members is None:
        return None
    names = [item.text(_GROUP, "a group's name") for item in members["thingGroupNames"].items(10)]
    override = members.get("overrideDynamicGroups")
    overrides = override.boolean() if override else False
    if not names:
        members["thingGroupNames"].refuse("must have 1 to 10 names")
    if not names or None in names or overrides is None:
        return None
    return AddThingsToThingGroup(tuple(name for name in names if name), overrides)


def _logging(node: Node) -> Params | None:
    members = _members(node, "roleArnForLogging", "logLevel")
    if members is None:
        return None
    role = members["roleArnForLogging"].text(_ROLE, "an ARN")
    level = members["logLevel"].one_of(get_args(LogLevel))
    return EnableIotLogging(role, cast("LogLevel", level)) if role and level else None


def _sns(node: Node) -> Params | None:
    members = _members(node, "topicArn")
    topic = members["topicArn"].text(_TOPIC, "an ARN") if members else None
    return PublishFindingToSns(topic) if topic else None


def _ports(node: Node) -> Params | None:
    members = node.members(("ports", DURATION))
    items = members["ports"].items(_MAX_ITEMS) if "ports" in members else []
    ports = [_port(item) for item in items]
    if None in ports or not isinstance(node.value, dict):
        return None
    return BlockPort(tuple(port for port in ports if port))


def _port(node: Node) -> Port | None:
    members = _members(node, "protocol", "port")
    if members is None:
        return None
    protocol = members["protocol"].one_of(get_args(PortProtocol))
    number = members["port"].integer(1, 65535)
    return Port(cast("PortProtocol", protocol), number) if protocol and number else None


def _destinations(node: Node) -> Params | None:
    members = node.members(("cidrs", DURATION))
    items = members["cidrs"].items(_MAX_ITEMS) if "cidrs" in members else []
    cidrs = [_cidr(item) for item in items]
    if None in cidrs or not isinstance(node.value, dict):
        return None
    return BlockDestination(tuple(cidr for cidr in cidrs if cidr))


def _cidr(node: Node) -> str | None:
    text = node.text()
    if text is None:
        return None
    try:
        network = str(ip_network(text))
    except ValueError:
        network = ""
    # A scope may be any text, and nft would read it.
    if not network or "%" in network:
        node.refuse(f"must be an IP address or a network without host bits, not {shown(text)}")
        return None
    return network


def _rate(node: Node) -> Params | None:
    members = _members(node, "bytesPerSecond", rest=(DURATION,))
    rate = members["bytesPerSecond"].integer(_LEAST_RATE, _MOST_RATE) if members else None
    return LimitEgressRate(rate) if rate else None


def _unit(node: Node) -> Params | None:
    members = _members(node, "unit", rest=(DURATION,))
    why = "a unit's name with its kind, such as telnet.socket"
    unit = members["unit"].text(_UNIT, why) if members else None
    return StopUnit(unit) if unit else None


def _command(node: Node) -> Params | None:
    members = _members(node, "command", rest=("undoCommand", "timeoutSeconds", DURATION))
    if members is None:
        return None
    argv = _argv(members["command"])
    undo_argv = _argv(members["undoCommand"]) if "undoCommand" in members else ()
    timeout_s: int | None = _COMMAND_S
    if "timeoutSeconds" in members:
        timeout_s = members["timeoutSeconds"].integer(1, _LONGEST_COMMAND_S)
    if argv is None or undo_argv is None or timeout_s is None:
        return None
    return RunCommand(argv, undo_argv, timeout_s)


def _argv(node: Node) -> tuple[str, ...] | None:
    texts = [item.text(_ARGUMENT, "without a NUL") for item in node.items(_MAX_ARGV)]
    if not texts or not str(texts[0]).startswith("/"):
        node.refuse("must begin with the absolute path of a program")
        return None
    return None if None in texts else tuple(text for text in texts if text is not None)


_OF_AWS: Final[Mapping[str, _Read]] = {
    "updateDeviceCertificateParams": _fixed(UpdateDeviceCertificate(), "action", "DEACTIVATE"),
    "updateCACertificateParams": _fixed(UpdateCaCertificate(), "action", "DEACTIVATE"),
    "addThingsToThingGroupParams": _groups,
    "replaceDefaultPolicyVersionParams": _fixed(
        ReplaceDefaultPolicyVersion(), "templateName", "BLANK_POLICY"
    ),
    "enableIoTLoggingParams": _logging,
    "publishFindingToSnsParams": _sns,
}
_READERS: Final[Mapping[str, _Read]] = {
    **_OF_AWS,
    "quarantineParams": _bare(Quarantine()),
    "blockPortParams": _ports,
    "blockDestinationParams": _destinations,
    "limitEgressRateParams": _rate,
    "stopUnitParams": _unit,
    "runCommandParams": _command,
    "collectEvidenceParams": _bare(CollectEvidence()),
    "rotateCertificateParams": _endless(RotateCertificate()),
}
