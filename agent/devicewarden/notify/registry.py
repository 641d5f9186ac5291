"""Every sink there is."""

from devicewarden.config.settings import Settings
from devicewarden.notify.log import LogSink
from devicewarden.notify.mqtt import MqttSink, Publish
from devicewarden.notify.sink import Sink


def open_sinks(settings: Settings, publish: Publish | None) -> tuple[Sink, ...]:
    """Make the sinks that are configured: the log always.

    Args:
        settings: names the topic.
        publish: reaches the broker; None where there is none.
    """
    sinks: list[Sink] = [LogSink()]
    if publish is not None:
        topic = settings.detect.topic.replace("{thing}", settings.thing.name)
        sinks.append(MqttSink(publish, topic))
    return tuple(sinks)
