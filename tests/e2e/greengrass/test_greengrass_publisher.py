"""Publishing through a nucleus that refuses, restarts, forgets or lies."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from awsiot import greengrasscoreipc
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from tests.e2e.greengrass.nucleus import Nucleus, frame

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PermanentPublishError, TemporaryPublishError
from devicewarden.publish.greengrass import GreengrassPublisher
from devicewarden.publish.publisher import ConnectionState

pytestmark = pytest.mark.e2e
DEADLINE_S = 20.0
SETTINGS = PublishSettings(
    endpoint="greengrass", first_wait_s=0.05, max_wait_s=0.1, ack_timeout_s=5, reply_timeout_s=0.2
)


class Component:
    """A publisher in the environment that a nucleus gives, with what it heard."""

    def __init__(self, environ: dict[str, str], **options: Any) -> None:
        self._changed = asyncio.Event()
        self.heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.publisher = GreengrassPublisher(SETTINGS, environ, on_change=self._note, **options)
        self.publisher.subscribe("report/accepted", lambda *m: self.heard.put_nowait(m))

    def _note(self, _state: ConnectionState) -> None:
        self._changed.set()

    async def until(self, claim: Callable[[ConnectionState], bool]) -> ConnectionState:
        async with asyncio.timeout(DEADLINE_S):
            while not claim(self.publisher.connection):
                self._changed.clear()
                await self._changed.wait()
        return self.publisher.connection

    @asynccontextmanager
    async def running(self) -> AsyncIterator[GreengrassPublisher]:
        await self.publisher.start()
        try:
            yield self.publisher
        finally:
            await asyncio.wait_for(self.publisher.stop(), 2)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[GreengrassPublisher]:
        async with self.running() as publisher:
            await asyncio.wait_for(publisher.ready(), DEADLINE_S)
            yield publisher


def run(main: Any) -> Any:
    return asyncio.run(asyncio.wait_for(main, 3 * DEADLINE_S))


def test_aws_own_client_is_served_by_the_nucleus_of_these_tests(nucleus: Nucleus) -> None:
    heard = threading.Event()
    connection = greengrasscoreipc.connect(ipc_socket=str(nucleus.path), authtoken=nucleus.token)
    client = GreengrassCoreIPCClientV2(connection, executor=None)

    client.subscribe_to_iot_core(
        topic_name="report/accepted", qos="1", on_stream_event=lambda _event: heard.set()
    )
    client.publish_to_iot_core(topic_name="report", qos="1", payload=b"hello")
    nucleus.deliver("report/accepted", b"yes")

    assert nucleus.published.get(timeout=DEADLINE_S) == ("report", b"hello", "1")
    assert heard.wait(DEADLINE_S)
    client.close()


def test_a_message_goes_out_and_its_answer_comes_back(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    async def main() -> None:
        component = Component(environ)
        async with component.ready() as publisher:
            await publisher.publish("report", b"\0\xff", qos=1)
            assert nucleus.published.get(timeout=DEADLINE_S) == ("report", b"\0\xff", "1")
            nucleus.deliver("report/accepted", b"yes")
            assert await component.heard.get() == ("report/accepted", b"yes")

    run(main())


def test_what_access_control_denies_is_permanent_and_says_what_to_do(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    nucleus.denied = {"report", "report/accepted"}

    async def main() -> None:
        async with Component(environ).ready() as publisher:
            assert "accessControl" in publisher.connection.hint
            assert "subscribe to report/accepted" in publisher.connection.last_error
            with pytest.raises(PermanentPublishError, match="UnauthorizedError") as caught:
                await publisher.publish("report", b"report", qos=1)
            assert "accessControl" in caught.value.hint

    run(main())


def test_a_broker_that_is_away_for_long_costs_neither_connection_nor_process(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    async def main() -> None:
        async with Component(environ).ready() as publisher:
            nucleus.offline = True
            for _ in range(100):
                with pytest.raises(TemporaryPublishError, match="ServiceError"):
                    await publisher.publish("report", b"stale", qos=1)
            nucleus.offline = False
            await publisher.publish("report", b"fresh", qos=1)
            assert publisher.connection.connects == 1

    run(main())
    assert nucleus.published.get(timeout=DEADLINE_S).payload == b"fresh"
    assert nucleus.published.empty()


def test_a_nucleus_that_restarts_is_connected_to_and_subscribed_to_again(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    async def main() -> None:
        component = Component(environ)
        async with component.ready() as publisher:
            await asyncio.to_thread(nucleus.stop)
            state = await component.until(lambda s: s.attempts > 2)
            assert "nucleus" in state.hint
            with pytest.raises(TemporaryPublishError, match="not connected"):
                await publisher.publish("report", b"stale", qos=1)
            nucleus.start()
            await component.until(lambda s: s.connects == 2)
            await publisher.ready()
            nucleus.deliver("report/accepted", b"yes")
            assert await component.heard.get() == ("report/accepted", b"yes")

    run(main())
    assert nucleus.published.empty()


def test_subscriptions_that_were_silently_forgotten_are_made_again(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    async def main() -> None:
        component = Component(environ)
        async with component.ready() as publisher:
            nucleus.seen.get(timeout=DEADLINE_S)
            nucleus.forget_subscriptions()
            await publisher.publish("report", b"report", qos=1)
            nucleus.seen.get(timeout=DEADLINE_S)
            again = await asyncio.to_thread(nucleus.seen.get, timeout=DEADLINE_S)
            assert again == ("SubscribeToIoTCore", "report/accepted")
            assert publisher.connection.connects == 1

    run(main())


def test_a_refused_svcuid_ends_the_process_but_not_before_its_time(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    nucleus.token = "FEDCBA9876543210"  # noqa: S105  a test's

    async def patient() -> None:
        component = Component(environ)
        async with component.running():
            state = await component.until(lambda s: s.attempts > 3)
            assert "SVCUID" in state.last_error

    async def old() -> None:
        component = Component(environ, least_life_s=0)
        async with component.running():
            await asyncio.Event().wait()

    run(patient())
    with pytest.raises(SystemExit) as ended:
        run(old())
    assert ended.value.code == 75


def test_a_message_that_nucleus_lite_cannot_take_is_told_with_its_remedy(
    nucleus: Nucleus, environ: dict[str, str]
) -> None:
    async def main() -> None:
        component = Component(environ)
        async with component.ready() as publisher:
            with pytest.raises(TemporaryPublishError) as caught:
                await publisher.publish("report", b"x" * 9000, qos=1)
            assert "report.max_bytes" in caught.value.hint
            await component.until(lambda s: s.connects == 2)

    run(main())
    assert nucleus.published.empty()


@pytest.mark.parametrize(
    "hostile",
    [
        b"garbage" * 10,
        frame({":message-type": 0})[:-1] + b"\0",
        b"\x7f\xff\xff\xff" * 4,
        frame({":message-type": 7, ":message-flags": 2, ":stream-id": 0}, b"{"),
        frame({})[:4] + b"\0\0\xff\xff" + b"\0" * 8,
    ],
    ids=["garbage", "checksum", "2 GB", "internal error", "headers"],
)
def test_what_is_no_frame_ends_the_connection_alone(
    nucleus: Nucleus, environ: dict[str, str], hostile: bytes
) -> None:
    async def main() -> None:
        component = Component(environ)
        async with component.ready() as publisher:
            nucleus.send_raw(hostile)
            await component.until(lambda s: s.connects == 2)
            await publisher.ready()
            await publisher.publish("report", b"report", qos=1)

    run(main())


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b'{"message":{}}', b'{"message":{"topicName":"report/accepted","payload":"*"}}'],
)
def test_events_that_are_no_messages_are_passed_over(
    nucleus: Nucleus, environ: dict[str, str], payload: bytes
) -> None:
    event = {":message-type": 0, ":message-flags": 0, ":stream-id": 1}

    async def main() -> None:
        component = Component(environ)
        async with component.ready() as publisher:
            nucleus.send_raw(frame({**event}, payload))
            nucleus.send_raw(frame({":message-type": 2, ":message-flags": 0, ":stream-id": 0}))
            nucleus.deliver("report/accepted", b"yes")
            assert await component.heard.get() == ("report/accepted", b"yes")
            assert publisher.connection.connects == 1

    run(main())


def test_a_publisher_that_never_started_can_be_stopped(environ: dict[str, str]) -> None:
    run(Component(environ).publisher.stop())
