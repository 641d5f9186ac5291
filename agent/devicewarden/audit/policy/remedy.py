"""What compliant statements look like."""

import re
from collections.abc import Mapping
from typing import Final

from devicewarden.audit.policy.actions import Scope

_ARN: Final = re.compile(r"(arn:[^:*?]+:iot:[^:*?]+:[^:*?]+:)")
_NAMELESS: Final = "arn:aws:iot:REGION:ACCOUNT:"

_RESOURCES: Final[Mapping[Scope, str]] = {
    Scope.CONNECT: "client/{name}",
    Scope.CLIENT: "client/{name}",
    Scope.TOPIC: "topic/$aws/things/{name}/shadow/*",
    Scope.FILTER: "topicfilter/$aws/things/{name}/shadow/*",
    Scope.THING: "thing/{name}",
}
_ATTACHED: Final = '{"Bool": {"iot:Connection.Thing.IsAttached": "true"}}'


def arn_head(resource: str) -> str:
    """Give an AWS IoT resource up to its type, or placeholders where it does not tell."""
    found = _ARN.match(resource)
    return found[1] if found else _NAMELESS


def data_plane_remedy(scope: Scope, resource: str, thing_name: str) -> str:
    """Write the resource that a bound grant has.

    Args:
        scope: what the resource names.
        resource: the one to replace.
        thing_name: a policy variable, `${iot:Connection.Thing.ThingName}`.
    """
    text = f'"Resource": "{arn_head(resource)}{_RESOURCES[scope].format(name=thing_name)}"'
    if scope is Scope.CONNECT and thing_name.startswith("${iot:"):
        text += f', "Condition": {_ATTACHED}'
    if scope in {Scope.TOPIC, Scope.FILTER}:
        text += ", or another topic behind a concrete prefix"
    return text
