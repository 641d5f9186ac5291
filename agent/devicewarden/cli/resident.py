"""The daemon's own way in: `devicewarden run` without click, which it would keep for years."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from devicewarden.cli.failure import tell
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AgentError

NEVER_LOADED: Final = ("rich", "ssl")
"""structlog loads rich, and asyncio ssl, where they are there: 9 MiB that the daemon never uses.

TLS is awscrt's alone, see docs/adr/0001-one-tls-stack.md.
"""


def config_of(arguments: Sequence[str]) -> tuple[Path | None] | None:
    """Read `--config FILE` or nothing at all; None: anything else, which click is asked about."""
    match arguments:
        case []:
            return (None,)
        case ["--config", file]:
            return (Path(file),)
        case _:
            return None


def main(config: Path | None) -> int:
    """Run the agent until SIGTERM and return the exit status; SIGHUP reads the configuration anew.

    Args:
        config: the configuration file, None for the usual one.
    """
    load = _loader(config)
    try:
        settings = load()
        for name in NEVER_LOADED:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None stops an import
        from devicewarden.daemon.start import run  # noqa: PLC0415  after what is above

        run(settings, load=load)
    except AgentError as error:
        return tell(error)
    return 0


def _loader(config: Path | None) -> Callable[[], Settings]:
    def load() -> Settings:
        from devicewarden.config.load import load as load_all  # noqa: PLC0415  keeps --help fast

        return load_all(config, os.environ).settings

    return load
