"""PUBLISH_FINDING_TO_SNS: the finding goes to a topic, where people and programs wait for it.

Source: AuditFinding of the AWS IoT API 2015-05-28; AWS IoT Device Defender developer guide: one
finding a message, times in milliseconds.
"""

import json
from typing import Any, Final

from devicewarden.aws.calls import Calls
from devicewarden.mitigate.account.action import Kind
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.action import ActionMeta, Memory
from devicewarden.model.action_params import Params, PublishFindingToSns
from devicewarden.model.errors import MitigationError

_TIMES: Final = ("taskStartTime", "findingTime")
_MOST_BYTES: Final = 262_144
_FIFO: Final = ".fifo"


class _Publish:
    """What was told cannot be taken back."""

    def __init__(self, params: Params, case: Case, calls: Calls) -> None:
        assert isinstance(params, PublishFindingToSns)  # noqa: S101  the registry pairs them
        self._topic_arn = params.topic_arn
        self._case = case
        self._calls = calls

    def describe(self) -> str:
        return f"publish the finding to {self._topic_arn}"

    def in_effect(self) -> None:
        return None

    def remember(self) -> Memory:
        return {}

    def apply(self, memory: Memory) -> None:
        del memory
        message = json.dumps(_message(self._case))
        if len(message) > _MOST_BYTES:
            raise MitigationError(f"the finding is larger than {_MOST_BYTES} bytes")
        order: dict[str, str] = {}
        if self._topic_arn.endswith(_FIFO):
            own = self._case.cause.id
            order = {"MessageGroupId": own, "MessageDeduplicationId": own}
        self._calls.call("sns:Publish", TopicArn=self._topic_arn, Message=message, **order)


def _message(case: Case) -> dict[str, Any]:
    if case.cause.kind != "finding":
        raise MitigationError(f"a {case.cause.kind} is no finding")
    times = {name: round(case.document[name] * 1000) for name in _TIMES if name in case.document}
    return {**case.document, **times}


PUBLISH_FINDING: Final = Kind(
    ActionMeta(
        type="PUBLISH_FINDING_TO_SNS",
        member="publishFindingToSnsParams",
        title="Publishes a finding to a topic of SNS",
        takes="`topicArn`",
        undo="what was told cannot be taken back",
        ends="at once: it leaves nothing",
        needs="credentials of the account; the topic",
        example='{"publishFindingToSnsParams": {"topicArn":'
        ' "arn:aws:sns:eu-central-1:123456789012:findings"}}',
        where="account",
    ),
    _Publish,
    None,
)
