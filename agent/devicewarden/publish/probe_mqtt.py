"""One connection to the broker that tries everything the agent needs, and tells what was refused.

The daemon never loads it.
"""

import asyncio
import dataclasses
from typing import Final, Literal

from devicewarden.config.settings import Settings
from devicewarden.model.errors import PublishError
from devicewarden.model.outcome import Accepted, NoReply, Rejected
from devicewarden.publish.connect import open_publisher
from devicewarden.publish.diagnosis import Diagnosis, of_reason
from devicewarden.publish.publisher import ConnectionState, Publisher
from devicewarden.publish.replies import MalformedReplyError, parse_reply
from devicewarden.publish.topics import Topics, report_topics

EMPTY_REPORT: Final = {"json": b"{}", "cbor": b"\xa0"}
"""Device Defender refuses it, which shows that both ways are open and changes no metric."""
_POLICY: Final = of_reason("", 0x87).hint


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What the broker refused; None where it did not, or where it was not asked any more.

    Attributes:
        connect: why there is no connection.
        subscribe: why there are no replies.
        publish: why no report gets through.
        reply: what came back for an empty report; None where none is expected, or none was sent.
    """

    connect: Diagnosis | None = None
    subscribe: Diagnosis | None = None
    publish: Diagnosis | None = None
    reply: Accepted | Rejected | NoReply | None = None


def try_broker(settings: Settings) -> Tried:
    """Connect once with the agent's client id, subscribe to replies, and publish an empty report.

    Where no reply is expected, nothing is published: others may read that topic.

    Raises:
        ConfigError: something in the settings, or in a file that they name, cannot work.
    """
    return asyncio.run(tried(settings))


async def tried(settings: Settings) -> Tried:
    """Do the same on an event loop that runs."""
    return await _Attempt(settings).run()


class _Attempt:
    def __init__(self, settings: Settings) -> None:
        # Presence is the daemon's, and so is the session.
        self._publish = dataclasses.replace(settings.publish, presence_topic="", session_expiry_s=0)
        self._settings = dataclasses.replace(settings, publish=self._publish)
        self._encoding: Literal["json", "cbor"] = settings.report.format
        self._errors: list[Diagnosis] = []
        self._changed = asyncio.Event()
        self._reply: asyncio.Queue[Accepted | Rejected] = asyncio.Queue()

    async def run(self) -> Tried:
        topics = report_topics(
            self._publish, thing=self._settings.thing.name, encoding=self._encoding
        )
        publisher = open_publisher(self._settings, self._note)
        for topic in (topics.accepted, topics.rejected):
            if topic:
                publisher.subscribe(topic, self._take_reply)
        await publisher.start()
        try:
            return await self._try(publisher, topics)
        finally:
            await publisher.stop()

    async def _try(self, publisher: Publisher, topics: Topics) -> Tried:
        if refused := await self._connect(publisher):
            return Tried(connect=refused)
        subscribe = await self._subscribe(publisher)
        if not topics.accepted:
            return Tried(subscribe=subscribe)
        before = len(self._errors)
        try:
            await publisher.publish(topics.report, EMPTY_REPORT[self._encoding], qos=1)
        except PublishError as error:
            # AWS ends the connection instead of refusing the message.
            ended = self._errors[before:]
            why = ended[0] if ended else Diagnosis(str(error), error.hint)
            return Tried(subscribe=subscribe, publish=_with_hint(why))
        return Tried(subscribe=subscribe, reply=await self._answer())

    async def _connect(self, publisher: Publisher) -> Diagnosis | None:
        within_s = self._publish.connect_timeout_s
        try:
            async with asyncio.timeout(within_s):
                while publisher.connection.state != "connected":
                    if self._errors:
                        return self._errors[0]
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return Diagnosis(f"no connection within {within_s:g} s")
        return None

    async def _subscribe(self, publisher: Publisher) -> Diagnosis | None:
        try:
            async with asyncio.timeout(self._publish.ack_timeout_s):
                await publisher.ready()
        except TimeoutError:
            silent = Diagnosis(f"no answer within {self._publish.ack_timeout_s} s")
            return _with_hint(self._errors[0] if self._errors else silent)
        return _with_hint(self._errors[0]) if self._errors else None

    async def _answer(self) -> Accepted | Rejected | NoReply:
        waited_s = self._publish.reply_timeout_s
        try:
            async with asyncio.timeout(waited_s):
                return await self._reply.get()
        except TimeoutError:
            return NoReply(waited_s)

    def _note(self, state: ConnectionState) -> None:
        why = Diagnosis(state.last_error, state.hint)
        if why.message and why not in self._errors:
            self._errors.append(why)
        self._changed.set()

    def _take_reply(self, _topic: str, payload: bytes) -> None:
        try:
            self._reply.put_nowait(parse_reply(payload, self._encoding).outcome)
        except MalformedReplyError as error:
            self._reply.put_nowait(Rejected("malformed reply", str(error)))


def _with_hint(why: Diagnosis) -> Diagnosis:
    return why if why.hint else Diagnosis(why.message, _POLICY)
