"""Does a policy reach every device over MQTT, shadows or jobs?

Rule used, for AWS's own is not published. A grant is too broad where its resource leaves open which
device it is for: where the client id, the thing's name, the topic, or the thing's name in a
reserved topic `$aws/things/NAME` may begin with a character that nobody wrote. A wildcard behind a
concrete prefix or a policy variable is fine. A topic filter is also too broad where MQTT's own
wildcards `+` and `#`, which policies read as they stand, take the place of the name.

Receive is fine, for Subscribe bounds it. `client/${iot:ClientId}` is any client id, unless the
client must be attached to its thing; `client/*` is too broad even then. `${iot:ClientId}` elsewhere
is as good as what Connect makes of it, and is judged there. Region and account are not looked at,
and a wildcard in an action is harmless where the resource is bound. What denials take away is not
granted; what they leave is judged.

Source: Device Defender guide, "AWS IoT policies overly permissive".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from devicewarden.audit.policy.access import Access, Grant
from devicewarden.audit.policy.actions import DATA_PLANE, Scope, names_action
from devicewarden.audit.policy.binding import (
    CLIENT_ID,
    asks_attached,
    denies_detached,
    names_clients,
)
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.glob import (
    FIELD,
    FRESH,
    LEVEL,
    ONE,
    RUN,
    RUNS,
    Automaton,
    Pattern,
    as_run,
    automaton,
    resource_pattern,
)
from devicewarden.audit.policy.remedy import data_plane_remedy

ARN: Final = (*"arn:", FIELD, *":iot:", FIELD, ":", FIELD, ":")
"""Tokens of any partition, region and account."""

_MQTT: Final = frozenset("+#")
_CLIENTS: Final = automaton([Pattern((*ARN, *"client/", RUN))])
_THINGS: Final = "$aws/things/"
_ANY: Final = (FRESH, RUN)
_ANY_FILTER: Final = (_ANY, ("+",), ("+", "/", RUN), ("#",))


_SHARED: Final = (*"$share/", LEVEL, "/")
_OPEN: Final[Mapping[Scope, tuple[tuple[str, ...], ...]]] = {
    Scope.CONNECT: ((*"client/", *_ANY),),
    Scope.CLIENT: ((*"client/", *_ANY),),
    Scope.THING: ((*"thing/", *_ANY),),
    Scope.TOPIC: ((*"topic/", *_ANY), (*"topic/", *_THINGS, *_ANY)),
    Scope.FILTER: tuple(
        (*"topicfilter/", *shared, *head, *name)
        for shared in ((), _SHARED)
        for head, names in (
            ("", _ANY_FILTER),
            (_THINGS, _ANY_FILTER),
            ("$aws/", _ANY_FILTER[1:]),
        )
        for name in names
    ),
}
_PROBES: Final[Mapping[Scope, Automaton]] = {
    scope: automaton(Pattern((*ARN, *tokens)) for tokens in open_names)
    for scope, open_names in _OPEN.items()
}
"""Resources that name no device: one of them granted is one too many."""

_WHY: Final[Mapping[Scope, str]] = {
    Scope.CONNECT: "lets a client connect under any client id",
    Scope.CLIENT: "reaches the connections of every client",
    Scope.TOPIC: "reaches the topics of every device",
    Scope.FILTER: "lets a client subscribe to the topics of every device",
    Scope.THING: "reaches the shadows or jobs of every thing",
}


def broad_data_plane(access: Access, thing_name: str) -> Iterator[PolicyFault]:
    """Find grants of data-plane actions that are not bound to a device.

    Args:
        access: all documents that hold together.
        thing_name: the policy variable that a compliant resource has, as remedies write it.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    for grant in access.grants():
        for scope in Scope:
            broad = [
                action
                for action, its_scope in DATA_PLANE.items()
                if its_scope is scope
                and names_action(grant.statement, action)
                and _is_broad(access, grant, action)
            ]
            if broad:
                yield grant.place.fault(
                    "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS",
                    broad,
                    grant.written,
                    _WHY[scope],
                    data_plane_remedy(scope, grant.written, thing_name),
                )


def _is_broad(access: Access, grant: Grant, action: str) -> bool:
    scope = DATA_PLANE[action]
    bound = True
    if scope is Scope.CONNECT:
        if names_clients(grant.statement):
            return False
        bound = asks_attached(grant.statement) or _detached_denied(access, grant)
    read = resource_pattern if bound else _any_client_id
    denials = access.denials_of(action)
    if grant.resource is not None and _is_concrete(read(grant.resource)):
        return False
    return access.reaches(grant, denials, _PROBES[scope], read=read)


def _any_client_id(text: str) -> Pattern:
    return as_run(resource_pattern(text), CLIENT_ID)


def _is_concrete(pattern: Pattern) -> bool:
    """Tell in passing that no probe can match, as it is with most resources."""
    return not any(token == ONE or token in RUNS or token in _MQTT for token in pattern.tokens)


def _detached_denied(access: Access, grant: Grant) -> bool:
    """Tell whether connecting is denied to every client that is not attached to a thing."""
    return any(
        denies_detached(place.statement)
        and names_action(place.statement, "iot:Connect")
        and not access.reaches(grant, [place.statement], _CLIENTS, read=_any_client_id)
        for place in access.places("Deny")
    )
