"""A real broker that dies, hangs, comes late or forgets; and a stop that never waits for it."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.config.settings import PublishSettings, Settings, ThingSettings
from devicewarden.model.errors import TemporaryPublishError
from devicewarden.model.outcome import Acknowledged, Missed
from devicewarden.publish.connect import open_exchange
from devicewarden.publish.exchange import Exchange
from devicewarden.sandbox.proxy import Proxy

if TYPE_CHECKING:
    from tests.e2e.publish.conftest import Mosquitto, Watched, Watcher

pytestmark = pytest.mark.e2e
Run = Callable[[Any], Any]
STOP_WITHIN_S = 2.0


class Site:
    """A plain broker and the settings that lead to it."""

    def __init__(
        self, broker: "Mosquitto", watched: "Callable[..., Watched]", settings: PublishSettings
    ) -> None:
        self.broker = broker
        self.settings = replace(settings, port=broker.port, expect_reply=False)
        self._watched = watched

    def office(self, **changes: Any) -> tuple["Watched", Exchange]:
        """Make a publisher that is not started yet, and its exchange."""
        settings = Settings(
            thing=ThingSettings(name="edge-1"), publish=replace(self.settings, **changes)
        )
        publisher = self._watched(settings.publish)
        exchange = open_exchange(
            settings, publisher, stop=asyncio.Event(), on_late_reply=lambda *_: None
        )
        return publisher, exchange

    @asynccontextmanager
    async def publisher(self, **changes: Any) -> AsyncIterator["Watched"]:
        publisher = self._watched(replace(self.settings, **changes))
        await publisher.start()
        await asyncio.wait_for(publisher.ready(), 20)
        try:
            yield publisher
        finally:
            await publisher.stop()


@pytest.fixture
def site(
    mosquitto: "Callable[[], Mosquitto]",
    watched: "Callable[..., Watched]",
    plain_settings: PublishSettings,
) -> Site:
    return Site(mosquitto(), watched, plain_settings)


@pytest.fixture
def cable(site: Site) -> Iterator[Proxy]:
    with closing(Proxy(site.broker.port)) as proxy:
        yield proxy


def test_a_report_cut_off_by_the_death_of_the_broker_goes_out_once_it_is_back(
    run: Run, site: Site, watch: "Callable[..., Watcher]"
) -> None:
    async def main() -> None:
        publisher, exchange = site.office()
        await publisher.start()
        await publisher.ready()
        site.broker.hold()
        sending = asyncio.create_task(exchange.send(5, b"report"))
        await asyncio.sleep(0)
        site.broker.kill()
        await publisher.failure()
        await asyncio.to_thread(site.broker.start)
        watcher = await asyncio.to_thread(watch, site.broker.port, "#")
        # Published before or after the watcher came: one way or the other it is acknowledged.
        assert await sending == Acknowledged()
        assert await exchange.send(6, b"fresh") == Acknowledged()
        await publisher.stop()
        seen = watcher.next()[1]
        assert seen in (b"report", b"fresh")

    run(main())


def test_a_report_is_missed_when_the_broker_stays_away(run: Run, site: Site) -> None:
    async def main() -> None:
        publisher, exchange = site.office(ack_timeout_s=1, attempts=2)
        await publisher.start()
        await publisher.ready()
        site.broker.kill()
        outcome = await exchange.send(5, b"report")
        assert isinstance(outcome, Missed)
        assert "not connected" in outcome.reason
        await publisher.stop()

    run(main())


def test_a_connection_cut_off_is_seen_by_others_and_made_again(
    run: Run, site: Site, cable: Proxy, watch: "Callable[..., Watcher]"
) -> None:
    watcher = watch(site.broker.port, "presence/edge-1")

    async def main() -> None:
        async with site.publisher(port=cable.port, presence_topic="presence/{thing}") as publisher:
            assert await asyncio.to_thread(watcher.next_presence) == ("online", "started", False)
            cable.refuse()
            cable.drop()
            assert await asyncio.to_thread(watcher.next_presence) == ("offline", "lost", False)
            cable.normal()
            await publisher.until(lambda s: s.connects == 2)
            assert await asyncio.to_thread(watcher.next_presence) == ("online", "started", False)
        assert await asyncio.to_thread(watcher.next_presence) == ("offline", "stopped", False)

    run(main())
    late = watch(site.broker.port, "presence/edge-1")
    assert late.next_presence() == ("offline", "stopped", True)


def test_a_broker_that_hangs_is_noticed_by_its_silence(run: Run, site: Site) -> None:
    async def main() -> None:
        async with site.publisher(keep_alive_s=5, ack_timeout_s=1) as publisher:
            site.broker.hold()
            assert isinstance(await publisher.error(), TemporaryPublishError)
            state = await publisher.failure()
            assert "PING_RESPONSE_TIMEOUT" in state.last_error

    run(main())


def test_stop_does_not_wait_for_a_broker_that_hangs(run: Run, site: Site) -> None:
    async def main() -> None:
        async with site.publisher(presence_topic="presence") as publisher:
            site.broker.hold()
            await asyncio.wait_for(publisher.stop(), STOP_WITHIN_S)
            assert publisher.connection.state == "stopped"

    run(main())


def test_stop_does_not_wait_for_a_connection_that_is_not_made_yet(
    run: Run, watched: "Callable[..., Watched]", plain_settings: PublishSettings
) -> None:
    async def main() -> None:
        left = asyncio.Event()

        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            left.set()

        silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        publisher = watched(replace(plain_settings, port=port))
        async with silent:
            await publisher.start()
            await publisher.until(lambda s: s.attempts == 1)
            await asyncio.wait_for(publisher.stop(), STOP_WITHIN_S)
            assert publisher.connection.state == "stopped"
            await asyncio.wait_for(left.wait(), 20)

    run(main())


def test_a_publisher_that_never_started_can_be_stopped(
    run: Run, watched: "Callable[..., Watched]", plain_settings: PublishSettings
) -> None:
    run(watched(plain_settings).stop())


def test_a_stopped_publisher_is_freed_with_its_thread(
    run: Run, watched: "Callable[..., Watched]", plain_settings: PublishSettings
) -> None:
    async def main() -> "weakref.ref[Watched]":
        publisher = watched(replace(plain_settings, port=1))
        publisher.subscribe("report/accepted", lambda _topic, _payload: None)
        await publisher.start()
        await publisher.failure()
        await publisher.stop()
        return weakref.ref(publisher)

    left = run(main())
    deadline = time.monotonic() + 20
    while left() is not None:
        assert time.monotonic() < deadline, "awscrt still holds it"
        threading.Event().wait(0.02)
        gc.collect()


def test_an_agent_that_publishes_nothing_never_loads_an_mqtt_library() -> None:
    script = (
        "import sys, devicewarden.publish.connect, devicewarden.publish.exchange\n"
        "print(*{'awscrt', 'awsiot', 'cbor2', 'paho', 'http', 'email'} & set(sys.modules))"
    )

    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)  # noqa: S603  our argv

    assert loaded.stdout.split() == []
