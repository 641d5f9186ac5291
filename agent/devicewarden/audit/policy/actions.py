"""Which actions of AWS IoT there are, what they concern, and what a statement says of them."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Final

from devicewarden.audit.policy.admin_actions import NON_THING_ADMIN
from devicewarden.audit.policy.document import Statement
from devicewarden.audit.policy.glob import Automaton, Pattern, action_pattern, automaton


class Scope(Enum):
    """What a resource of a data-plane action names."""

    CONNECT = "client id to connect with"
    CLIENT = "connected client"
    TOPIC = "topic"
    FILTER = "topic filter"
    THING = "thing"


_SHADOWS: Final = ("DeleteThingShadow", "GetThingShadow", "UpdateThingShadow")
_JOBS: Final = (
    "DescribeJobExecution",
    "GetPendingJobExecutions",
    "StartNextPendingJobExecution",
    "UpdateJobExecution",
)

DATA_PLANE: Final[Mapping[str, Scope]] = {
    "iot:Connect": Scope.CONNECT,
    "iot:Publish": Scope.TOPIC,
    "iot:RetainPublish": Scope.TOPIC,
    "iot:GetRetainedMessage": Scope.TOPIC,
    "iot:Subscribe": Scope.FILTER,
    **{f"iot:{name}": Scope.THING for name in (*_SHADOWS, *_JOBS)},
    **{f"iotjobsdata:{name}": Scope.THING for name in _JOBS},
    "iot:DeleteConnection": Scope.CLIENT,
    "iot:GetConnection": Scope.CLIENT,
    "iot:ListSubscriptions": Scope.CLIENT,
    "iot:SendDirectMessage": Scope.CLIENT,
}
"""Actions that are too broad where their resource does not name the device.

Sources: Device Defender guide, "AWS IoT policies overly permissive"; resources: AWS IoT Core
Developer Guide, "AWS IoT Core action resources". The guide does not name the retained messages and
the actions on connections; they reach other devices in the same way and are judged alike.
"""

UNBOUND_DATA_PLANE: Final = frozenset(
    {"iot:Receive", "iot:ListRetainedMessages", "iot:ListNamedShadowsForThing"}
)
"""Data plane, never too broad: Subscribe bounds Receive, and the lists take no resource but `*`."""

THING_ADMIN_WRITE: Final = frozenset(
    f"iot:{name}"
    for name in (
        "AddThingToThingGroup", "AttachThingPrincipal", "CreateThing", "DeleteThing",
        "DetachThingPrincipal", "ListThings", "ListThingsInThingGroup", "RegisterThing",
        "RemoveThingFromThingGroup", "UpdateThing", "UpdateThingGroupsForThing",
    )
)  # fmt: skip
THING_ADMIN_READ: Final = frozenset(
    {
        "iot:DescribeThing",
        "iot:ListJobExecutionsForThing",
        "iot:ListThingGroupsForThing",
        "iot:ListThingPrincipals",
    }
)
"""Both: Device Defender guide, "Authenticated Cognito role overly permissive"."""

_ELSEWHERE: Final = frozenset(
    name.lower()
    for name in (*DATA_PLANE, *UNBOUND_DATA_PLANE, *THING_ADMIN_READ, *THING_ADMIN_WRITE)
)


def names_action(statement: Statement, action: str) -> bool:
    """Tell whether a statement speaks of one action."""
    if statement.actions:
        return _any_matches(statement.actions, action)
    return bool(statement.not_actions) and not _any_matches(statement.not_actions, action)


def spells_out(statement: Statement, action: str) -> bool:
    """Tell whether a statement speaks of one action by its full name."""
    return any(action.lower() == each.lower() for each in statement.actions)


def other_admin_actions(statements: Iterable[Statement]) -> Iterator[str]:
    """Give the actions of `iot:` outside the data plane that are not about things.

    These are the known ones, and those that statements spell out and that nobody here knows.
    """
    yield from sorted(NON_THING_ADMIN)
    known = {name.lower() for name in NON_THING_ADMIN} | _ELSEWHERE
    spelt = {action for each in statements for action in each.actions}
    for action in sorted(spelt):
        name = action.lower()
        if name.startswith("iot:") and not {"*", "?"} & set(name) and name not in known:
            yield action


def patterns(actions: Iterable[str]) -> list[Pattern]:
    """Read actions as they stand in a statement."""
    return [action_pattern(action) for action in actions]


def _any_matches(actions: tuple[str, ...], action: str) -> bool:
    return _automaton(actions).matches(action.lower())


@lru_cache(maxsize=1024)
def _automaton(actions: tuple[str, ...]) -> Automaton:
    return automaton(patterns(actions))
