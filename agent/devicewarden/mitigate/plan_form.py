"""Plans on their way from the daemon to root: JSON, small, and hostile until read.

A plan names configured actions and says why; what is done stands in root's own documents. Beside
that it carries facts of the cause: ports, addresses, and AWS's identifier of a resource.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final, TypeAlias, cast, get_args

from devicewarden.model.action import Cause, CauseKind, Facts, PlannedAction, action_id
from devicewarden.model.action_params import Port, PortProtocol
from devicewarden.model.errors import DocumentError
from devicewarden.model.strict_json import read_json

MAX_BYTES: Final = 131_072
"""Room for as many actions as there may be, each with as many addresses, see below."""

MAX_PORTS: Final = 64
MAX_ADDRESSES: Final = 64
MAX_ACTIONS: Final = 25
"""Five for each of the orders that one cause may fall under."""

_LEVELS: Final = 8
_LAST_PORT: Final = 65_535
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_CAUSE: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply actions in order; one that fails skips the rest."""

    actions: tuple[PlannedAction, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo one action that is in effect."""

    action_id: str


@dataclass(frozen=True, slots=True)
class Renew:
    """See where the ways lead now; connected: and let quarantines last, for the broker is there."""

    connected: bool


Request: TypeAlias = Apply | Undo | Renew


def write_request(request: Request) -> bytes:
    """Write a request; `read_request` gives it back."""
    match request:
        case Apply(actions):
            document: dict[str, Any] = {"apply": [_planned(each) for each in actions]}
        case Undo(named):
            document = {"undo": named}
        case Renew(connected):
            document = {"renew": connected}
    return json.dumps(document).encode()


def read_request(content: bytes) -> Request:
    """Read a request that anybody may have written.

    Raises:
        DocumentError: it is none.
    """
    if len(content) > MAX_BYTES:
        raise DocumentError(f"is larger than {MAX_BYTES} bytes")
    match read_json(content, levels=_LEVELS):
        case {"apply": [*items]} if 0 < len(items) <= MAX_ACTIONS:
            return Apply(tuple(map(_read_planned, items)))
        case {"undo": str(named)} if _ID.fullmatch(named):
            return Undo(named)
        case {"renew": bool(connected)}:
            return Renew(connected)
        case _:
            raise DocumentError("is no request")


def _planned(planned: PlannedAction) -> dict[str, Any]:
    facts = planned.facts
    return {
        "name": planned.name,
        "cause": [planned.cause.kind, planned.cause.id],
        "task": planned.task_id,
        "dryRun": planned.dry_run,
        "plannedAt": planned.planned_at.timestamp(),
        "ports": [[port.protocol, port.number] for port in facts.ports],
        "addresses": list(facts.addresses),
        "resource": dict(facts.resource),
    }


def _read_planned(item: object) -> PlannedAction:
    match item:
        case {
            "name": str(name),
            "cause": [str(kind), str(cause_id)],
            "task": str(task),
            "dryRun": bool(dry_run),
            "plannedAt": int(at) | float(at),
            "ports": [*ports],
            "addresses": [*addresses],
            "resource": dict(resource),
        } if kind in get_args(CauseKind):
            cause = Cause(cast("CauseKind", kind), _text(_CAUSE, cause_id))
            return PlannedAction(
                # Its own word for it would let it act twice.
                action_id=action_id(cause, name, dry_run=dry_run),
                cause=cause,
                name=_text(_NAME, name),
                task_id=_text(_NAME, task) if task else "",
                dry_run=dry_run,
                planned_at=_time(at),
                facts=Facts(
                    ports=_ports(ports), addresses=_addresses(addresses), resource=resource
                ),
            )
        case _:
            raise DocumentError("has an action that is none")


def _text(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise DocumentError("has a name that is none")
    return text


def _time(at: float) -> datetime:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DocumentError("has an impossible time") from error


def _ports(items: list[Any]) -> tuple[Port, ...]:
    if len(items) > MAX_PORTS:
        raise DocumentError(f"has more than {MAX_PORTS} ports")
    return tuple(map(_port, items))


def _port(item: object) -> Port:
    match item:
        case [str(protocol), int(number)] if protocol in get_args(PortProtocol) and _is_port(
            number
        ):
            return Port(cast("PortProtocol", protocol), number)
        case _:
            raise DocumentError("has a port that is none")


def _is_port(number: object) -> bool:
    # JSON's true is a 1 for Python, and nothing for nft.
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= _LAST_PORT


def _addresses(items: list[Any]) -> tuple[str, ...]:
    if len(items) > MAX_ADDRESSES:
        raise DocumentError(f"has more than {MAX_ADDRESSES} addresses")
    return tuple(map(_address, items))


def _address(item: object) -> str:
    try:
        if not isinstance(item, str):
            raise DocumentError("has an address that is none")
        # A scope would be text that nft reads.
        return str(ip_address(item.partition("%")[0]))
    except ValueError as error:
        raise DocumentError("has an address that is none") from error


def facts_of(
    *, ports: Mapping[PortProtocol, list[Any]], addresses: list[Any], resource: Mapping[str, Any]
) -> Facts:
    """Keep as many facts as a plan may carry; what is no port or address is left out."""
    kept = [
        Port(protocol, number)
        for protocol, numbers in ports.items()
        for number in numbers
        if _is_port(number)
    ]
    found = []
    for address in addresses[:MAX_ADDRESSES]:
        try:
            found.append(_as_it_leaves(_address(address)))
        except DocumentError:
            continue
    return Facts(ports=tuple(kept[:MAX_PORTS]), addresses=tuple(found), resource=resource)


def _as_it_leaves(text: str) -> str:
    # What a program calls ::ffff:192.0.2.1 leaves the device by IPv4.
    address = ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)
