"""Rules for the section `mitigate`: known types, programs by their path, networks."""

from collections.abc import Iterator
from ipaddress import ip_network

from devicewarden.config.fault import Fault, did_you_mean, shown
from devicewarden.config.settings import Settings
from devicewarden.model.action import ACCOUNT_TYPES, AGENT_TYPES, DEVICE_TYPES

_TYPES = (*DEVICE_TYPES, *AGENT_TYPES, *ACCOUNT_TYPES)


def allowed_types(settings: Settings) -> Iterator[Fault]:
    """Only types that exist can be allowed."""
    for index, name in enumerate(settings.mitigate.allow):
        if name not in _TYPES:
            yield Fault(
                (("mitigate", "allow", index),),
                f"{shown(name)} is no type of action",
                did_you_mean(name, list(_TYPES)) or f"one of {', '.join(_TYPES)}",
            )


def allowed_commands(settings: Settings) -> Iterator[Fault]:
    """A program is named by its path: root must not search for it."""
    for index, path in enumerate(settings.mitigate.allow_commands):
        if not path.startswith("/") or "\0" in path:
            yield Fault(
                (("mitigate", "allow_commands", index),),
                f"must be an absolute path, not {shown(path)}",
            )


def allowed_addresses(settings: Settings) -> Iterator[Fault]:
    """An address or a network, in the kernel's own terms: names change."""
    for index, text in enumerate(settings.mitigate.allow_addresses):
        if not _is_network(text):
            yield Fault(
                (("mitigate", "allow_addresses", index),),
                f"{shown(text)} is neither an IP address nor a network",
                "such as 192.0.2.7 or 192.0.2.0/24; bits below the prefix are 0",
            )


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    # A scope may be any text, and nft would read it.
    return "%" not in text
