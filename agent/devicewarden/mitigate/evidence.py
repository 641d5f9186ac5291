"""What the device looks like now: the parts of an archive of evidence."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from devicewarden.mitigate.action import Runs
from devicewarden.model.errors import MitigationError

_TAKES_S: Final = 10.0
_MAX_PROCESSES: Final = 4096
_MAX_FILE: Final = 4096

COMMANDS: Final = {
    "sockets.txt": ("ss", "--tcp", "--udp", "--unix", "--all", "--numeric", "--processes"),
    "addresses.txt": ("ip", "address"),
    "routes.txt": ("ip", "route", "show", "table", "all"),
    "neighbors.txt": ("ip", "neighbor"),
    "rules.txt": ("nft", "list", "ruleset"),
    "units.txt": ("systemctl", "list-units", "--all", "--no-pager", "--plain"),
    "sessions.txt": ("who", "--all"),
    # The newest first: what does not fit is the oldest.
    "log.txt": ("journalctl", "--no-pager", "--output=short-iso", "--lines=5000", "--reverse"),
}
# What the first process has mounted: what we have is our sandbox.
KERNEL_FILES: Final = (
    *("net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/raw"),
    *("1/mounts", "modules"),
)


class Part(NamedTuple):
    """One file of an archive."""

    name: str
    content: bytes


def parts(
    run: Runs, *, limit_bytes: int, extra: Sequence[Part], proc: Path = Path("/proc")
) -> Iterator[Part]:
    """Give the files of an archive, what passes soonest first; a program that is missing says so.

    Args:
        run: runs programs.
        limit_bytes: of each part.
        extra: what the agent knows.
        proc: the kernel's own view, for where there are no programs.
    """
    yield Part("processes.txt", "\n".join(_processes(proc)).encode()[:limit_bytes])
    for name in KERNEL_FILES:
        yield Part(f"proc/{name.replace('/', '-')}", _read(proc / name, limit_bytes))
    for name, argv in COMMANDS.items():
        yield Part(name, _told(run, argv, limit_bytes))
    for each in extra:
        yield Part(each.name, each.content[:limit_bytes])


def _told(run: Runs, argv: tuple[str, ...], limit_bytes: int) -> bytes:
    try:
        ended = run(argv, timeout_s=_TAKES_S, limit_bytes=limit_bytes)
    except MitigationError as error:
        return f"{error}\n".encode()
    return ended.out if ended.status == 0 else ended.out + f"\n{ended.error}\n".encode()


def _processes(proc: Path) -> Iterator[str]:
    yield "PID\tPARENT\tUID\tCGROUP\tPROGRAM\tARGUMENTS"
    pids = sorted(int(each.name) for each in proc.iterdir() if each.name.isdigit())
    for pid in pids[:_MAX_PROCESSES]:
        folder = proc / str(pid)
        status = dict(
            line.split(":", 1) for line in _text(folder / "status").splitlines() if ":" in line
        )
        parent, uid = (status.get(name, "").split()[:1] for name in ("PPid", "Uid"))
        arguments = _text(folder / "cmdline").replace("\0", " ")
        fields = (
            *(str(pid), *parent, *uid),
            _text(folder / "cgroup").strip().replace("\n", " "),
            _program(folder),
            arguments.strip(),
        )
        yield "\t".join("".join(c if c.isprintable() else "?" for c in each) for each in fields)


def _program(folder: Path) -> str:
    try:
        return os.fsencode((folder / "exe").readlink()).decode(errors="replace")
    except OSError:
        return ""


def _text(file: Path) -> str:
    return _read(file, _MAX_FILE).decode(errors="replace")


def _read(file: Path, limit_bytes: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(limit_bytes)
    except OSError as error:
        return f"{error.strerror}\n".encode()
