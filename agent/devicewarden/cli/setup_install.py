"""Answers -> a judged configuration in its place, or every reason why not."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devicewarden.cli.setup_answers import COPIED
from devicewarden.config.certs_folder import Copies, undone_on_error
from devicewarden.config.drop_in import place, put, render, staged
from devicewarden.config.load import DEFAULT_FILE, load
from devicewarden.config.settings import Settings
from devicewarden.daemon.start import rehearse
from devicewarden.model.errors import AgentError, ConfigError, Problem
from devicewarden.publish.device_policy import Account, device_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where the configuration goes, and how.

    Attributes:
        config: the file that was named; None: the usual one.
        copy: take copies of the files.
        force: replace what an earlier setup wrote.
    """

    config: Path | None
    copy: bool
    force: bool

    @property
    def file(self) -> Path:
        """The configuration file, absolute."""
        return (self.config or DEFAULT_FILE).absolute()

    def install(self, values: Mapping[str, Any]) -> tuple[Settings, Path | None]:
        """Judge the values together with all other settings, and write them.

        Returns:
            The settings then in force, and where an earlier drop-in is kept.

        Raises:
            ConfigError: with everything that is wrong; nothing was changed.
            AgentError: the files cannot be written.
        """
        files = {key: values[key] for key in COPIED if self.copy and values.get(key)}
        copies = Copies(files, self.file)
        problems = self._in_the_way()
        if problems or copies.problems:
            # Judged all the same, so that everything is told at once, and each once.
            self._judge(values, problems)
            told = {problem.message for problem in problems}
            raise _error(problems + [p for p in copies.problems if p.message not in told])
        values = {**values, **copies.paths}
        with undone_on_error(copies):
            settings = self._judge(values, problems)
            if settings is None:
                raise _error(problems)
            return settings, self._put(render(values))

    def _in_the_way(self) -> list[Problem]:
        target = place(self.file)
        if self.force or not os.path.lexists(target):
            return []
        hint = f"--force replaces it, and keeps it as {target.name}.bak"
        return [Problem(str(target), "an earlier setup is in force", hint)]

    def _judge(self, values: Mapping[str, Any], problems: list[Problem]) -> Settings | None:
        try:
            with staged(self.file, render(values)) as stage:
                settings = load(None, os.environ, default=stage).settings
                rehearse(settings)
                if settings.publish.expect_reply:
                    # Names that AWS does not take; the policy for it comes last, when it is late.
                    device_policy(settings, Account(), literal=True)
                return settings
        except ConfigError as error:
            problems += error.problems
        except OSError as error:
            # Whoever may not look into the folder may not write there either.
            problems.append(
                Problem(str(error.filename), error.strerror or str(error), "try as root")
            )
        return None

    def _put(self, text: str) -> Path | None:
        try:
            return put(self.file, text, needs_config=self.config is not None)
        except OSError as error:
            where = place(self.file).parent
            raise AgentError(
                f"cannot write in {where}: {error.strerror}", hint="try as root, or give --config"
            ) from error


def _error(problems: list[Problem]) -> ConfigError:
    return ConfigError(str(problems[0]), problems=tuple(problems))
