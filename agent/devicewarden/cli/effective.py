"""`python -m devicewarden.cli.effective`: judges the configuration for the daemon, and ends.

It takes `--config FILE`, `--last-good FILE`, `--defaults` or nothing, and prints one JSON object:
`settings` and what was `given`, or `message`, `hint` and `problems`. For people there is
`devicewarden config show`.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from devicewarden.config.load import Loaded, load, load_given
from devicewarden.config.plain import plain
from devicewarden.model.errors import ConfigError

PROBLEMS_AT_MOST: Final = 100
"""Nobody reads more; `check-config` shows all."""


def main() -> None:
    """Print what the daemon that started this process waits for."""
    document: dict[str, object]
    try:
        loaded = judge(sys.argv[1:])
        document = {"settings": plain(loaded.settings), "given": loaded.given}
    except ConfigError as error:
        document = {
            "message": str(error),
            "hint": error.hint,
            "problems": error.problems[:PROBLEMS_AT_MOST],
        }
    print(json.dumps(document))


def judge(arguments: Sequence[str]) -> Loaded:
    """Judge what the arguments name.

    Raises:
        ConfigError: with everything that is wrong.
    """
    match arguments:
        case ["--last-good", file]:
            return load_given(_kept(Path(file)), os.environ)
        case ["--defaults"]:
            return load_given({}, os.environ)
        case ["--config", file]:
            return load(Path(file), os.environ)
        case _:
            return load(None, os.environ)


def _kept(file: Path) -> dict[str, Any]:
    try:
        given = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    if not isinstance(given, dict):
        raise ConfigError(f"{file} holds no configuration")
    return given


if __name__ == "__main__":
    main()
