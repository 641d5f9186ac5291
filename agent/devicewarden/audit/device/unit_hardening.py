"""The agent's units as they are in force: a drop-in may have taken their protection away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, file_resource
from devicewarden.audit.device.systemd_files import assignments, drop_ins, first
from devicewarden.model.finding import Finding

_YES: Final = frozenset({"yes", "true", "on", "1"})
_NO: Final = frozenset({"no", "false", "off", "0"})

PROTECTED: Final[Mapping[str, frozenset[str]]] = {
    "NoNewPrivileges": _YES,
    "ProtectSystem": frozenset({"strict"}),
    "ProtectHome": _YES | {"read-only", "tmpfs"},
    "PrivateTmp": _YES | {"disconnected"},
    "PrivateDevices": _YES,
    "ProtectHostname": _YES | {"private"},
    "ProtectKernelLogs": _YES,
    "ProtectKernelModules": _YES,
    "ProtectKernelTunables": _YES,
    "ProtectControlGroups": _YES | {"private", "strict"},
    "RestrictNamespaces": _YES,
    "RestrictRealtime": _YES,
    "RestrictSUIDSGID": _YES,
    "LockPersonality": _YES,
    "MemoryDenyWriteExecute": _YES,
    "SystemCallArchitectures": frozenset({"native"}),
}
"""Setting -> values that protect."""

CAPABILITIES: Final[Mapping[str, frozenset[str]]] = {
    "devicewarden.service": frozenset({"CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}),
    "devicewarden-audit.service": frozenset({"CAP_DAC_READ_SEARCH"}),
}
"""Unit -> what it, with the drop-ins that come with the package, may have."""

_ROOT: Final = ("", "root", "0")
_LISTS: Final = ("CapabilityBoundingSet", "AmbientCapabilities", "SystemCallFilter")
_WIDENED: Final = "UNIT_PROTECTION_REMOVED"


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the agent's units, with its drop-ins.

    Attributes:
        name: of the unit.
        path: of its file.
        settings: of its section Service: name -> value in force, those of a list all together, and
            the file that says so.
    """

    name: str
    path: str
    settings: Mapping[str, tuple[str, str]]


class UnitHardeningWeakened:
    """Finds units whose protection was taken away."""

    subject = Unit
    meta = CheckMeta(
        name="unit-hardening-weakened",
        title="The agent's units keep the protection that they come with",
        severity="MEDIUM",
        why="The agent reads what others on the network chose; its unit keeps a fault in it from"
        " becoming a fault of the device.",
        decides="devicewarden.service and devicewarden-audit.service, with all their drop-ins, run"
        " as a user that is not root, have a filter of system calls, no capability beyond those of"
        " the drop-ins that come with the package, and still have "
        + ", ".join(PROTECTED)
        + ". Units that are not there are not judged.",
        remedy="systemctl revert UNIT, then write a drop-in that changes what is needed alone.",
        needs="the unit files and drop-ins",
        source="systemd.exec(5); systemd-analyze security",
        codes={_WIDENED: "a setting that protects the device is gone"},
    )

    def judge(self, subject: Unit, at: datetime) -> Iterator[Finding]:
        del at
        for name, value, where in _weakened(subject):
            reason = f"{name}={value}" if value else f"{name} is not set"
            yield self.meta.finding(
                file_resource(where, unit=subject.name), _WIDENED, f"{subject.name}: {reason}"
            )


def read_units(host: Host) -> Iterator[object]:
    """Give those of the agent's units that are there."""
    for name in CAPABILITIES:
        path = first(host, f"system/{name}")
        if path is not None:
            paths = (path, *drop_ins(host, _folders(name)))
            settings = _in_force(assignments(host, paths, "Service"))
            yield Unit(name, path, settings)


def _folders(unit: str) -> tuple[str, ...]:
    """Name the folders of drop-ins: for all services, for those with this prefix, for this one."""
    stem = unit.removesuffix(".service")
    prefixes = [stem[: place + 1] for place, letter in enumerate(stem) if letter == "-"]
    names = ("service", *(f"{prefix}.service" for prefix in prefixes), unit)
    return tuple(f"system/{name}.d" for name in names)


def _in_force(assigned: Iterator[tuple[str, str, str]]) -> dict[str, tuple[str, str]]:
    """Take the last value; those of a list add up, until an empty one."""
    found: dict[str, tuple[str, str]] = {}
    for path, name, value in assigned:
        before = found.get(name, ("", ""))[0]
        together = f"{before} {value}".strip() if name in _LISTS and value else value
        found[name] = together, path
    return found


def _weakened(unit: Unit) -> Iterator[tuple[str, str, str]]:
    """Give name, value and file of each setting that protects no more."""
    for name, good in PROTECTED.items():
        value, where = unit.settings.get(name, ("", unit.path))
        if value.lower() not in good:
            yield name, value, where
    user, where = unit.settings.get("User", ("", unit.path))
    if user in _ROOT and unit.settings.get("DynamicUser", ("no", ""))[0].lower() not in _YES:
        yield "User", user, where
    if not unit.settings.get("SystemCallFilter", ("", ""))[0]:
        yield "SystemCallFilter", "", unit.settings.get("SystemCallFilter", ("", unit.path))[1]
    yield from _capabilities(unit)


def _capabilities(unit: Unit) -> Iterator[tuple[str, str, str]]:
    allowed = CAPABILITIES[unit.name]
    for name in ("CapabilityBoundingSet", "AmbientCapabilities"):
        # Not set, the bounding set is all there are; no ambient ones are the default.
        default = "~" if name == "CapabilityBoundingSet" else ""
        value, where = unit.settings.get(name, (default, unit.path))
        if value.startswith("~") or not set(value.split()) <= allowed:
            yield name, "" if value == default else value, where
