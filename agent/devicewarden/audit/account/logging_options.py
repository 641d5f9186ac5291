"""Whether AWS IoT logs anything in this account."""

from collections.abc import Mapping
from typing import Any, Final

from devicewarden.audit.account.calls import AbsentError
from devicewarden.audit.subject import LoggingOptions
from devicewarden.aws.calls import Calls

_OFF: Final = "DISABLED"


def read_logging(calls: Calls, account: str) -> LoggingOptions:
    """Read the options of fine-grained logging, and where that is off, of the old one.

    Raises:
        CallError: they cannot be read.
    """
    options = _options(calls, "iot:GetV2LoggingOptions")
    level = _OFF if options.get("disableAllLogs") else options.get("defaultLogLevel", _OFF)
    if level == _OFF:
        level = _options(calls, "iot:GetLoggingOptions").get("logLevel", _OFF)
    return LoggingOptions(account=account, enabled=level != _OFF, level=level)


def _options(calls: Calls, name: str) -> Mapping[str, Any]:
    try:
        return calls.call(name)
    except AbsentError:
        # An account where nobody ever switched it on.
        return {}
