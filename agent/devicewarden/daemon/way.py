"""The way to the broker that is in force: one link at a time, and the reports that go over it."""

import asyncio

import structlog

from devicewarden.config.settings import Settings
from devicewarden.daemon.changes import way_to_broker
from devicewarden.daemon.deadlines import longest_round_s
from devicewarden.daemon.first_failure import FirstFailure
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.link import Link, OpenLink
from devicewarden.daemon.meter import Meter
from devicewarden.daemon.reporting import Reporting
from devicewarden.daemon.telling import Telling
from devicewarden.publish.publisher import ConnectionState

log = structlog.get_logger()


def _nobody_waits() -> None:
    pass


class Way:
    """Opens links, one in the place of the other, and has reports and events go over them.

    Attributes:
        link: in force; None: no broker is configured.
        meter: counts what is said over all links.
        turn: held by whoever changes the link and must not be disturbed in it.
        on_connected: told of each new connection.
    """

    def __init__(
        self,
        open_link: OpenLink,
        jobs: Jobs,
        *,
        stop: asyncio.Event,
        reporting: Reporting,
        telling: Telling,
    ) -> None:
        self.link: Link | None = None
        self.meter = Meter()
        self.turn = asyncio.Lock()
        self.on_connected = _nobody_waits
        self._open_link = open_link
        self._jobs = jobs
        self._stop = stop
        self._reporting = reporting
        self._telling = telling
        self._made_of: object = None
        self._failures = FirstFailure(log)

    def is_of(self, settings: Settings) -> bool:
        """Tell whether the link is what these settings ask for."""
        return way_to_broker(settings) == self._made_of

    async def connect(self, settings: Settings) -> None:
        """Put another link in the place of the present one.

        Raises:
            ConfigError: the settings cannot work; the present link goes on.
        """
        # The new link is made first: if that fails, the old one is still there.
        link = self._open_link(
            settings,
            stop=self._stop,
            meter=self.meter,
            on_change=self._connection_changed,
            on_late_reply=self._reporting.late_reply,
        )
        await self.disconnect()
        self.link, self._made_of = link, way_to_broker(settings)
        await self._telling.restart(settings, link)
        if link is not None:
            await link.publisher.start()
        self.start_reporting()

    async def disconnect(self) -> None:
        """Say goodbye to the broker; harmless where there is none."""
        await self._jobs.end("reporting")
        if self.link is not None:
            await self.link.publisher.stop()
            self.link = None

    def start_reporting(self) -> None:
        """Send reports from now on."""
        self._jobs.start(
            "reporting",
            lambda: self._reporting.round(self.link),
            deadline_s=lambda: longest_round_s(self._reporting.settings),
        )

    def _connection_changed(self, connection: ConnectionState) -> None:
        self.meter.changed(connection)
        connected = connection.state == "connected"
        if connection.last_error:
            event = "broker_refused" if connected else "broker_not_connected"
            self._failures.failed(event, kind=connection.last_error, hint=connection.hint)
        elif connected:
            self._failures.forget()
            log.info("broker_connected", connects=connection.connects)
            self.on_connected()
