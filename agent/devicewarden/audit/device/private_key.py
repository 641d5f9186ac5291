"""Private keys that others on this host can read or replace."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, file_resource, unreadable
from devicewarden.audit.inventory import Unreadable
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

CERTS: Final = "/etc/devicewarden/certs"
"""systemd hands out copies of what lies here; the originals are what is to be judged."""

_CREDENTIALS: Final = "/run/credentials/"
_MARK: Final = b"PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A file with a private key.

    Attributes:
        path: of it.
        mode: its permission bits.
        foreign_group: its group is not root's.
        reachable: everybody may enter the folders that lead to it, or to where it links.
        open_folders: those of both in which everybody may replace what lies there.
    """

    path: str
    mode: int
    foreign_group: bool
    reachable: bool
    open_folders: tuple[str, ...]


class PrivateKeyReadable:
    """Finds private keys that others can read, or replace."""

    subject = KeyFile
    meta = CheckMeta(
        name="private-key-readable",
        title="Private keys are readable by their owners alone",
        severity="HIGH",
        why="Who reads the private key is this device, from anywhere, until it is revoked.",
        decides="Of files with a private key in PEM form, in the folders of publish.cert_file and"
        f" publish.key_file and in {CERTS}: no permission for others where they can enter the"
        " folders, none for a group other than root's, and no folder on the way that everybody may"
        " write, the sticky bit excepted; of a link, what it leads to counts, and both ways."
        " Keys in a PKCS#11 token have no file.",
        remedy="chmod 600 the key and chmod 700 its folder; where others could read it, replace the"
        " key and revoke the certificate.",
        needs="the folders of publish.cert_file and publish.key_file",
        source="CWE-732",
        codes={
            "PRIVATE_KEY_READABLE_BY_OTHERS": "its permissions let others read it",
            "PRIVATE_KEY_REPLACEABLE_BY_OTHERS": "a folder lets others put another in its place",
        },
    )

    def judge(self, subject: KeyFile, at: datetime) -> Iterator[Finding]:
        del at
        resource = file_resource(subject.path, mode=f"{subject.mode:04o}")
        others = subject.mode & stat.S_IRWXO and subject.reachable
        group = subject.mode & stat.S_IRWXG and subject.foreign_group
        if others or group:
            whom = "everybody" if others else "its group"
            reason = f"open to {whom}, mode {subject.mode:04o}"
            yield self.meta.finding(resource, "PRIVATE_KEY_READABLE_BY_OTHERS", reason)
        if subject.open_folders:
            reason = f"everybody may write in {', '.join(subject.open_folders)}"
            yield self.meta.finding(resource, "PRIVATE_KEY_REPLACEABLE_BY_OTHERS", reason)


def read_key_files(host: Host) -> Iterator[object]:
    """Give the private keys in the folders of the settings, and in ours."""
    publish = host.settings.publish
    named = [path for path in (publish.cert_file, publish.key_file) if path]
    folders = [str(Path(path).parent) for path in named] + [CERTS]
    for folder in dict.fromkeys(f for f in folders if not f.startswith(_CREDENTIALS)):
        try:
            paths = host.listed(folder)
        except AuditError as error:
            yield unreadable(error, KeyFile)
            continue
        for path in paths:
            yield from _key_file(host, path)


def _key_file(host: Host, path: str) -> Iterator[object]:
    try:
        status = host.at(path).stat()
        if not stat.S_ISREG(status.st_mode) or _MARK not in (host.read(path) or b""):
            return
        target = dict(host.folders_above(host.target(path)))
        above = {**dict(host.folders_above(path)), **target}
    except FileNotFoundError:
        return
    except OSError as error:
        yield Unreadable((KeyFile,), f"{path} cannot be read: {error.strerror}")
        return
    except AuditError as error:
        yield unreadable(error, KeyFile)
        return
    yield KeyFile(
        path=path,
        mode=stat.S_IMODE(status.st_mode),
        foreign_group=status.st_gid != 0,
        reachable=all(folder.st_mode & stat.S_IXOTH for folder in target.values()),
        open_folders=tuple(name for name, folder in above.items() if writable_by_all(folder)),
    )


def writable_by_all(status: os.stat_result) -> bool:
    """Tell whether everybody may write, and in a folder replace what others put there."""
    return bool(status.st_mode & stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
