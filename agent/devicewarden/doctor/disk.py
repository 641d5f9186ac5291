"""The folder of the state file: whose it is, what is in it, and the disk below it."""

import os
from pathlib import Path
from typing import Final

from devicewarden.config.settings import StateSettings
from devicewarden.doctor.verdict import Verdict, failed, ok, skipped, warning
from devicewarden.model.errors import StateError
from devicewarden.state.look import UnreadableStateError, look
from devicewarden.state.state_file import state_path

LITTLE_BYTES: Final = 50 << 20
NOTHING_BYTES: Final = 1 << 20
_SD_CARD: Final = "mmcblk"


def judge_state(settings: StateSettings, agent_uid: int) -> Verdict:
    """Judge folder and state file.

    Args:
        settings: name the folder.
        agent_uid: the user id that the agent has, or would have.
    """
    folder = Path(settings.dir)
    try:
        status = folder.stat()
    except FileNotFoundError:
        return failed(
            "state", f"{folder} does not exist", "start the service once, or make it and chown it"
        )
    except OSError as error:
        return failed("state", f"{folder}: {error.strerror}", "ask as root or as the agent's user")
    if agent_uid not in {0, status.st_uid}:
        return failed(
            "state",
            f"{folder} belongs to user id {status.st_uid}, and the agent is {agent_uid}",
            f"chown -R {agent_uid} {folder}",
        )
    return _judge_file(settings)


def _judge_file(settings: StateSettings) -> Verdict:
    path = state_path(settings)
    try:
        if not path.exists():
            return ok("state", f"{path.parent} is ready; there is no state file yet")
        look(settings, lambda db: db.execute("PRAGMA schema_version").fetchone())
    except (PermissionError, UnreadableStateError):
        return skipped("state", f"{path} may be read by root and the agent's user alone")
    except StateError as error:
        return failed("state", str(error), error.hint)
    return ok("state", str(path))


def judge_disk(settings: StateSettings) -> Verdict:
    """Judge space, and whether the disk can be written and is one that wears out."""
    folder = Path(settings.dir)
    try:
        room = os.statvfs(folder)
        device = folder.stat().st_dev
    except OSError:
        return skipped("disk", f"{folder} cannot be looked at")
    free_bytes = room.f_bavail * room.f_frsize
    told = f"{free_bytes / 2**20:,.0f} MiB free below {folder}"
    if room.f_flag & os.ST_RDONLY:
        hint = "mount it for writing, or set state.dir; until then nothing survives a restart"
        return failed("disk", f"{folder} is on a file system that is read-only", hint)
    if free_bytes < NOTHING_BYTES:
        return failed("disk", told, "make room; until then nothing survives a restart")
    if free_bytes < LITTLE_BYTES:
        return warning("disk", told, "make room, or lower state.keep_days")
    if settings.durability == "full" and is_sd_card(device):
        return ok("disk", f"{told}, on an SD card", 'state.durability = "wear-saver" spares it')
    return ok("disk", told)


def is_sd_card(device: int, root: Path = Path("/sys/dev/block")) -> bool:
    """Tell whether a device number is one of an SD card or eMMC."""
    link = root / f"{os.major(device)}:{os.minor(device)}"
    return _SD_CARD in str(link.resolve())
