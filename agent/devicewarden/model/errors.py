"""Errors, each class named after who handles it."""

from typing import NamedTuple


class AgentError(Exception):
    """Something the operator may have to act on.

    Attributes:
        hint: what the operator can do about it, empty where nothing can be done.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Problem(NamedTuple):
    """One thing that is wrong with the configuration.

    Attributes:
        where: `FILE:LINE`, `FILE`, `environment NAME`, or `default`.
        message: the setting, and what is wrong with it.
        hint: what the operator can do about it, empty where the message says it.
    """

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(AgentError):
    """The configuration cannot be used: exit 78, or another one takes its place, see ADR 0006.

    Attributes:
        problems: everything that is wrong with it, where more than a message is known.
    """

    def __init__(self, message: str, *, hint: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class CollectError(AgentError):
    """One collector could not read its subject; the sampler notes it and goes on."""


class StateError(AgentError):
    """The state file cannot be used; the daemon goes on without it and says so."""


class AlreadyRunningError(StateError):
    """Another agent runs with the same control socket: this one leaves."""


class DocumentError(ValueError):
    """Bytes hold no document of the expected form; whoever reads them says whose, and what for."""


class ReportError(AgentError):
    """A payload is not a report; the message says why and, as a JSON path, where."""


class PublishError(AgentError):
    """A payload did not reach the broker."""


class TemporaryPublishError(PublishError):
    """Worth another attempt; the next report carries the counts over."""


class PermanentPublishError(PublishError):
    """Never retried: the same payload would fail again."""


class BaselineError(AgentError):
    """What was learnt cannot be read back; learning starts anew, or an import is refused."""


class DeliveryError(AgentError):
    """An event did not reach a sink."""


class TemporaryDeliveryError(DeliveryError):
    """Delivered again later; the sink's other events wait behind it.

    Attributes:
        after_s: the sink asked for no attempt within so many seconds; 0: it asked for nothing.
    """

    def __init__(self, message: str, *, hint: str = "", after_s: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.after_s = after_s


class PermanentDeliveryError(DeliveryError):
    """Never delivered again: the sink will not take this event."""


class AuditError(AgentError):
    """Something could not be judged: the check ends undecided, and the audit goes on."""


class MitigationError(AgentError):
    """An action failed and was undone: it is recorded, and the operator is told."""


class ProvisioningError(AgentError):
    """The device got no other identity: it goes on with the one that it has."""
