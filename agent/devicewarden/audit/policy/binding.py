"""Which conditions tie a client to its own thing; no other condition is relied on.

Rule used, for AWS's own is not published. A grant of iot:Connect is tied to the thing

* where the resource is the client's own id and `Bool` asks that `iot:Connection.Thing.IsAttached`
  is true, or a statement denies connecting where it is false, and for no other reason;
* where the client id or the thing's name must equal, or be like, a value that begins with a
  concrete character or a variable of the thing.

`...IfExists` and `ForAllValues:` hold where the key is absent, so they tie nothing. Addresses,
times and the like narrow from where a grant is used, and not which devices it reaches.

Source: Device Defender guide, "AWS IoT policies overly permissive"; IAM User Guide, "Creating a
condition with multiple keys or values".
"""

from typing import Final

from devicewarden.audit.policy.document import Condition, Statement
from devicewarden.audit.policy.glob import ONE, RUNS, resource_pattern

CLIENT_ID: Final = "${iot:clientid}"

_ATTACHED: Final = "iot:connection.thing.isattached"
_IDENTITIES: Final = frozenset({"iot:clientid", "iot:connection.thing.thingname"})
_EQUALS: Final = frozenset({"stringequals", "stringequalsignorecase", "stringlike"})


def asks_attached(statement: Statement) -> bool:
    """Tell whether a grant holds only for a client that is attached to its thing."""
    return any(_is_bool(each, "true") for each in statement.conditions)


def denies_detached(statement: Statement) -> bool:
    """Tell whether a denial holds for just the clients that are not attached to a thing."""
    return len(statement.conditions) == 1 and _is_bool(
        statement.conditions[0], "false", or_absent=True
    )


def names_clients(statement: Statement) -> bool:
    """Tell whether a grant names the clients or the things that it is for."""
    return any(
        condition.key.lower() in _IDENTITIES
        and condition.operator.lower().removeprefix("foranyvalue:") in _EQUALS
        and bool(condition.values)
        and all(_is_concrete(value) for value in condition.values)
        for condition in statement.conditions
    )


def _is_bool(condition: Condition, value: str, *, or_absent: bool = False) -> bool:
    operator = condition.operator.lower().removeprefix("foranyvalue:")
    if or_absent:
        operator = operator.removesuffix("ifexists")
    return (
        operator == "bool"
        and condition.key.lower() == _ATTACHED
        and {each.lower() for each in condition.values} == {value}
    )


def _is_concrete(value: str) -> bool:
    """Tell whether a value names something: `*`, and the client id itself, name anything."""
    first = resource_pattern(value).tokens[:1]
    return first not in {(), (ONE,), (CLIENT_ID,), *((run,) for run in RUNS)}
