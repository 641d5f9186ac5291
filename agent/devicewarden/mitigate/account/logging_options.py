"""ENABLE_IOT_LOGGING: AWS IoT writes into CloudWatch what happens in the account."""

import json
from typing import Any, Final

from devicewarden.aws.calls import AbsentError, Calls
from devicewarden.mitigate.account.action import Kind
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.action import ActionMeta, Memory
from devicewarden.model.action_params import EnableIotLogging, Params

_MEMBERS: Final = ("roleArn", "defaultLogLevel", "disableAllLogs", "eventConfigurations")
_OFF: Final = {"defaultLogLevel": "DISABLED", "disableAllLogs": True}


class _EnableLogging:
    """Levels of single targets, and events, stay as they are."""

    def __init__(self, params: Params, case: Case, calls: Calls) -> None:
        assert isinstance(params, EnableIotLogging)  # noqa: S101  the registry pairs them
        case.of_the_account()
        self._calls = calls
        self._level = params.level
        self._role_arn = params.role_arn

    def describe(self) -> str:
        return f"log at level {self._level} by the role {self._role_arn}"

    def in_effect(self) -> bool:
        options = _options(self._calls)
        return options == {**options, **self._wanted()}

    def remember(self) -> Memory:
        wanted = json.dumps(self._wanted())
        return {"before": json.dumps(_options(self._calls)), "set": wanted}

    def apply(self, memory: Memory) -> None:
        del memory
        options = _options(self._calls)
        wanted = {**options, **self._wanted()}
        if options != wanted:
            self._calls.call("iot:SetV2LoggingOptions", **wanted)

    def _wanted(self) -> dict[str, Any]:
        return {
            "roleArn": self._role_arn,
            "defaultLogLevel": self._level,
            "disableAllLogs": False,
        }


def _options(calls: Calls) -> dict[str, Any]:
    """Read what can be set again; nothing where nobody ever switched it on."""
    try:
        answer = calls.call("iot:GetV2LoggingOptions")
    except AbsentError:
        return {}
    return {member: answer[member] for member in _MEMBERS if member in answer}


def _undo(calls: Calls, memory: Memory) -> None:
    options, ours = _options(calls), json.loads(memory["set"])
    if options != {**options, **ours}:
        return
    # It cannot be as if it had never been on, but off.
    before = json.loads(memory["before"]) or {**ours, **_OFF}
    if before != options:
        calls.call("iot:SetV2LoggingOptions", **before)


ENABLE_LOGGING: Final = Kind(
    ActionMeta(
        type="ENABLE_IOT_LOGGING",
        member="enableIoTLoggingParams",
        title="Turns the account's logging on",
        takes="`roleArnForLogging`, which may write to CloudWatch Logs; `logLevel`: DEBUG, INFO,"
        " WARN or ERROR",
        undo="the options are as they were before; where somebody changed them meanwhile, nothing",
        ends="never by itself",
        needs="credentials of the account; the role",
        example='{"enableIoTLoggingParams": {"roleArnForLogging":'
        ' "arn:aws:iam::123456789012:role/iot-logs", "logLevel": "WARN"}}',
        where="account",
    ),
    _EnableLogging,
    _undo,
)
