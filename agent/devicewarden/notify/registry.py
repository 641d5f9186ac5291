"""Every sink there is."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from devicewarden.config.settings import Settings
from devicewarden.notify.log import LogSink
from devicewarden.notify.mqtt import MqttSink, Publish
from devicewarden.notify.sink import Sink
from devicewarden.state.outbox import LOG, Kind

if TYPE_CHECKING:
    from devicewarden.notify.child import ChildSink, SinkSettings


def open_sinks(settings: Settings, publish: Publish | None) -> tuple[Sink, ...]:
    """Make the sinks that are configured: the log always.

    Args:
        settings: names the topics.
        publish: reaches the broker; None where there is none.
    """
    sinks: list[Sink] = [LogSink()]
    if publish is not None:
        sinks.append(MqttSink(publish, topics(settings)))
    return (*sinks, *_child_sinks(settings))


def sink_names(settings: Settings) -> tuple[str, ...]:
    """Name the sinks that the daemon has with these settings, for who writes to its outbox."""
    mqtt = ("mqtt",) if settings.publish.endpoint else ()
    return (LOG, *mqtt, *(sink.name for sink in _child_sinks(settings)))


def topics(settings: Settings) -> Mapping[Kind, str]:
    """Tell the MQTT topic of each kind of event."""
    patterns: Mapping[Kind, str] = {
        "violation": settings.detect.topic,
        "finding": settings.audit.topic,
        "audit": settings.audit.completed_topic,
        "action": settings.mitigate.topic,
    }
    return {kind: text.replace("{thing}", settings.thing.name) for kind, text in patterns.items()}


def _child_sinks(settings: Settings) -> "Iterator[ChildSink]":
    notify = settings.notify
    by_kind: Mapping[str, tuple[SinkSettings, ...]] = {
        "webhook": notify.webhooks,
        "command": notify.commands,
        "sns": notify.sns,
    }
    for kind, sinks in by_kind.items():
        for sink in sinks:
            # Where no such sink is configured, the daemon never loads this.
            from devicewarden.notify.child import ChildSink  # noqa: PLC0415  see above

            yield ChildSink(f"{kind}:{sink.name}", f"devicewarden.notify.{kind}", sink)
