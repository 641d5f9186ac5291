"""Settings -> publisher, or publisher and exchange together: what the wiring calls."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Literal

from devicewarden.config.broker import GREENGRASS
from devicewarden.config.settings import Settings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.exchange import Exchange, OnLateReply
from devicewarden.publish.publisher import OnChange, Publisher
from devicewarden.publish.topics import report_topics

if TYPE_CHECKING:
    from devicewarden.publish.awscrt_mqtt import AwsCrtPublisher
    from devicewarden.publish.job_channel import JobChannel
    from devicewarden.publish.paho_mqtt import PahoPublisher
    from devicewarden.publish.provisioning import ProvisioningChannel


def open_publisher(settings: Settings, on_change: OnChange | None = None) -> Publisher:
    """Make the publisher that the settings ask for; it does not connect yet.

    Raises:
        ConfigError: a thing name or topic that no broker would take, or a certificate, key,
            module, PIN or password that cannot be used.
    """
    thing = settings.thing.name
    # Here already, so that making the exchange cannot fail and leave a publisher behind.
    report_topics(settings.publish, thing=thing, encoding=settings.report.format)
    if settings.publish.endpoint == GREENGRASS:
        # Imported late as the others are, for memory.
        from devicewarden.publish.greengrass import GreengrassPublisher  # noqa: PLC0415

        return GreengrassPublisher(settings.publish, os.environ, on_change=on_change)
    client_id = settings.thing.client_id or thing
    try:
        kind = _kind(settings.publish.library)
    except ImportError as error:
        raise ConfigError(
            f"publish.endpoint: no MQTT library: {error}", hint="install awsiotsdk or paho-mqtt"
        ) from error
    return kind(settings.publish, thing, client_id, on_change=on_change)


def _kind(library: Literal["auto", "awscrt", "paho"]) -> "type[AwsCrtPublisher | PahoPublisher]":
    """Import awscrt's where that can be, for it does PKCS#11 and proxies; else paho's.

    A daemon that publishes nothing never pays the memory of an MQTT library.
    """
    if library != "paho":
        try:
            from devicewarden.publish.awscrt_mqtt import AwsCrtPublisher  # noqa: PLC0415  see above
        except ImportError:
            if library == "awscrt":
                raise
        else:
            return AwsCrtPublisher
    # The daemon keeps ssl out, which paho cannot do without, see docs/adr/0001-one-tls-stack.md.
    if sys.modules.get("ssl", sys) is None:
        del sys.modules["ssl"]
    from devicewarden.publish.paho_mqtt import PahoPublisher  # noqa: PLC0415  see above

    return PahoPublisher


def open_exchange(
    settings: Settings, publisher: Publisher, *, stop: asyncio.Event, on_late_reply: OnLateReply
) -> Exchange:
    """Make the exchange of reports and replies over a publisher that has not started.

    Raises:
        ConfigError: a thing name or topic that no broker would take.
    """
    encoding = settings.report.format
    topics = report_topics(settings.publish, thing=settings.thing.name, encoding=encoding)
    return Exchange(
        publisher,
        topics,
        settings.publish,
        encoding=encoding,
        stop=stop,
        on_late_reply=on_late_reply,
    )


def open_jobs(settings: Settings, publisher: Publisher) -> "JobChannel | None":
    """Make the way to AWS IoT Jobs over a publisher that has not started; None: none are taken."""
    if not settings.jobs.operations:
        return None
    from devicewarden.publish.job_channel import JobChannel  # noqa: PLC0415  for memory, as above

    wait_s = max(settings.publish.reply_timeout_s, settings.publish.ack_timeout_s)
    return JobChannel(publisher, settings.thing.name, timeout_s=wait_s)


def open_provisioning(settings: Settings, publisher: Publisher) -> "ProvisioningChannel | None":
    """Make the way to fleet provisioning over a publisher that has not started; None: no template.

    Over Greengrass the nucleus is who connects, and keeps its identity.
    """
    template = settings.provisioning.template
    if not template or settings.publish.endpoint == GREENGRASS:
        return None
    from devicewarden.publish.provisioning import ProvisioningChannel  # noqa: PLC0415  as above

    return ProvisioningChannel(publisher, template, timeout_s=settings.provisioning.timeout_s)
