"""Requests to AWS IoT Jobs and their answers, hostile ones among them."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from devicewarden.model.errors import TemporaryPublishError
from devicewarden.publish.job_channel import JobChannel, JobRefusedError, UnreadableJobError
from devicewarden.publish.job_replies import Execution
from devicewarden.publish.publisher import MessageHandler, handler_for

JOBS = "$aws/things/edge-1/jobs"
JOB = {"jobId": "j1", "status": "IN_PROGRESS", "versionNumber": 2, "jobDocument": {"a": 1}}


class Wire:
    """A publisher whose other end is the test: each request is answered by `answer`."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], list[tuple[str, bytes]]]) -> None:
        self.handlers: dict[str, MessageHandler] = {}
        self.said: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self.handlers[topic] = handler

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        assert qos == 1
        body = json.loads(payload)
        self.said.append((topic, body))
        for where, answer in self._answer(topic, body):
            self.hear(where, answer)

    def hear(self, topic: str, payload: bytes) -> None:
        handler = handler_for(self.handlers, topic)
        if handler is not None:
            handler(topic, payload)


def asked(
    answer: Callable[[str, dict[str, Any]], list[tuple[str, bytes]]],
    ask: Callable[[JobChannel], Coroutine[Any, Any, Any]],
) -> Any:
    """Ask one thing over a wire that answers so."""

    async def main() -> Any:
        return await ask(JobChannel(Wire(answer), "edge-1", timeout_s=0.05))  # type: ignore[arg-type]  # as much of a publisher as is needed

    return asyncio.run(main())


def says(verdict: str, told: Any) -> Callable[[str, dict[str, Any]], list[tuple[str, bytes]]]:
    def answer(topic: str, body: dict[str, Any]) -> list[tuple[str, bytes]]:
        document = {**told, "clientToken": body["clientToken"]} if isinstance(told, dict) else told
        return [(f"{topic}/{verdict}", json.dumps(document).encode())]

    return answer


def test_next_job_is_started() -> None:
    execution = asked(says("accepted", {"execution": JOB}), JobChannel.start_next)

    assert execution == Execution(
        job_id="j1", status="IN_PROGRESS", version=2, number=1, document={"a": 1}
    )


@pytest.mark.parametrize("told", [{}, {"execution": {}}, {"execution": None}], ids=str)
def test_empty_queue_is_no_job(told: object) -> None:
    assert asked(says("accepted", told), JobChannel.start_next) is None


def test_update_tells_version_and_execution() -> None:
    heard: list[Any] = []

    def answer(topic: str, body: dict[str, Any]) -> list[tuple[str, bytes]]:
        heard.append((topic, body))
        return says("accepted", {})(topic, body)

    execution = Execution(job_id="j1", status="IN_PROGRESS", version=4, number=2)
    asked(answer, lambda channel: channel.update(execution, "SUCCEEDED", {"a": "b"}))

    ((topic, body),) = heard
    del body["clientToken"]
    assert topic == f"{JOBS}/j1/update"
    assert body == {
        "status": "SUCCEEDED",
        "statusDetails": {"a": "b"},
        "expectedVersion": 4,
        "executionNumber": 2,
    }


def test_refusal_tells_code_and_state() -> None:
    told = {
        "code": "VersionMismatch",
        "message": "own wording",
        "executionState": {"status": "IN_PROGRESS", "statusDetails": {}, "versionNumber": 2},
    }

    with pytest.raises(JobRefusedError) as caught:
        asked(says("rejected", told), JobChannel.start_next)

    refusal = caught.value.refusal
    assert (refusal.code, refusal.status, refusal.version) == ("VersionMismatch", "IN_PROGRESS", 2)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _topic, _body: [], id="silence"),
        pytest.param(
            lambda topic, _body: [(f"{topic}/accepted", b'{"clientToken": "mine"}')],
            id="somebody else's token",
        ),
        pytest.param(
            lambda _topic, body: says("accepted", {})(f"{JOBS}/j1/update", body),
            id="another topic",
        ),
    ],
)
def test_what_does_not_answer_the_request_is_no_answer(answer: Any) -> None:
    with pytest.raises(TemporaryPublishError):
        asked(answer, JobChannel.start_next)


DEEP = b"[" * 30_000


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"execution": 1}', id="no object"),
        pytest.param(b'{"execution": {"jobId": "../x"}}', id="no job id"),
        pytest.param(b'{"execution": {"jobId": "j", "thingName": "edge-2"}}', id="foreign"),
        pytest.param(b'{"execution": {"jobId": "j", "versionNumber": "x"}}', id="no count"),
        pytest.param(b'{"execution": {"jobId": "j", "jobDocument": ' + DEEP, id="deep"),
        pytest.param(b'{"a": 1, "a": 2}', id="twice"),
        pytest.param(b" " * 40_000, id="oversized"),
    ],
)
def test_answer_that_nobody_can_read_is_told_at_once(payload: bytes) -> None:
    with pytest.raises(UnreadableJobError):
        asked(lambda topic, _body: [(f"{topic}/accepted", payload)], JobChannel.start_next)


def test_no_thing_needs_more_subscriptions_than_aws_takes_at_once() -> None:
    async def main() -> int:
        wire = Wire(lambda _topic, _body: [])
        JobChannel(wire, "edge-1", timeout_s=1)  # type: ignore[arg-type]  # see above
        return len(wire.handlers)

    # Eight in one packet: two for reports, two for provisioning.
    assert asyncio.run(main()) + 2 + 2 <= 8
