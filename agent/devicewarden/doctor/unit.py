"""Why systemd cannot start the package's unit, as far as files tell: it gives a number alone.

Source: systemd.exec(5), "Process Exit Codes" and `LoadCredential=`.
"""

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devicewarden.config.certs_folder import is_taken
from devicewarden.publish.diagnosis import Diagnosis

UNITS: Final = ("usr/lib/systemd/system", "lib/systemd/system")
UNIT: Final = "devicewarden.service"
USER: Final = "devicewarden"
CERTS: Final = "etc/devicewarden/certs"
MAX_CREDENTIALS_BYTES: Final = 1 << 20
"""systemd's CREDENTIALS_TOTAL_SIZE_MAX."""


def has_user() -> bool:
    """Tell whether the agent's user exists."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def why_not_started(
    root: Path = Path("/"), has_user: Callable[[], bool] = has_user
) -> Diagnosis | None:
    """Look for what the unit fails over before the agent is even started.

    Returns:
        None where there is no such unit, where nothing is wrong, or nobody lets us look.
    """
    if not any((root / folder / UNIT).is_file() for folder in UNITS):
        return None
    if not has_user():
        return Diagnosis(
            f"its unit fails with 217/USER: there is no user {USER}",
            "systemd-sysusers makes it again; then: systemctl restart devicewarden",
        )
    return _why_no_credentials(root / CERTS)


def _why_no_credentials(folder: Path) -> Diagnosis | None:
    fails = "its unit fails with 243/CREDENTIALS"
    try:
        files = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        size_bytes = sum(entry.stat().st_size for entry in files if entry.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return Diagnosis(f"{fails}: {folder} is no folder", f"install -d -m 700 {folder}")
    except OSError:
        return None
    refused = next((entry.name for entry in files if not is_taken(entry.name)), None)
    if refused is not None:
        hint = "rename it: ASCII, no colon"
        return Diagnosis(f"{fails}: systemd does not take the file name {refused!r}", hint)
    if size_bytes > MAX_CREDENTIALS_BYTES:
        return Diagnosis(f"{fails}: more than 1 MB in {folder}", "move away what is no credential")
    return None
