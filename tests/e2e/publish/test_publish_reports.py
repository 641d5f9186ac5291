"""Reports over mutual TLS to the sandbox, and replies back to the report they answer."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import cbor2
import pytest

from devicewarden.config.settings import (
    PublishSettings,
    ReportSettings,
    Settings,
    ThingSettings,
)
from devicewarden.model.outcome import Accepted, Acknowledged, NoReply, Rejected
from devicewarden.publish.connect import open_exchange, open_publisher
from devicewarden.publish.exchange import Exchange, ReplyCounts
from devicewarden.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.e2e.publish.conftest import Watcher

pytestmark = pytest.mark.e2e
Run = Callable[[Any], Any]


def report(report_id: int) -> bytes:
    return json.dumps(
        {"header": {"report_id": report_id, "version": "1.0"}, "metrics": {}}
    ).encode()


class Office:
    """A publisher and its exchange, connected to the sandbox inside `async with`."""

    def __init__(
        self,
        sandbox: Sandbox,
        encoding: Literal["json", "cbor"] = "json",
        library: Literal["awscrt", "paho"] = "awscrt",
    ) -> None:
        credentials = sandbox.credentials("edge-1")
        publish = PublishSettings(
            endpoint="localhost",
            library=library,
            port=sandbox.port,
            ca_file=str(sandbox.ca_file),
            cert_file=str(credentials.cert_file),
            key_file=str(credentials.key_file),
            reply_timeout_s=0.5,
            first_wait_s=0.05,
            max_wait_s=0.2,
        )
        settings = Settings(
            thing=ThingSettings(name="edge-1"),
            report=ReportSettings(format=encoding),
            publish=publish,
        )
        self.late: asyncio.Queue[Any] = asyncio.Queue()
        self.publisher = open_publisher(settings)
        self.exchange = open_exchange(
            settings,
            self.publisher,
            stop=asyncio.Event(),
            on_late_reply=lambda *reply: self.late.put_nowait(reply),
        )

    async def __aenter__(self) -> Exchange:
        await self.publisher.start()
        await asyncio.wait_for(self.publisher.ready(), 10)
        return self.exchange

    async def __aexit__(self, *_error: object) -> None:
        await self.publisher.stop()


def test_accepted_and_rejected_reports_have_their_own_outcome(
    run: Run, sandbox: Sandbox, library: Literal["awscrt", "paho"]
) -> None:
    sandbox.fault("reject", 1, "Whatever")

    async def main() -> None:
        async with Office(sandbox, library=library) as exchange:
            refused = await exchange.send(5, report(5))
            assert isinstance(refused, Rejected)
            assert refused.code == "Whatever"
            assert await exchange.send(6, report(6)) == Accepted()
            assert isinstance(await exchange.send(7, b"not a report"), Rejected)

    run(main())


def test_cbor_reports_get_cbor_replies(run: Run, sandbox: Sandbox) -> None:
    payload = cbor2.dumps({"hed": {"rid": 5, "v": "1.0"}, "met": {}})

    async def main() -> None:
        async with Office(sandbox, "cbor") as exchange:
            assert await exchange.send(5, payload) == Accepted()

    run(main())


def test_silence_garbage_and_late_replies_are_told_apart(run: Run, sandbox: Sandbox) -> None:
    async def main() -> None:
        office = Office(sandbox)
        async with office as exchange:
            sandbox.fault("silence", 1)
            assert await exchange.send(5, report(5)) == NoReply(0.5)
            sandbox.fault("garbage", 1)
            assert await exchange.send(6, report(6)) == NoReply(0.5)
            assert exchange.counts == ReplyCounts(malformed=1)
            sandbox.fault("late", 1)
            assert await exchange.send(7, report(7)) == NoReply(0.5)
            assert await asyncio.wait_for(office.late.get(), 10) == (7, Accepted())

    run(main())


def test_after_a_broker_restart_the_subscriptions_are_made_again(
    run: Run, sandbox: Sandbox, library: Literal["awscrt", "paho"]
) -> None:
    async def main() -> None:
        async with Office(sandbox, library=library) as exchange:
            assert await exchange.send(5, report(5)) == Accepted()
            await asyncio.to_thread(sandbox.restart_broker)
            assert await exchange.send(6, report(6)) == Accepted()

    run(main())


def test_qos_0_on_a_plain_topic_goes_out_without_a_reply(
    run: Run,
    watch: "Callable[..., Watcher]",
    mosquitto: Callable[..., Any],
    plain_settings: PublishSettings,
) -> None:
    broker = mosquitto()
    watcher = watch(broker.port, "#")
    publish = replace(plain_settings, port=broker.port, expect_reply=False, qos=0)
    settings = Settings(thing=ThingSettings(name="edge-1"), publish=publish)

    async def main() -> None:
        publisher = open_publisher(settings)
        exchange = open_exchange(
            settings, publisher, stop=asyncio.Event(), on_late_reply=lambda *_: None
        )
        await publisher.start()
        assert await exchange.send(5, b"report") == Acknowledged()
        await publisher.stop()

    run(main())
    assert watcher.next() == ("devicewarden/edge-1/metrics/json", b"report")


def test_an_oversized_message_on_a_reply_topic_does_no_harm(
    run: Run,
    watch: "Callable[..., Watcher]",
    mosquitto: Callable[..., Any],
    plain_settings: PublishSettings,
) -> None:
    broker = mosquitto()
    publish = replace(plain_settings, port=broker.port, topic="report")
    settings = Settings(thing=ThingSettings(name="edge-1"), publish=publish)
    reply = b'{"status":"ACCEPTED","reportId":5}'

    async def main() -> None:
        publisher = open_publisher(settings)
        exchange = open_exchange(
            settings, publisher, stop=asyncio.Event(), on_late_reply=lambda *_: None
        )
        await publisher.start()
        await publisher.ready()
        watcher = watch(broker.port, "report")
        for payload in (b"x" * 10_000, b"x" * 100_000, reply):
            watcher.client.publish("report/accepted", payload, qos=1)
        sending = asyncio.create_task(exchange.send(5, b"report"))
        await asyncio.to_thread(watcher.next)
        watcher.client.publish("report/accepted", reply, qos=1)
        assert await sending == Accepted()
        assert exchange.counts.oversized == 1
        assert publisher.connection.connects == 1
        await publisher.stop()

    run(main())
