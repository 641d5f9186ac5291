"""Reports that are refused, not acknowledged, or cut off."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.model.errors import PermanentPublishError, PublishError, TemporaryPublishError

if TYPE_CHECKING:
    from tests.e2e.publish.faulty.conftest import Case

pytestmark = pytest.mark.e2e
Run = Callable[[Any], Any]
PUBLISH = 3
NOT_AUTHORIZED, SESSION_TAKEN_OVER, PACKET_TOO_LARGE, QUOTA_EXCEEDED = 0x87, 0x8E, 0x95, 0x97


@pytest.mark.parametrize("session", [False, True], ids=["session gone", "session resumed"])
def test_a_report_cut_off_by_the_end_of_a_connection_is_never_sent_later(
    run: Run, case: "Case", *, session: bool
) -> None:
    async def main() -> None:
        case.broker.reasons[PUBLISH] = None
        async with case.publisher() as publisher:
            await publisher.ready()
            sending = asyncio.create_task(publisher.error(b"stale"))
            assert b"stale" in await case.broker.next(PUBLISH)
            case.broker.session = session
            case.broker.reasons.clear()
            case.broker.drop()
            assert isinstance(await sending, TemporaryPublishError)
            await publisher.until(lambda s: s.connects == 2)
            await asyncio.wait_for(publisher.ready(), 20)
            await publisher.publish("report", b"fresh", qos=1)
            assert b"fresh" in await case.broker.next(PUBLISH)

    run(main())


def test_a_missing_acknowledgement_is_temporary_and_the_connection_stays(
    run: Run, case: "Case"
) -> None:
    async def main() -> None:
        case.broker.reasons[PUBLISH] = None
        async with case.publisher(ack_timeout_s=1) as publisher:
            await publisher.ready()
            assert isinstance(await publisher.error(), TemporaryPublishError)
            case.broker.reasons.clear()
            await publisher.publish("report", b"report", qos=1)
            assert publisher.connection.connects == 1

    run(main())


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (NOT_AUTHORIZED, PermanentPublishError),
        (0x90, PermanentPublishError),
        (QUOTA_EXCEEDED, TemporaryPublishError),
        (0xFE, TemporaryPublishError),
    ],
)
def test_a_refused_report_is_permanent_where_it_would_be_refused_again(
    run: Run, case: "Case", reason: int, kind: type[PublishError]
) -> None:
    async def main() -> None:
        case.broker.reasons[PUBLISH] = reason
        async with case.publisher() as publisher:
            await publisher.ready()
            assert type(await publisher.error()) is kind

    run(main())


@pytest.mark.parametrize(
    ("reason", "kind", "hint"),
    [
        (PACKET_TOO_LARGE, PermanentPublishError, "report.max_bytes"),
        (SESSION_TAKEN_OVER, TemporaryPublishError, "client id"),
    ],
)
def test_a_connection_ended_over_a_report_says_why(
    run: Run, case: "Case", reason: int, kind: type[PublishError], hint: str
) -> None:
    async def main() -> None:
        case.broker.reasons[PUBLISH] = None
        async with case.publisher() as publisher:
            await publisher.ready()
            sending = asyncio.create_task(publisher.error())
            await case.broker.next(PUBLISH)
            case.broker.disconnect(reason)
            assert type(await sending) is kind
            assert any(hint in state.hint for state in publisher.states)

    run(main())


@pytest.mark.parametrize("library", ["paho"], indirect=True)
def test_a_report_that_the_broker_stopped_reading_ends_the_connection(
    run: Run, case: "Case"
) -> None:
    async def main() -> None:
        async with case.publisher(ack_timeout_s=1) as publisher:
            await publisher.ready()
            case.broker.stop_reading()
            assert isinstance(await publisher.error(b"x" * 20_000_000), TemporaryPublishError)
            await publisher.until(lambda s: "stopped reading" in s.last_error)

    run(main())


@pytest.mark.parametrize("library", ["paho"], indirect=True)
def test_a_report_larger_than_the_broker_takes_is_never_sent(run: Run, case: "Case") -> None:
    async def main() -> None:
        case.broker.properties = b"\x27\x00\x00\x04\x00"  # Maximum Packet Size: 1024
        async with case.publisher() as publisher:
            await publisher.ready()
            assert isinstance(await publisher.error(b"x" * 1100), PermanentPublishError)
            await publisher.publish("report", b"small", qos=1)
            assert b"small" in await case.broker.next(PUBLISH)
            assert publisher.connection.connects == 1

    run(main())
