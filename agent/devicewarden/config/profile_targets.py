"""Targets of a security profile: whether it is meant for this device."""

import re
from collections.abc import Collection
from typing import Final

from devicewarden.config.profile_node import Node

MAX_TARGETS: Final = 100
_ALL_OF_US: Final = ("things", "registered-things")
_ARN: Final = re.compile(
    r"arn:[a-z0-9-]+:iot:[a-z0-9-]*:[0-9]*:"
    r"(all/(?P<all>things|registered-things|unregistered-things)"
    r"|thinggroup/(?P<group>[a-zA-Z0-9:_-]{1,128}))"
)


def read_targets(node: Node) -> tuple[str, ...]:
    """Read a list of ARNs, as AttachSecurityProfile takes them one by one."""
    meaning = "the ARN of a thing group, or of all/things or all/registered-things"
    found = (item.text(_ARN, meaning) for item in node.items(MAX_TARGETS))
    return tuple(arn for arn in found if arn is not None)


def apply_here(targets: tuple[str, ...] | None, thing_groups: Collection[str]) -> bool:
    """Tell whether a profile applies to a device in these thing groups.

    A device with a name is a registered thing. Account and region are not compared: whoever put the
    file on the device has chosen.
    """
    if targets is None:
        return True
    found = [match for match in map(_ARN.fullmatch, targets) if match]
    return any(match["all"] in _ALL_OF_US or match["group"] in thing_groups for match in found)
