"""`python -m devicewarden.cli.effective [FILE]`: judges the configuration for the daemon, and ends.

It prints one JSON object: `settings`, or `message`, `hint` and `problems`. For people there is
`devicewarden config show`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

from devicewarden.config.load import load
from devicewarden.config.plain import plain
from devicewarden.model.errors import ConfigError

PROBLEMS_AT_MOST: Final = 100
"""Nobody reads more; `check-config` shows all."""


def main() -> None:
    """Print what the daemon that started this process waits for."""
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    document: dict[str, object]
    try:
        document = {"settings": plain(load(named, os.environ).settings)}
    except ConfigError as error:
        document = {
            "message": str(error),
            "hint": error.hint,
            "problems": error.problems[:PROBLEMS_AT_MOST],
        }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
