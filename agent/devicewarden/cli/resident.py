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
    try:
        settings = judged(config)
        for name in NEVER_LOADED:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None stops an import
        from devicewarden.daemon.start import run  # noqa: PLC0415  after what is above

        run(settings, load=lambda: judged_meanwhile(config))
    except AgentError as error:
        return tell(error)
    return 0


def judged(config: Path | None) -> Settings:
    """Have another process read and judge the configuration: its machinery ends with it.

    Raises:
        ConfigError: with everything that is wrong, or that it cannot be judged.
    """
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter
            _command(config),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=JUDGED_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"the configuration cannot be judged: {error}") from error
    return _understood(done.stdout, done.stderr)


async def judged_meanwhile(config: Path | None) -> Settings:
    """Do the same while the agent goes on; whoever cancels this ends the other process too.

    Raises:
        ConfigError: with everything that is wrong, or that it cannot be judged.
    """
    import asyncio  # noqa: PLC0415  imported late, so that it does without ssl

    try:
        process = await asyncio.create_subprocess_exec(
            *_command(config),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise ConfigError(f"the configuration cannot be judged: {error}") from error
    try:
        async with asyncio.timeout(JUDGED_WITHIN_S):
            return _understood(*await process.communicate())
    except TimeoutError:
        raise ConfigError("the configuration cannot be judged: it takes too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _command(config: Path | None) -> list[str]:
    # -P keeps the current folder out of the interpreter's path, which is ours.
    judge = [sys.executable, "-P", "-m", "devicewarden.cli.effective"]
    return judge if config is None else [*judge, str(config)]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _understood(output: bytes, complaint: bytes) -> Settings:
    try:
        document = json.loads(output)
    except ValueError:
        why = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise ConfigError(f"the configuration cannot be judged: {why}") from None
    if "settings" not in document:
        problems = tuple(Problem(*problem) for problem in document["problems"])
        raise ConfigError(document["message"], hint=document["hint"], problems=problems)
    return from_plain(document["settings"])
