"""The thing name of a device that has none configured: its host name, made fit for a topic."""

import os
from typing import Final

NAMELESS: Final = "devicewarden"
"""A host without a name; a fleet of them needs `thing.name`."""

_NO_LEVEL: Final = frozenset("+#/")


def host_name() -> str:
    """Tell this host's name."""
    return os.uname().nodename


def thing_name_of(host: str) -> str:
    """Make a thing name of a host name: the same, wherever that fits into one level of a topic.

    What does not fit becomes a hyphen. Linux's host names have at most 64 bytes.
    """
    fit = (char if char.isprintable() and char not in _NO_LEVEL else "-" for char in host)
    return "".join(fit) or NAMELESS
