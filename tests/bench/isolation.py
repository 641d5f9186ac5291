"""Run a part of the bench in network and process namespaces of its own."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
# As many as a board of 512 MiB has. A network namespace gets its own tables at birth, and takes the
# sizes from the one that it is born in: hence two.
TCP_BUCKETS: Final = 4096
UDP_BUCKETS: Final = 512
_OUTER: Final = (
    f"echo {TCP_BUCKETS} > /proc/sys/net/ipv4/tcp_child_ehash_entries && "
    # Kernels before 6.0 have one UDP table for all, and no such file.
    f"{{ echo {UDP_BUCKETS} > /proc/sys/net/ipv4/udp_child_hash_entries || :; }} && "
    "exec unshare --net --pid --fork --kill-child --mount-proc sh -c "
    '\'ip link set lo up && exec "$@"\' sh "$@"'
)
PART_TIMEOUT_S: Final = 300.0


def isolated(command: Sequence[str], user_id: int) -> list[str]:
    """Wrap a command so that it sees only its own sockets and processes, and loopback.

    Whoever is not root becomes root of a user namespace first, where the kernel allows that.
    """
    mapped = [] if user_id == 0 else ["--map-root-user"]
    return ["unshare", *mapped, "--net", "sh", "-c", _OUTER, "sh", *command]


def run_part(*command: str) -> Mapping[str, Any]:
    """Run a part isolated, all its processes ended afterwards, and read the object it prints.

    Raises:
        ChildProcessError: it failed or took too long.
    """
    try:
        done = subprocess.run(
            isolated(command, os.geteuid()),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PART_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ChildProcessError(f"took longer than {PART_TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing said"]
        raise ChildProcessError(f"status {done.returncode}: {said[-1]}")
    document: Mapping[str, Any] = json.loads(done.stdout)
    return document
