"""The configuration of OpenSSH's server as it counts outside `Match` blocks.

Source: sshd_config(5): of a keyword the first value counts; names of an Include are patterns,
relative to /etc/ssh, and what is included ends its own Match blocks.
"""

import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from devicewarden.audit.device.host import Host

MAIN: Final = "/etc/ssh/sshd_config"

_FOLDER: Final = "/etc/ssh"
_DEEPEST: Final = 16
_MOST_FILES: Final = 1000
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
        keyword, value = _split(line)
        if keyword == "match":
            return
        if keyword == "include":
            for each in _patterns(value):
                for found in _matching(host, each):
                    yield from _read(host, found, depth + 1, room)
        elif keyword:
            yield path, keyword, value.strip('"')


def _split(line: str) -> tuple[str, str]:
    text = line.strip()
    if text.startswith("#"):
        return "", ""
    head = text.replace("=", " ", 1) if "=" in text.split(" ")[0] or " =" in text else text
    keyword, _, value = head.replace("\t", " ").partition(" ")
    return keyword.lower(), _without_comment(value).strip()


def _without_comment(value: str) -> str:
    return value if '"' in value else value.split(" #", maxsplit=1)[0]


def _patterns(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()


def _matching(host: Host, pattern: str) -> list[str]:
    path = PurePosixPath(_FOLDER) / pattern
    return host.listed(str(path.parent), path.name)
