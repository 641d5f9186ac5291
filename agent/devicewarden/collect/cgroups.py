"""Cgroups: where one lies, who is in it, and which unit or container it stands for."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT_PATH: Final = "/"
_MOST_CGROUPS: Final = 20_000
_MOST_BYTES: Final = 1 << 16
_INODE_MASK: Final = (1 << 32) - 1
_MOUNTED_ON: Final = 4
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")
_UNIT: Final = re.compile(r"/([^/]+\.(?:service|scope|socket|mount|swap))(?=/|$)")
_CONTAINER: Final = re.compile(
    r"(?:[/:]|(?<!conmon)-)([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?=/|$)"
    r"|/lxc\.payload\.([^/]+)|/machine-([^/]+)\.scope|/systemd-nspawn@([^/]+)\.service"
)
"""Docker, Podman, containerd and CRI-O use ids of 64 digits; then LXC, machined and nspawn."""


class Cgroups:
    """The cgroup v2 tree of this host, walked when an id is new."""

    def __init__(self, root: Path | None = None) -> None:
        """Prepare to look; `root` is where the tree is mounted, None: wherever the kernel says."""
        self._root = root or mount_point()
        self._paths: dict[int, str] = {}

    def path_of(self, identity: int) -> str | None:
        """Find the path, `/` being the root; None where it is gone, or outside our namespace.

        An id is the inode number of the cgroup's folder, and above 32 bits a generation where
        inode numbers have no more. It does not come back after the cgroup is gone.
        """
        if self._root is None:
            return None
        path = self._known(identity)
        if path is None or not self._folder(path).exists():
            self._paths = dict(self._walk())
            path = self._known(identity)
        return path

    def processes(self, path: str) -> Sequence[int]:
        """List the processes in exactly this cgroup, newest first; none where it is gone."""
        try:
            with (self._folder(path) / "cgroup.procs").open("rb") as file:
                words = file.read(_MOST_BYTES).split()
        except OSError:
            return ()
        # A process outside our pid namespace is listed as 0.
        return sorted({int(word) for word in words if word.isdigit()} - {0}, reverse=True)

    def _known(self, identity: int) -> str | None:
        return self._paths.get(identity) or self._paths.get(identity & _INODE_MASK)

    def _folder(self, path: str) -> Path:
        return (self._root or Path()) / path.removeprefix(ROOT_PATH)

    def _walk(self) -> Iterator[tuple[int, str]]:
        try:
            yield self._folder(ROOT_PATH).stat().st_ino, ROOT_PATH
        except OSError:
            return
        left = [ROOT_PATH]
        for _ in range(_MOST_CGROUPS):
            if not left:
                return
            above = left.pop()
            for inode, name in _folders_in(self._folder(above)):
                path = f"{above.rstrip(ROOT_PATH)}/{name}"
                yield inode, path
                left.append(path)


def _folders_in(folder: Path) -> list[tuple[int, str]]:
    """List inode number and name of each folder in a folder; none where it is gone meanwhile."""
    try:
        with os.scandir(folder) as entries:
            # What a listing tells of an inode is another number on some file systems.
            return [
                (each.stat(follow_symlinks=False).st_ino, each.name)
                for each in entries
                if each.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def unit_of(path: str) -> str | None:
    """Name the systemd unit that a cgroup belongs to: the innermost, so a user's own comes first.

    Source: systemd.unit(5), systemd.scope(5); slices group units and are none here.
    """
    found = _UNIT.findall(path)
    return found[-1] if found else None


def container_of(path: str) -> str | None:
    """Name the container: twelve digits of its id, or its name; Podman's monitor is outside."""
    found = _CONTAINER.findall(path)
    return "".join(found[-1]) if found else None


def mount_point(mounts: Path = Path("/proc/self/mountinfo")) -> Path | None:
    """Find where cgroup v2 is mounted: not always at the same place beside version 1."""
    try:
        text = mounts.read_bytes()
    except OSError:
        return None
    for line in text.splitlines():
        front, _, back = line.partition(b" - ")
        fields = front.split()
        if back.startswith(b"cgroup2 ") and len(fields) > _MOUNTED_ON:
            # A space in a path is written \040.
            path = _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), fields[_MOUNTED_ON])
            return Path(os.fsdecode(path))
    return None
