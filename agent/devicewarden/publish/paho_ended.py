"""Why a connection of paho's client ended, and what that means for messages under way."""

from typing import NamedTuple

from devicewarden.model.errors import PublishError, TemporaryPublishError
from devicewarden.publish.diagnosis import NEVER_AGAIN, Diagnosis, of_error, refusal


class LinkEndedError(Exception):
    """The connection ended while an answer was waited for."""


class Ended(NamedTuple):
    """Why a connection ended, and by which reason code of the broker, if it gave one."""

    why: Diagnosis
    reason: int = 0

    def error(self) -> PublishError:
        """Make the error of a message that was under way."""
        if self.reason in NEVER_AGAIN:
            return refusal(self.reason)
        return TemporaryPublishError(f"publish: {self.why.message}", hint=self.why.hint)


def without_a_word(what: str, reason: int) -> Diagnosis:
    """Explain what paho found out for itself, by the reason that it made up."""
    match reason:
        case 0x8D:
            return of_error(what, "PING_RESPONSE_TIMEOUT", "no answer to a ping")
        case 0x82:
            return of_error(what, "PROTOCOL", "not MQTT 5, or an unknown reason code")
        case _:
            return of_error(what, "HANGUP", "the broker closed the connection")
