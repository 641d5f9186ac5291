"""Errors, each class named after who handles it."""


class AgentError(Exception):
    """Something the operator may have to act on.

    Attributes:
        hint: what the operator can do about it, empty where nothing can be done.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(AgentError):
    """The configuration cannot be used: exit 78, and systemd does not restart."""


class CollectError(AgentError):
    """One collector could not read its subject; the sampler notes it and goes on."""


class StateError(AgentError):
    """The state file cannot be used; the daemon goes on without it and says so."""


class PublishError(AgentError):
    """A payload did not reach the broker."""


class TemporaryPublishError(PublishError):
    """Worth another attempt; the next report carries the counts over."""


class PermanentPublishError(PublishError):
    """Never retried: the same payload would fail again."""
