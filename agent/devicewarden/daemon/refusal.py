"""What is configured and not in force: refused, or waiting for a start; how people are told."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import structlog

from devicewarden.daemon.systemd import Supervisor
from devicewarden.model.errors import ConfigError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a configuration was refused, and which one the agent works with.

    Attributes:
        error: everything that is wrong with it.
        in_force: continues a sentence, as in "the old one is in force".
    """

    error: ConfigError
    in_force: str

    def tell(self, trouble: MutableMapping[str, str], supervisor: Supervisor) -> None:
        """Say so in `devicewarden status`, in `systemctl status` and in the log."""
        told = "; ".join(str(problem) for problem in self.error.problems) or str(self.error)
        trouble["configuration"] = f"refused, {self.in_force} is in force: {told}"
        supervisor.status(f"configuration refused, {self.in_force} is in force: {told}")
        log.warning(
            "configuration_refused", in_force=self.in_force, error=told, hint=self.error.hint
        )


def forget(trouble: MutableMapping[str, str], supervisor: Supervisor) -> None:
    """Take back what was told: the configuration is good again."""
    if trouble.pop("configuration", None):
        supervisor.status("")


def postpone(settings: Sequence[str], trouble: MutableMapping[str, str]) -> None:
    """Say which changed settings wait for the next start; none: take back what was said."""
    trouble.pop("restart", None)
    if settings:
        trouble["restart"] = f"takes effect at the next start: {', '.join(settings)}"
        log.warning("restart_needed", settings=", ".join(settings))
