"""One report out, one outcome back: publish, then wait for the reply with the same report id."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PublishError, TemporaryPublishError
from devicewarden.model.outcome import (
    Accepted,
    Acknowledged,
    Missed,
    NoReply,
    Outcome,
    Rejected,
)
from devicewarden.publish.publisher import Publisher
from devicewarden.publish.replies import (
    MalformedReplyError,
    OversizedReplyError,
    Reply,
    parse_reply,
)
from devicewarden.publish.retry import retrying
from devicewarden.publish.topics import Topics

OnLateReply: TypeAlias = Callable[[int, Accepted | Rejected], None]
OUTSTANDING_AT_MOST: Final = 16


@dataclass(slots=True)
class ReplyCounts:
    """Replies that did not answer the report that waited for one.

    Attributes:
        late: they answered an earlier report.
        unknown: they answered no report of ours, or did not say which.
        malformed: they were not replies.
        oversized: they were too large to look into.
    """

    late: int = 0
    unknown: int = 0
    malformed: int = 0
    oversized: int = 0


@dataclass(slots=True)
class _Waiting:
    report_id: int
    answer: asyncio.Future[Accepted | Rejected]


class Exchange:
    """Sends reports over one publisher and tells what became of each.

    Make it before the publisher starts, for it subscribes to the replies.

    Args:
        publisher: where reports go and replies come from.
        topics: of this thing.
        settings: attempts, waits and time-outs.
        encoding: of the replies, which is that of the reports.
        stop: once set, nothing is tried again.
        on_late_reply: told of replies that come after `send` returned.
    """

    def __init__(
        self,
        publisher: Publisher,
        topics: Topics,
        settings: PublishSettings,
        *,
        encoding: Literal["json", "cbor"],
        stop: asyncio.Event,
        on_late_reply: OnLateReply,
    ) -> None:
        self.counts = ReplyCounts()
        self._publisher = publisher
        self._topics = topics
        self._settings = settings
        self._encoding = encoding
        self._stop = stop
        self._on_late_reply = on_late_reply
        self._one_at_a_time = asyncio.Lock()
        self._waiting: _Waiting | None = None
        # A dict keeps the order, so that the oldest is forgotten first.
        self._outstanding: dict[int, None] = {}
        for topic in (topics.accepted, topics.rejected):
            if topic:
                publisher.subscribe(topic, self._take_reply)

    async def send(self, report_id: int, payload: bytes) -> Outcome:
        """Publish one report and tell what became of it; never raises but for cancellation."""
        async with self._one_at_a_time:
            answer: asyncio.Future[Accepted | Rejected] = asyncio.get_running_loop().create_future()
            self._waiting = _Waiting(report_id, answer)
            self._remember(report_id)
            try:
                return await self._outcome(payload, answer)
            finally:
                self._waiting = None

    async def _outcome(
        self, payload: bytes, answer: asyncio.Future[Accepted | Rejected]
    ) -> Outcome:
        try:
            await retrying(self._settings, self._stop)(self._attempt, payload, answer)
        except PublishError as error:
            # The reply tells more than the acknowledgement that got lost.
            return answer.result() if answer.done() else Missed(str(error))
        if not self._topics.accepted:
            return Acknowledged()
        try:
            async with asyncio.timeout(self._settings.reply_timeout_s):
                return await answer
        except TimeoutError:
            return NoReply(self._settings.reply_timeout_s)

    async def _attempt(self, payload: bytes, answer: asyncio.Future[Accepted | Rejected]) -> None:
        if answer.done():
            return
        try:
            async with asyncio.timeout(self._settings.ack_timeout_s):
                await self._publisher.ready()
        except TimeoutError:
            connection = self._publisher.connection
            raise TemporaryPublishError(
                f"not connected: {connection.last_error or 'no answer yet'}", hint=connection.hint
            ) from None
        await self._publisher.publish(self._topics.report, payload, qos=self._settings.qos)

    def _remember(self, report_id: int) -> None:
        self._outstanding[report_id] = None
        while len(self._outstanding) > OUTSTANDING_AT_MOST:
            del self._outstanding[next(iter(self._outstanding))]

    def _take_reply(self, _topic: str, payload: bytes) -> None:
        try:
            reply = parse_reply(payload, self._encoding)
        except OversizedReplyError:
            self.counts.oversized += 1
        except MalformedReplyError:
            self.counts.malformed += 1
        else:
            self._settle(reply)

    def _settle(self, reply: Reply) -> None:
        waiting = self._waiting
        report_id = reply.report_id
        if report_id is None and waiting and isinstance(reply.outcome, Rejected):
            # AWS prints rejections without an id; only the report that waits can be meant.
            report_id = waiting.report_id
        if report_id not in self._outstanding:
            self.counts.unknown += 1
            return
        del self._outstanding[report_id]
        if waiting and waiting.report_id == report_id and not waiting.answer.done():
            waiting.answer.set_result(reply.outcome)
        else:
            self.counts.late += 1
            self._on_late_reply(report_id, reply.outcome)
