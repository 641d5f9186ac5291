"""The configuration of OpenSSH's server as it counts outside `Match` blocks.

Source: sshd_config(5): of a keyword the first value counts; names of an Include are patterns,
relative to /etc/ssh, and what is included ends its own Match blocks.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from devicewarden.audit.device.host import Host

MAIN: Final = "/etc/ssh/sshd_config"

_FOLDER: Final = "/etc/ssh"
_WILD: Final = frozenset("*?[")
_DEEPEST: Final = 16
_MOST_FILES: Final = 1000
_LINE: Final = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)")
_FORMERLY: Final = {"challengeresponseauthentication": "kbdinteractiveauthentication"}


def options(host: Host) -> dict[str, tuple[str, str]]:
    """Read the configuration: keyword in lower case -> value, and the file that says so.

    Raises:
        AuditError: a file cannot be read.
    """
    found: dict[str, tuple[str, str]] = {}
    for path, keyword, value in _read(host, MAIN, 0, [_MOST_FILES]):
        found.setdefault(_FORMERLY.get(keyword, keyword), (value, path))
    return found


def _read(host: Host, path: str, depth: int, room: list[int]) -> Iterator[tuple[str, str, str]]:
    room[0] -= 1
    if depth > _DEEPEST or room[0] < 0:
        return
    for line in (host.text(path) or "").splitlines():
        keyword, words = _split(line)
        if keyword == "match":
            return
        if keyword == "include":
            for found in (path for word in words for path in _matching(host, word)):
                yield from _read(host, found, depth + 1, room)
        elif keyword:
            yield path, keyword, " ".join(words)


def _split(line: str) -> tuple[str, list[str]]:
    """Give keyword in lower case, and its words; of a line with neither, nothing."""
    parts = _LINE.match(line)
    if parts is None:
        return "", []
    try:
        return parts[1].lower(), shlex.split(parts[2], comments=True)
    except ValueError:
        return parts[1].lower(), parts[2].split()


def _matching(host: Host, pattern: str) -> list[str]:
    """Give what a pattern matches, as glob(7) has it: no hidden files, wildcards in folders too."""
    path = PurePosixPath(_FOLDER) / pattern
    if not path.name:
        return []
    above = str(path.parent)
    folders = _matching(host, above) if _WILD & set(above) else [above]
    found = [each for folder in folders for each in host.listed(folder, path.name)]
    hidden = path.name.startswith(".")
    return [each for each in found if hidden or not PurePosixPath(each).name.startswith(".")]
