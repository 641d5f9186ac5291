"""Who owns a socket: asked for a new one, never for all of them."""

import os
import pwd
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from devicewarden.collect.cgroups import ROOT_PATH, Cgroups, container_of, unit_of
from devicewarden.collect.netlink import Netlink
from devicewarden.collect.processes import Identity, Processes, printable
from devicewarden.collect.sock_diag import NETLINK_SOCK_DIAG
from devicewarden.collect.socket_makers import (
    Maker,
    Makers,
    NetlinkMakers,
    ProcMakers,
    Transport,
)
from devicewarden.model.errors import CollectError, ConfigError
from devicewarden.model.metric import Listener
from devicewarden.model.owner import Owner

_INIT: Final = 1
# They bound one search, whatever a hostile program opens or starts.
_MOST_SOCKETS: Final = 256
_MOST_DESCRIPTORS: Final = 20_000
_MOST_PROCESSES: Final = 4096
_MOST_INFERRED: Final = 32
_UNKNOWN: Final = Maker(inode=0, uid=None, cgroup=None)
"""Of a socket in TIME_WAIT, which is nobody's any more."""


class Owners:
    """Finds the owner of one socket at a time.

    User and cgroup are what the kernel remembers of whoever made the socket, and need no
    privilege. The process is looked for where descriptors are shown: everywhere with CAP_SYS_PTRACE
    and CAP_DAC_READ_SEARCH, else among those of the agent's own user. Where none of them holds the
    socket, the processes of its cgroup, or of its user, are those that may.
    """

    def __init__(self, makers: Sequence[Makers], cgroups: Cgroups, processes: Processes) -> None:
        """Prepare to look.

        Args:
            makers: sources, best first; the next one is asked where one cannot tell.
            cgroups: of this host.
            processes: of this host.
        """
        self._makers = makers
        self._cgroups = cgroups
        self._processes = processes

    def of_listener(self, listener: Listener, transport: Transport) -> Owner | None:
        """Find who listens there, of twins the younger; None where nobody does any more."""
        return self._owner(lambda makers: makers.of_listener(listener, transport))

    def of_remote(self, address: str) -> Owner | None:
        """Find who has a TCP socket to this IP address, of several the youngest; None: nobody."""
        return self._owner(lambda makers: makers.of_remote(address))

    def _owner(self, ask: Callable[[Makers], Iterable[Maker]]) -> Owner | None:
        # Inode numbers rise; 0 means that nobody holds the socket.
        maker = max(self._found(ask), key=lambda each: each.inode, default=_UNKNOWN)
        if maker == _UNKNOWN:
            return None
        path = None if maker.cgroup is None else self._cgroups.path_of(maker.cgroup)
        members = self._cgroups.processes(path) if path else ()
        holder = self._holder(maker, members)
        if holder is not None:
            return _told(maker, holder.cgroup or path, [holder], exact=True)
        # Where there is no systemd, everything is in the root.
        if not path or path == ROOT_PATH:
            members = self._processes.newest_first() if maker.uid else ()
        likely = [pid for pid in members if self._processes.uid(pid) == maker.uid] or members
        shown = map(self._processes.identify, likely[:_MOST_INFERRED])
        return _told(maker, path, [each for each in shown if each], exact=False)

    def _found(self, ask: Callable[[Makers], Iterable[Maker]]) -> list[Maker]:
        for source in self._makers:
            try:
                return list(islice(ask(source), _MOST_SOCKETS))
            except CollectError:
                continue
        return []

    def _holder(self, maker: Maker, members: Sequence[int]) -> Identity | None:
        """Look through descriptors, and stop at the first process that holds the socket."""
        left, tried = _MOST_DESCRIPTORS, set[int]()
        for pid in self._in_order(maker, members) if self._is_findable(maker) else ():
            if pid in tried:
                continue
            tried.add(pid)
            holds, seen = self._processes.holds(pid, maker.inode, left)
            if holds:
                return self._processes.identify(pid)
            left -= seen
            if left <= 0 or len(tried) >= _MOST_PROCESSES:
                break
        return None

    def _is_findable(self, maker: Maker) -> bool:
        """Tell whether the holder may be among the processes whose descriptors are shown."""
        ours = maker.uid == os.geteuid()
        return maker.inode != 0 and (ours or self._processes.shows_descriptors(_INIT))

    def _in_order(self, maker: Maker, members: Sequence[int]) -> Iterator[int]:
        """Give the likeliest processes first; some come twice.

        First those of the cgroup, and of these and of the others those of the user, the newest
        first: what is new was often started just now. Last comes init: with socket activation it
        made the socket and still holds it, but the service is whom people want to know.
        """
        yield from self._own_first(members, maker.uid)
        yield from self._own_first(self._processes.newest_first(), maker.uid)
        yield _INIT

    def _own_first(self, pids: Iterable[int], uid: int | None) -> Iterator[int]:
        others = []
        for pid in pids:
            if pid == _INIT:
                continue
            if self._processes.uid(pid) == uid:
                yield pid
            else:
                others.append(pid)
        yield from others


def _told(maker: Maker, path: str | None, who: Sequence[Identity], *, exact: bool) -> Owner:
    one = who[0] if len(who) == 1 else None
    where = printable(os.fsencode(path or ""))
    return Owner(
        uid=maker.uid,
        user=None if maker.uid is None else _user(maker.uid),
        unit=unit_of(where),
        container=container_of(where),
        pid=one.pid if one else None,
        programs=tuple(sorted({each.program for each in who if each.program})),
        command_line=one.command_line if one else None,
        exact=exact,
    )


def _user(uid: int) -> str | None:
    try:
        return printable(os.fsencode(pwd.getpwuid(uid).pw_name))
    except (KeyError, OverflowError):
        return None


def open_owners(redact: Sequence[str]) -> Owners:
    """Make what finds owners on this host.

    Args:
        redact: regular expressions; what they match in a command line is replaced by `***`.

    Raises:
        ConfigError: one of them is no regular expression.
    """
    try:
        patterns = [re.compile(each) for each in redact]
    except re.error as error:
        raise ConfigError(
            f"detect.redact: {error.pattern!r} is no regular expression: {error}",
            hint="test it with Python's re module",
        ) from error
    netlink = NetlinkMakers(Netlink(NETLINK_SOCK_DIAG, "sockets"))
    return Owners((netlink, ProcMakers()), Cgroups(), Processes(patterns))
