"""Every sink there is."""

from collections.abc import Mapping

from devicewarden.config.settings import Settings
from devicewarden.notify.log import LogSink
from devicewarden.notify.mqtt import MqttSink, Publish
from devicewarden.notify.sink import Sink
from devicewarden.state.outbox import LOG, Kind


def open_sinks(settings: Settings, publish: Publish | None) -> tuple[Sink, ...]:
    """Make the sinks that are configured: the log always.

    Args:
        settings: names the topics.
        publish: reaches the broker; None where there is none.
    """
    sinks: list[Sink] = [LogSink()]
    if publish is not None:
        sinks.append(MqttSink(publish, topics(settings)))
    return tuple(sinks)


def sink_names(settings: Settings) -> tuple[str, ...]:
    """Name the sinks that the daemon has with these settings, for who writes to its outbox."""
    return (LOG, "mqtt") if settings.publish.endpoint else (LOG,)


def topics(settings: Settings) -> Mapping[Kind, str]:
    """Tell the MQTT topic of each kind of event."""
    patterns: Mapping[Kind, str] = {
        "violation": settings.detect.topic,
        "finding": settings.audit.topic,
        "audit": settings.audit.completed_topic,
    }
    return {kind: text.replace("{thing}", settings.thing.name) for kind, text in patterns.items()}
