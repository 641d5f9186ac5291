"""The configuration as another process judges it, and the copy that is kept of one that works."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from devicewarden.config.own_python import own_python
from devicewarden.config.plain import from_plain
from devicewarden.config.settings import Settings
from devicewarden.model.errors import ConfigError, Problem

if TYPE_CHECKING:
    from devicewarden.daemon.children import Children

log = structlog.get_logger()
JUDGED_WITHIN_S: Final = 120.0
"""A hostile TOML file can keep its parser busy for minutes."""

_JUDGE: Final = "devicewarden.cli.effective"


class Configuration:
    """Hands judged settings to the agent, and keeps what they were made from once they work.

    Args:
        config: the configuration file, None for the usual one.
        last_good: where a configuration that works is kept; None: nowhere.
    """

    def __init__(self, config: Path | None, last_good: Path | None) -> None:
        self._config = config
        self._last_good = last_good
        self._given: Mapping[str, Any] | None = None

    def judge(self) -> Settings:
        """Have another process read and judge it: the machinery for that ends with the process.

        Raises:
            ConfigError: with everything that is wrong, or that it cannot be judged.
        """
        settings, self._given = _understood(*_asked(_of_file(self._config)))
        return settings

    async def judge_meanwhile(self) -> Settings:
        """Do the same while the agent goes on; whoever cancels this ends the other process too.

        Raises:
            ConfigError: with everything that is wrong, or that it cannot be judged.
        """
        answer = await _asked_meanwhile(_of_file(self._config))
        settings, self._given = _understood(*answer)
        return settings

    def judge_last_good(self) -> Settings:
        """Judge what was kept, by the rules of today.

        Raises:
            ConfigError: nothing was kept, or it no longer is good.
        """
        self._given = None
        return _understood(*_asked(["--last-good", str(self._last_good)]))[0]

    def judge_defaults(self) -> Settings:
        """Judge an empty configuration: the agent then works locally.

        Raises:
            ConfigError: this device cannot even do that.
        """
        self._given = None
        return _understood(*_asked(["--defaults"]))[0]

    def children(self) -> "Children":
        """Give what other processes do for the agent, by the same configuration file."""
        # Late, and once a day or a year: their machinery is none of the daemon's.
        from devicewarden.cli.children import children_of  # noqa: PLC0415

        return children_of(self._config)

    def keep(self) -> None:
        """Keep what was judged last, unless it was a substitute; a failure is logged."""
        if self._last_good is None or self._given is None:
            return
        try:
            _replace(self._last_good, json.dumps(self._given, sort_keys=True))
        except OSError as error:
            log.warning("configuration_not_kept", file=str(self._last_good), error=error.strerror)


def _replace(file: Path, text: str) -> None:
    """Write a file as a whole or not at all, and only where it says something else."""
    if file.exists() and file.read_text(errors="replace") == text:
        return
    draft = file.with_name(f".{file.name}")
    # Its owner alone reads it: arguments of a command metric may be nobody else's business.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _of_file(config: Path | None) -> list[str]:
    return [] if config is None else ["--config", str(config)]


def _asked(arguments: Sequence[str]) -> tuple[bytes, bytes]:
    argv, environment = own_python(_JUDGE, *arguments)
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=JUDGED_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"the configuration cannot be judged: {error}") from error
    return done.stdout, done.stderr


async def _asked_meanwhile(arguments: Sequence[str]) -> tuple[bytes, bytes]:
    import asyncio  # noqa: PLC0415  imported late, so that it does without ssl

    argv, environment = own_python(_JUDGE, *arguments)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise ConfigError(f"the configuration cannot be judged: {error}") from error
    try:
        async with asyncio.timeout(JUDGED_WITHIN_S):
            return await process.communicate()
    except TimeoutError:
        raise ConfigError("the configuration cannot be judged: it takes too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _understood(output: bytes, complaint: bytes) -> tuple[Settings, Mapping[str, Any]]:
    try:
        document = json.loads(output)
    except ValueError:
        why = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise ConfigError(f"the configuration cannot be judged: {why}") from None
    if "settings" not in document:
        problems = tuple(Problem(*problem) for problem in document["problems"])
        raise ConfigError(document["message"], hint=document["hint"], problems=problems)
    return from_plain(document["settings"]), document["given"]
