"""Files of the agent that everybody may change: who writes its code or settings is the agent."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, file_resource, unreadable
from devicewarden.audit.device.private_key import writable_by_all
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

_MAX_FILES: Final = 50_000
_ALWAYS: Final = (
    "/etc/devicewarden",
    "/usr/bin/devicewarden",
    "/usr/lib/devicewarden",
    "/usr/lib/systemd/system/devicewarden.service",
    "/usr/lib/systemd/system/devicewarden-audit.service",
    "/etc/systemd/system/devicewarden.service",
    "/etc/systemd/system/devicewarden.service.d",
    "/etc/systemd/system/devicewarden-audit.service.d",
)


@dataclass(frozen=True, slots=True)
class AgentPath:
    """A file or folder of the agent, or a folder above one.

    Attributes:
        path: of it.
        mode: permission bits.
        open: everybody may write it; of a folder, replace what lies in it.
    """

    path: str
    mode: int
    open: bool


class AgentFileWritable:
    """Finds files of the agent that everybody may write."""

    subject = AgentPath
    meta = CheckMeta(
        name="agent-file-writable",
        title="Nobody but root and the agent changes the agent's files",
        severity="HIGH",
        why="Who may write the agent's code, settings or state decides what it sees and reports;"
        " what its settings name runs as the agent.",
        decides="No file of its code, configuration, profiles, policies, state and units, and no"
        " folder above one, may be written by everybody; a folder with the sticky bit may.",
        remedy="chmod o-w the file or folder, and look at what was changed.",
        needs="the agent's files",
        source="CWE-732",
        codes={"WRITABLE_BY_EVERYBODY": "everybody may write it"},
    )

    def judge(self, subject: AgentPath, at: datetime) -> Iterator[Finding]:
        del at
        if subject.open:
            reason = f"everybody may write it, mode {subject.mode:04o}"
            resource = file_resource(subject.path)
            yield self.meta.finding(resource, "WRITABLE_BY_EVERYBODY", reason)


def read_agent_files(host: Host) -> Iterator[object]:
    """Give the agent's files, and the folders above them."""
    settings = host.settings
    places = (
        *_ALWAYS,
        host.code,
        settings.state.dir,
        settings.detect.profiles_dir,
        settings.audit.dir,
        settings.audit.policies_dir,
        settings.custom_metrics.directory,
    )
    seen: dict[str, None] = {}
    for place in filter(None, places):
        try:
            if host.there(place):
                paths = [*_walk(host, place), *(name for name, _ in host.folders_above(place))]
                seen.update(dict.fromkeys(paths))
        except AuditError as error:
            yield unreadable(error, AgentPath)
    for path in seen:
        yield from _agent_path(host, path)


def _agent_path(host: Host, path: str) -> Iterator[object]:
    try:
        status = host.mode(path)
    except AuditError as error:
        yield unreadable(error, AgentPath)
        return
    # A link's own permissions mean nothing.
    if status is not None and not stat.S_ISLNK(status.st_mode):
        yield AgentPath(path, stat.S_IMODE(status.st_mode), writable_by_all(status))


def _walk(host: Host, place: str) -> Iterator[str]:
    """Give a place and all below it; links are not followed."""

    def fail(error: OSError) -> None:
        raise AuditError(f"{error.filename} cannot be read: {error.strerror}")

    yield place
    if not host.is_folder(place):
        return
    left = _MAX_FILES
    for folder, folders, files in os.walk(host.at(place), onerror=fail):
        inside = Path("/") / Path(folder).relative_to(host.root)
        for name in sorted((*folders, *files)):
            yield str(inside / name)
            left -= 1
        if left < 0:
            raise AuditError(f"{place} has more than {_MAX_FILES} files")
