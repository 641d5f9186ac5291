"""Services that root runs, and that everybody on any network of the device can reach."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, host_resource
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

_TABLES: Final = ("tcp", "tcp6", "udp", "udp6")
_LISTENING: Final = {"tcp": "0A", "udp": "07"}
_RANGE: Final = "/proc/sys/net/ipv4/ip_local_port_range"
_FIRST_EPHEMERAL: Final = 32768
_DHCP: Final = frozenset({("udp", 68), ("udp", 546)})
"""A client of DHCP has no address yet: it cannot listen in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that takes what comes, on every interface.

    Attributes:
        protocol: tcp or udp.
        port: of it.
        uid: of the process that has it, or where that is hidden, of who made it.
        program: name of the process; empty: hidden.
    """

    protocol: str
    port: int
    uid: int
    program: str


class RootListenerOnAllInterfaces:
    """Finds services that run as root and listen everywhere."""

    subject = Listener
    meta = CheckMeta(
        name="root-listener-on-all-interfaces",
        title="What listens on all interfaces does not run as root",
        severity="MEDIUM",
        why="A fault in such a service gives the device to whoever reaches it, from any network.",
        decides="No TCP socket listens on 0.0.0.0 or ::, nor takes a UDP socket below the range of"
        " ephemeral ports there, whose process runs as root. Where the process is hidden, because"
        " the audit is not root's, it counts who made the socket. Clients of DHCP are left out.",
        remedy="Bind the service to the interface that it serves, run it as a user of its own, or"
        " block the port; for one that has to be so, such as sshd, suppress the finding.",
        needs="/proc/net",
        source="ETSI EN 303 645, provisions 5.6-1 and 5.6-7",
        codes={"ROOT_LISTENS_EVERYWHERE": "root's service is reached on every interface"},
    )

    def judge(self, subject: Listener, at: datetime) -> Iterator[Finding]:
        del at
        if subject.uid == 0:
            program = subject.program or "a program that cannot be seen from here"
            where = f"{subject.protocol} port {subject.port}"
            yield self.meta.finding(
                host_resource(f"{subject.protocol}/{subject.port}", program=subject.program),
                "ROOT_LISTENS_EVERYWHERE",
                f"{program} listens on {where} of all interfaces, as root",
            )


def read_listeners(host: Host) -> Iterator[object]:
    """Give the sockets that listen on all interfaces, each protocol and port once for a user."""
    found = [each for table in _TABLES for each in _sockets(host, table)]
    owners = _owners(host, {inode for *_, inode in found}) if found else {}
    seen = set()
    for protocol, port, uid, inode in found:
        owner_uid, program = owners.get(inode, (uid, ""))
        each = Listener(protocol=protocol, port=port, uid=owner_uid, program=program)
        if each not in seen:
            seen.add(each)
            yield each


def _sockets(host: Host, table: str) -> Iterator[tuple[str, int, int, str]]:
    """Give protocol, port, uid and inode of the wildcard listeners of one table.

    Source: proc(5), /proc/net/tcp.
    """
    text = _table(host, table)
    if text is None:
        if table == "tcp":
            raise AuditError(f"/proc/net/{table} is not there")
        return
    protocol = table.removesuffix("6")
    try:
        first_ephemeral = _first_ephemeral(host)
        for line in text.splitlines()[1:]:
            _, local, remote, state, *_, uid, _, inode = line.split()[:10]
            port = int(local.partition(":")[2], 16)
            if state != _LISTENING[protocol] or _address(local) or _address(remote):
                continue
            if (protocol, port) in _DHCP or (protocol == "udp" and port >= first_ephemeral):
                continue
            yield protocol, port, int(uid), inode
    except ValueError as error:
        raise AuditError(f"/proc/net/{table} is not as it should be: {error}") from error


def _address(endpoint: str) -> int:
    return int(endpoint.partition(":")[0], 16)


def _table(host: Host, table: str) -> str | None:
    """Read a table whole: it has no size, and busy devices have megabytes of it."""
    try:
        return host.at(f"/proc/net/{table}").read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"/proc/net/{table} cannot be read: {error.strerror}") from error


def _first_ephemeral(host: Host) -> int:
    words = (host.text(_RANGE) or "").split()
    return int(words[0]) if words else _FIRST_EPHEMERAL


def _owners(host: Host, inodes: set[str]) -> Mapping[str, tuple[int, str]]:
    """Find effective uid and name of the processes that have these sockets, as far as is seen."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, tuple[int, str]] = {}
    for process in host.at("/proc").glob("[0-9]*"):
        try:
            targets = {str(link.readlink()) for link in (process / "fd").iterdir()}
            for target in targets & wanted.keys():
                owner = _owner(process)
                found[wanted[target]] = min(owner, found.get(wanted[target], owner))
        except (OSError, ValueError):
            continue  # It has ended, or is another user's.
    return found


def _owner(process: Path) -> tuple[int, str]:
    status = (process / "status").read_text(encoding="utf-8", errors="replace")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return int(fields["Uid"].split()[1]), fields["Name"]
