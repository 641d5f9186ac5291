"""The way to the broker: a publisher and the exchange of reports for replies that runs over it."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from devicewarden.config.settings import Settings
from devicewarden.daemon.meter import Meter
from devicewarden.model.outcome import Outcome
from devicewarden.publish.exchange import OnLateReply, ReplyCounts
from devicewarden.publish.publisher import OnChange, Publisher

if TYPE_CHECKING:
    from devicewarden.publish.job_channel import JobChannel
    from devicewarden.publish.provisioning import ProvisioningChannel


class SendsReports(Protocol):
    """What the daemon needs of an exchange."""

    @property
    def counts(self) -> ReplyCounts:
        """Replies that did not answer the report that waited for one."""
        ...

    async def send(self, report_id: int, payload: bytes) -> Outcome:
        """Publish one report and wait for what becomes of it."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """One connection to one broker.

    Attributes:
        publisher: speaks with it.
        exchange: of reports for replies.
        topic: of reports.
        jobs: way to the Jobs service; None: no jobs are taken.
        provisioning: way to fleet provisioning; None: no template is configured.
    """

    publisher: Publisher
    exchange: SendsReports
    topic: str
    jobs: "JobChannel | None" = None
    provisioning: "ProvisioningChannel | None" = None

    @property
    def connected(self) -> bool:
        """Tell whether a report can go out now."""
        return self.publisher.connection.state == "connected"


class OpenLink(Protocol):
    """Makes the link that the settings ask for."""

    def __call__(
        self,
        settings: Settings,
        *,
        stop: asyncio.Event,
        meter: Meter,
        on_change: OnChange,
        on_late_reply: OnLateReply,
    ) -> Link | None:
        """Make a link that is not started yet; None where the settings name no broker.

        What is said over it is counted by the meter.

        Raises:
            ConfigError: a certificate, key, module or topic that cannot be used.
        """
        ...
