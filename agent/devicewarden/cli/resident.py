"""The daemon's own way in: `devicewarden run` without click, which it would keep for years."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from devicewarden.cli.failure import tell
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AgentError, ConfigError

if TYPE_CHECKING:
    from devicewarden.cli.judged import Configuration

NEVER_LOADED: Final = ("rich", "ssl")
"""structlog loads rich, and asyncio ssl, where they are there: 9 MiB that the daemon never uses.

TLS is awscrt's alone, see docs/adr/0001-one-tls-stack.md.
"""


class Arguments(NamedTuple):
    """What `devicewarden run` was told.

    Attributes:
        config: the configuration file, None for the usual one.
        last_good: where a configuration that works is kept, for the day when it is broken.
    """

    config: Path | None = None
    last_good: Path | None = None


class _Start(NamedTuple):
    judge: Callable[[], Settings]
    in_force: str


def arguments_of(arguments: Sequence[str]) -> Arguments | None:
    """Read the usual arguments; None: anything else, which click is asked about."""
    match arguments:
        case []:
            return Arguments()
        case ["--config", config]:
            return Arguments(Path(config))
        case ["--last-good", last_good]:
            return Arguments(last_good=Path(last_good))
        case ["--config", config, "--last-good", last_good]:
            return Arguments(Path(config), Path(last_good))
        case _:
            return None


def main(arguments: Arguments) -> int:
    """Run the agent until SIGTERM and return the exit status; SIGHUP reads the configuration anew.

    A broken configuration ends it with 78; with `last_good` the agent starts all the same, with
    the last one that worked or else with the defaults, and tells what is wrong: ADR 0006.
    """
    for name in NEVER_LOADED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None stops an import
    from devicewarden.cli.judged import Configuration  # noqa: PLC0415  after NEVER_LOADED

    configuration = Configuration(*arguments)
    first_refused: ConfigError | None = None
    try:
        for start in _starts(configuration, with_substitutes=arguments.last_good is not None):
            try:
                _run(start, configuration, first_refused)
            except ConfigError as error:
                first_refused = first_refused or error
            else:
                return 0
    except AgentError as error:
        return tell(error)
    return tell(first_refused) if first_refused else 0


def _starts(configuration: "Configuration", *, with_substitutes: bool) -> Iterator[_Start]:
    yield _Start(configuration.judge, "what is configured")
    if with_substitutes:
        yield _Start(configuration.judge_last_good, "the last good one")
        yield _Start(configuration.judge_defaults, "the default one")


def _run(start: _Start, configuration: "Configuration", refused: ConfigError | None) -> None:
    settings = start.judge()
    from devicewarden.daemon.refusal import Refusal  # noqa: PLC0415  after NEVER_LOADED
    from devicewarden.daemon.start import run  # noqa: PLC0415  after NEVER_LOADED

    anew = run(
        settings,
        load=configuration.judge_meanwhile,
        proved=configuration.keep,
        refusal=None if refused is None else Refusal(refused, start.in_force),
        children=configuration.children(),
    )
    if anew and "NOTIFY_SOCKET" not in os.environ:
        # Under systemd the unit is started again, with fresh copies of keys; here nobody does that.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  ourselves
