"""An account in which AWS IoT logs nothing."""

from collections.abc import Iterator
from datetime import datetime

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.subject import LoggingOptions
from devicewarden.model.finding import Finding, Resource


class LoggingDisabled:
    """Finds an account where AWS IoT's logging is off."""

    subject = LoggingOptions
    meta = CheckMeta(
        name="logging-disabled",
        title="AWS IoT logs what happens in the account",
        severity="LOW",
        why="Without logs nobody can tell afterwards who connected and what was refused.",
        decides="Fine-grained logging (V2) or the old logging (V1) has a default level other than"
        " DISABLED.",
        remedy="aws iot set-v2-logging-options with a role that may write to CloudWatch Logs.",
        needs="the account's logging options",
        source="AWS IoT Device Defender audit, LOGGING_DISABLED_CHECK",
        codes={"LOGGING_DISABLED": "neither V2 nor V1 logging is on"},
    )

    def judge(self, subject: LoggingOptions, at: datetime) -> Iterator[Finding]:
        del at
        if not subject.enabled:
            account = {"account": subject.account}
            resource = Resource(type="ACCOUNT_SETTINGS", identifier=account)
            yield self.meta.finding(resource, "LOGGING_DISABLED", "no logging is on, new or old")
