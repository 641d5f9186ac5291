"""The daemon's own way in: `devicewarden run` without click, which it would keep for years."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devicewarden.cli.failure import tell
from devicewarden.config.plain import from_plain
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AgentError, ConfigError, Problem

NEVER_LOADED: Final = ("rich", "ssl")
"""structlog loads rich, and asyncio ssl, where they are there: 9 MiB that the daemon never uses.

TLS is awscrt's alone, see docs/adr/0001-one-tls-stack.md.
"""

JUDGED_WITHIN_S: Final = 120.0
"""A hostile TOML file can keep its parser busy for minutes."""


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

    def load() -> Settings:
        return judged(config)

    try:
        settings = load()
        for name in NEVER_LOADED:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None stops an import
        from devicewarden.daemon.start import run  # noqa: PLC0415  after what is above

        run(settings, load=load)
    except AgentError as error:
        return tell(error)
    return 0


def judged(config: Path | None) -> Settings:
    """Have another process read and judge the configuration: its machinery ends with it.

    Raises:
        ConfigError: with everything that is wrong, or that it cannot be judged.
    """
    # The interpreter and its path are our own; -P keeps the current folder out of it.
    command = [sys.executable, "-P", "-m", "devicewarden.cli.effective"]
    path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(  # noqa: S603  see above
            [*command, *([] if config is None else [str(config)])],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=JUDGED_WITHIN_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or b""
        raise ConfigError(
            f"the configuration cannot be judged: {error}: {told[-500:]!r}"
        ) from error
    document = json.loads(done.stdout)
    if "settings" not in document:
        problems = tuple(Problem(*problem) for problem in document["problems"])
        raise ConfigError(document["message"], hint=document["hint"], problems=problems)
    return from_plain(document["settings"])
