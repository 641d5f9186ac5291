"""A host made of files: processes in a /proc, and cgroups."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from devicewarden.collect.processes import Processes


def add_process(  # noqa: PLR0913  a process has as many sides
    root: Path,
    pid: int,
    *,
    command_line: bytes = b"/usr/bin/prog\0--serve\0",
    name: bytes = b"prog\n",
    executable: str | None = "/usr/bin/prog",
    cgroup: str = "0::/\n",
    sockets: Sequence[int] = (),
) -> None:
    """Add a process to /proc; without an executable it hides that, as others' processes do."""
    folder = root / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_bytes(name)
    (folder / "cmdline").write_bytes(command_line)
    (folder / "cgroup").write_text(cgroup)
    if executable is not None:
        (folder / "exe").symlink_to(executable)
    (folder / "fd" / "0").symlink_to("/dev/null")
    for number, inode in enumerate(sockets, 3):
        (folder / "fd" / str(number)).symlink_to(f"socket:[{inode}]")


def add_cgroup(root: Path, path: str, *pids: int) -> int:
    """Add a cgroup; gives its id."""
    folder = root / path.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    return folder.stat().st_ino


class Shown(Processes):
    """Processes of several users, though all files belong to one; remembers who was looked into."""

    def __init__(self, root: Path, users: Mapping[int, int], *, privileged: bool = True) -> None:
        super().__init__(root=root)
        self._users = users
        self._privileged = privileged
        self.looked_into: list[int] = []

    def uid(self, pid: int) -> int | None:
        return self._users.get(pid)

    def shows_descriptors(self, pid: int) -> bool:
        return self._privileged or self.uid(pid) == os.geteuid()

    def holds(self, pid: int, inode: int, most: int) -> tuple[bool, int]:
        self.looked_into.append(pid)
        if not self.shows_descriptors(pid):
            return False, 0
        return super().holds(pid, inode, most)
