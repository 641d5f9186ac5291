"""Connections and subscriptions that are refused, dropped, resumed or not answered."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.model.errors import TemporaryPublishError

if TYPE_CHECKING:
    from tests.e2e.publish.faulty.conftest import Case

pytestmark = pytest.mark.e2e
Run = Callable[[Any], Any]
CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 3, 8, 14
NOT_AUTHORIZED = 0x87


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (NOT_AUTHORIZED, ("not authorized", "policy")),
        (0x84, ("does not speak MQTT 5", "publish.port")),
        (0x86, ("bad user name or password", "publish.password_file")),
        (0x89, ("busy", "")),
        (0xFE, ("unknown reason code", "")),
    ],
)
def test_a_refused_connection_says_why_and_what_to_do(
    run: Run, case: "Case", reason: int, words: tuple[str, str]
) -> None:
    async def main() -> None:
        case.broker.reasons[CONNECT] = reason
        async with case.publisher() as publisher:
            state = await publisher.failure()
            assert words[0] in state.last_error
            assert words[1] in state.hint
            case.broker.reasons.clear()
            await publisher.until(lambda s: s.state == "connected" and not s.last_error)

    run(main())


def test_a_refused_subscription_is_shown_and_reports_go_out_all_the_same(
    run: Run, case: "Case"
) -> None:
    async def main() -> None:
        case.broker.reasons[SUBSCRIBE] = NOT_AUTHORIZED
        async with case.publisher() as publisher:
            await asyncio.wait_for(publisher.ready(), 20)
            assert "subscribe to report/rejected: not authorized" in publisher.connection.last_error
            assert "policy" in publisher.connection.hint
            await publisher.publish("report", b"report", qos=1)

    run(main())


def test_a_subscription_that_is_not_answered_is_made_again(run: Run, case: "Case") -> None:
    async def main() -> None:
        case.broker.reasons[SUBSCRIBE] = None
        async with case.publisher(ack_timeout_s=1) as publisher:
            await case.broker.next(SUBSCRIBE)
            assert not await publisher.is_ready()
            case.broker.reasons.clear()
            await asyncio.wait_for(publisher.ready(), 20)
            assert publisher.connection.connects == 1

    run(main())


def test_a_resumed_session_is_subscribed_to_what_it_did_not_grant(run: Run, case: "Case") -> None:
    async def main() -> None:
        case.broker.reasons[SUBSCRIBE] = NOT_AUTHORIZED
        async with case.publisher() as publisher:
            await case.broker.next(SUBSCRIBE)
            await publisher.ready()
            case.broker.session = True
            case.broker.reasons.clear()
            case.broker.drop()
            await case.broker.next(SUBSCRIBE)
            await publisher.until(lambda s: s.connects == 2)
            await asyncio.wait_for(publisher.ready(), 20)

    run(main())


def test_a_resumed_session_that_holds_the_subscriptions_is_left_alone(
    run: Run, case: "Case"
) -> None:
    async def main() -> None:
        async with case.publisher() as publisher:
            await publisher.ready()
            await case.broker.next(SUBSCRIBE)
            case.broker.session = True
            case.broker.drop()
            await publisher.until(lambda s: s.connects == 2)
            await asyncio.wait_for(publisher.ready(), 20)
            await publisher.publish("report", b"report", qos=1)
            await case.broker.next(CONNECT)
            assert (await case.broker.seen.get())[0] == PUBLISH

    run(main())


@pytest.mark.parametrize("close_after", [CONNECT, SUBSCRIBE], ids=["CONNACK", "SUBACK"])
def test_connections_that_are_dropped_at_once_slow_the_attempts_down(
    run: Run, case: "Case", close_after: int
) -> None:
    async def main() -> None:
        case.broker.close_after = close_after
        async with case.publisher(max_wait_s=60, presence_topic="presence") as publisher:
            await publisher.until(lambda s: s.connects >= 5)
            with suppress(TimeoutError):
                await publisher.until(lambda s: s.connects >= 60, within_s=3)
            # Reset by each CONNACK, the back-off of 50 ms would allow sixty in two seconds.
            assert publisher.connection.connects < 30

    run(main())


def test_every_attempt_is_shown_while_nobody_listens_and_the_first_broker_is_taken(
    run: Run, case: "Case"
) -> None:
    async def main() -> None:
        async with case.broker.listening():
            publisher = case.new_publisher()
        await publisher.start()
        state = await publisher.until(lambda s: s.attempts >= 3)
        assert "refused" in state.last_error
        assert "publish.port" in state.hint
        assert isinstance(await publisher.error(), TemporaryPublishError)
        async with case.broker.listening():
            await asyncio.wait_for(publisher.ready(), 20)
            await publisher.stop()

    run(main())


def test_a_farewell_and_a_disconnect_are_the_last_words(run: Run, case: "Case") -> None:
    async def main() -> None:
        async with case.publisher(presence_topic="presence") as publisher:
            await publisher.ready()
            assert b'"online"' in await case.broker.next(PUBLISH)
            await publisher.stop()
            assert b'"stopped"' in await case.broker.next(PUBLISH)
            # Reason 0, and a session expiry interval (0x11) of 0: the broker keeps nothing.
            assert await case.broker.next(DISCONNECT) == b"\x00\x05\x11\0\0\0\0"

    run(main())


def test_a_packet_larger_than_agreed_ends_the_connection_and_nothing_else(
    run: Run, case: "Case"
) -> None:
    async def main() -> None:
        async with case.publisher() as publisher:
            await publisher.ready()
            # A PUBLISH of 256 MB, the most that MQTT can announce, and garbage after it.
            case.broker.send(b"\x30\xff\xff\xff\x7f" + b"\xff" * 100_000)
            case.broker.drop()
            await publisher.until(lambda s: s.connects == 2)
            await asyncio.wait_for(publisher.ready(), 20)

    run(main())


@pytest.mark.parametrize("library", ["paho"], indirect=True)
@pytest.mark.parametrize(
    "hostile",
    [
        b"\x30\xff\xff\xff\x7f",
        b"\x34\x0e\x00\x06report\x00\x01\x00abc",
        b"\x30\xff\xff\xff\xff\xff",
        b"\x30\x05\x00\x03\xff\xfe\xfd",
        b"\xf0\x00",
        b"\x40\x04\x00\x01\x00\x7f",
    ],
    ids=["256 MB", "QoS 2", "length", "topic", "AUTH", "property"],
)
def test_what_no_broker_may_send_ends_the_connection_at_once(
    run: Run, case: "Case", hostile: bytes
) -> None:
    async def main() -> None:
        async with case.publisher() as publisher:
            await publisher.ready()
            case.broker.send(hostile + b"\xff" * 100)
            await publisher.until(lambda s: s.connects == 2)
            await asyncio.wait_for(publisher.ready(), 20)

    run(main())
