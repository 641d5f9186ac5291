"""Put a security profile into the folder of profiles."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from devicewarden.model.errors import AgentError

# Root imports it, and the agent's own user must be able to read it.
_MODE: Final = 0o644


def write_profile(
    document: Mapping[str, Any], directory: Path, name: str, *, replace: bool
) -> Path:
    """Write a document as `NAME.json`, whole or not at all; give its path.

    Args:
        document: a profile that was judged.
        directory: an existing folder.
        name: the profile's; the characters that AWS allows in it are good for a file's.
        replace: whether a file that is there already may be replaced.

    Raises:
        AgentError: there is such a file, or it cannot be written.
    """
    path = directory / f"{name}.json"
    if path.exists() and not replace:
        raise AgentError(f"{path} exists", hint="--force replaces it")
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        _write(path, text.encode())
    except OSError as error:
        raise AgentError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _write(path: Path, content: bytes) -> None:
    # The agent skips what begins with a dot, so that it never reads half a profile.
    handle, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
