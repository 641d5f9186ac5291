"""Who is told of events: a delivery for each sink, each a job of its own."""

import math

from devicewarden.config.settings import Settings
from devicewarden.daemon.detection import Detection
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.link import Link
from devicewarden.model.errors import TemporaryPublishError
from devicewarden.notify.delivery import Delivery
from devicewarden.notify.registry import open_sinks
from devicewarden.state.outbox import Outbox


class Telling:
    """Delivers what Detect puts in the outbox."""

    def __init__(self, jobs: Jobs, outbox: Outbox, detection: Detection) -> None:
        self._jobs = jobs
        self._outbox = outbox
        self._detection = detection
        self._link: Link | None = None
        self._deliveries: dict[str, Delivery] = {}
        detection.on_events = self._wake

    async def restart(self, settings: Settings, link: Link | None) -> None:
        """Tell the sinks of these settings from now on, over this link."""
        for name in self._deliveries:
            await self._jobs.end(_job(name))
        self._link = link
        sinks = open_sinks(settings, None if link is None else self._publish)
        self._deliveries = {sink.name: Delivery(sink, self._outbox) for sink in sinks}
        self._detection.sinks = tuple(self._deliveries)
        for name, delivery in self._deliveries.items():
            # However long a sink is dead, nobody else is late for it.
            self._jobs.start(_job(name), delivery.round, deadline_s=lambda: math.inf)

    async def _publish(self, topic: str, payload: bytes) -> None:
        if self._link is None:
            raise TemporaryPublishError("there is no connection")
        await self._link.publisher.publish(topic, payload, qos=1)

    def _wake(self) -> None:
        for delivery in self._deliveries.values():
            delivery.wake()


def _job(sink: str) -> str:
    return f"telling {sink}"
