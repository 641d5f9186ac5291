"""AWS IoT Jobs over one publisher: a request out, the answer with the same token back."""

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any, Final

import structlog

from devicewarden.model.errors import TemporaryPublishError
from devicewarden.model.job import JobStatus
from devicewarden.publish.job_replies import (
    Execution,
    JobRefusal,
    MalformedJobReplyError,
    parse_job_reply,
)
from devicewarden.publish.publisher import Publisher
from devicewarden.publish.topics import ACCEPTED, JobTopics

log = structlog.get_logger()
NEXT: Final = "$next"


class JobRefusedError(Exception):
    """The service refused a request.

    Attributes:
        refusal: what it says.
    """

    def __init__(self, refusal: JobRefusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.message}")
        self.refusal = refusal


class UnreadableJobError(Exception):
    """The service answered, but the answer, or the document in it, cannot be read."""


def _nobody_listens() -> None:
    pass


class JobChannel:
    """Asks the Jobs service. Make it before the publisher starts, for it subscribes.

    Attributes:
        on_notified: called where the service says that another job is the next one.
        malformed: answers and notes that were none.

    Args:
        publisher: where requests go and answers come from.
        thing: whose jobs.
        timeout_s: wait for an answer.
    """

    def __init__(self, publisher: Publisher, thing: str, *, timeout_s: float) -> None:
        self.on_notified = _nobody_listens
        self.malformed = 0
        self._publisher = publisher
        self._thing = thing
        self._topics = JobTopics(thing)
        self._timeout_s = timeout_s
        self._waiting: dict[str, tuple[str, asyncio.Future[Execution | None]]] = {}
        publisher.subscribe(self._topics.notify_next, self._notified)
        for replies in self._topics.replies:
            publisher.subscribe(replies, self._take)

    async def start_next(self) -> Execution | None:
        """Begin the next job, or go on with the one that was begun; None: there is nothing to do.

        Raises:
            UnreadableJobError: there is an answer, but nobody can read it.
            JobRefusedError: the service refuses.
            TemporaryPublishError: no answer in time, or no connection.
        """
        return await self._ask(self._topics.start_next, {})

    async def describe(self, job_id: str = NEXT) -> Execution | None:
        """Ask how a job stands, without its document; the errors are those of `start_next`."""
        return await self._ask(self._topics.get(job_id), {"includeJobDocument": False})

    async def update(
        self, execution: Execution, status: JobStatus, details: Mapping[str, str]
    ) -> None:
        """End a job, if it is still at this version; the errors are those of `start_next`."""
        body = {
            "status": status,
            "statusDetails": dict(details),
            "expectedVersion": execution.version,
            "executionNumber": execution.number,
        }
        await self._ask(self._topics.update(execution.job_id), body)

    async def _ask(self, topic: str, body: Mapping[str, Any]) -> Execution | None:
        token = os.urandom(8).hex()
        answer: asyncio.Future[Execution | None] = asyncio.get_running_loop().create_future()
        self._waiting[token] = (topic, answer)
        payload = json.dumps({**body, "clientToken": token}, separators=(",", ":")).encode()
        try:
            await self._publisher.publish(topic, payload, qos=1)
            async with asyncio.timeout(self._timeout_s):
                return await answer
        except TimeoutError:
            raise TemporaryPublishError(f"no answer on {topic}") from None
        finally:
            del self._waiting[token]

    def _notified(self, _topic: str, _payload: bytes) -> None:
        # What the note says is not looked at: `start-next` is asked, and tells the same.
        self.on_notified()

    def _take(self, topic: str, payload: bytes) -> None:
        asked, _, verdict = topic.rpartition("/")
        try:
            reply = parse_job_reply(payload, thing=self._thing, accepted=f"/{verdict}" == ACCEPTED)
        except MalformedJobReplyError as error:
            self.malformed += 1
            log.debug("job_reply_malformed", topic=topic, error=str(error))
            self._fail(asked, UnreadableJobError(str(error)))
            return
        wanted, answer = self._waiting.get(reply.token, ("", None))
        if answer is None or wanted != asked or answer.done():
            return
        if isinstance(reply.content, JobRefusal):
            answer.set_exception(JobRefusedError(reply.content))
        else:
            answer.set_result(reply.content)

    def _fail(self, asked: str, error: UnreadableJobError) -> None:
        """Tell whoever asked there that the answer cannot be read: it has no token that can."""
        for wanted, answer in self._waiting.values():
            if wanted == asked and not answer.done():
                answer.set_exception(error)
