"""Passwords and PINs: read from files, never from the configuration itself."""

from pathlib import Path
from typing import Final

from devicewarden.model.errors import ConfigError

MAX_BYTES: Final = 4096


def read_secret(path: str, setting: str) -> str:
    """Read a one-line secret; one newline at the end is not part of it.

    Raises:
        ConfigError: unreadable, empty, too long or not UTF-8; never says what the file holds.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        secret = content.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise ConfigError(f"{setting}: {path}: {why}", hint="put one line of text in it") from None
    if not secret or len(content) > MAX_BYTES:
        raise ConfigError(
            f"{setting}: {path}: is empty or longer than {MAX_BYTES} bytes",
            hint="put one line of text in it",
        )
    return secret
