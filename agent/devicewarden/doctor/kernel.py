"""What this kernel lets the agent see, and what more a few capabilities would show."""

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from devicewarden.collect.cgroups import mount_point
from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.collect.procfs import ProcSource
from devicewarden.collect.sock_diag import open_sock_diag
from devicewarden.doctor.verdict import Verdict, failed, ok, warning
from devicewarden.model.errors import CollectError
from devicewarden.model.version import VERSION

EXACT_OWNER: Final = {2: "CAP_DAC_READ_SEARCH", 19: "CAP_SYS_PTRACE"}
EVENT_BUFFER: Final = {12: "CAP_NET_ADMIN"}
"""Bits of a capability set, capability.h."""


def versions() -> Verdict:
    """Tell what is running here; never a failure."""
    try:
        library = f"awscrt {version('awscrt')}"
    except PackageNotFoundError:
        library = "no awscrt"
    return ok(
        "versions",
        f"devicewarden {VERSION}, Python {platform.python_version()}, {library}, "
        f"Linux {platform.release()} {platform.machine()}",
    )


def judge_sources() -> Verdict:
    """Tell where sockets are read, as `collect.source = "auto"` would choose."""
    interfaces = InterfaceNames()
    netlink, proc = open_sock_diag(interfaces), ProcSource(interfaces)
    try:
        lacking = [
            name
            for name, read in (("TCP", netlink.listening_tcp), ("UDP", netlink.listening_udp))
            if _why_not(read)
        ]
        why = _why_not(proc.listening_tcp) if lacking else ""
    finally:
        netlink.close()
        proc.close()
    if not lacking:
        return ok("sockets", "TCP and UDP are read over netlink")
    if why:
        return failed("sockets", f"neither netlink nor /proc can be read: {why}", "mount /proc")
    told = f"{' and '.join(lacking)} are read in /proc: the kernel has no netlink for them"
    hint = "where there are thousands of sockets: modprobe inet_diag tcp_diag udp_diag"
    return warning("sockets", told, hint) if "TCP" in lacking else ok("sockets", told)


def judge_cgroups(mounted: Path | None) -> Verdict:
    """Tell whether the kernel can say which unit or container a socket belongs to.

    Args:
        mounted: where cgroup v2 is mounted, None: nowhere.
    """
    if mounted is None:
        return warning(
            "cgroups",
            "no cgroup v2: violations do not name the unit or container behind a socket",
            "boot with systemd.unified_cgroup_hierarchy=1",
        )
    return ok("cgroups", f"version 2 on {mounted}")


def cgroups() -> Verdict:
    """Judge this host's."""
    return judge_cgroups(mount_point())


def judge_capabilities(effective: int) -> Verdict:
    """Tell what the agent's capabilities show, and what those that it lacks would.

    Args:
        effective: the bits of its effective set.
    """
    owner = _lacking(effective, EXACT_OWNER)
    buffer = _lacking(effective, EVENT_BUFFER)
    told = [
        "sockets of other users are told with user, unit and the programs in it"
        if owner
        else "sockets of other users are told with their exact process"
    ]
    hints = []
    if owner:
        hints.append(f"{' and '.join(owner)} tell the exact process: drop-in exact-owners.conf")
    if buffer:
        hints.append(f"{buffer[0]} doubles the room for short-lived sockets: event-buffer.conf")
    return ok("capabilities", told[0], "; ".join(hints))


def effective_capabilities(pid: int, root: Path = Path("/proc")) -> int | None:
    """Read a process's effective capabilities; None where it is gone.

    Source: CapEff in proc_pid_status(5).
    """
    try:
        lines = (root / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), None)


def _lacking(effective: int, wanted: dict[int, str]) -> list[str]:
    return [name for bit, name in wanted.items() if not effective >> bit & 1]


def _why_not(read: Callable[[], object]) -> str:
    try:
        read()
    except CollectError as error:
        return str(error)
    return ""
