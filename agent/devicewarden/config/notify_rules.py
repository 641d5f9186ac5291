"""Rules for sinks: names of their own, addresses that can be reached safely, programs."""

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from devicewarden.config.fault import Fault, KeyPath, shown
from devicewarden.config.notify_settings import CommandSettings, SnsSettings, WebhookSettings
from devicewarden.config.settings import Settings

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TOPIC_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?"
)


def sink_names(settings: Settings) -> Iterator[Fault]:
    """A sink is known by its kind and name."""
    for kind in ("webhooks", "commands", "sns"):
        sinks = getattr(settings.notify, kind)
        taken = Counter(sink.name for sink in sinks)
        for index, sink in enumerate(sinks):
            path: KeyPath = ("notify", kind, index, "name")
            if not _NAME.fullmatch(sink.name):
                yield Fault(
                    (path,),
                    f"{shown(sink.name)} is no name for a sink",
                    "1 to 64 of a-z A-Z 0-9 _ -",
                )
            elif taken[sink.name] > 1:
                yield Fault((path,), f"{shown(sink.name)} is the name of two sinks")


def sink_addresses(settings: Settings) -> Iterator[Fault]:
    """Each sink has what it is reached by."""
    for index, webhook in enumerate(settings.notify.webhooks):
        yield from _webhook(("notify", "webhooks", index), webhook)
    for index, command in enumerate(settings.notify.commands):
        yield from _command(("notify", "commands", index), command)
    for index, topic in enumerate(settings.notify.sns):
        yield from _topic(("notify", "sns", index), topic)


def _webhook(path: KeyPath, webhook: WebhookSettings) -> Iterator[Fault]:
    place = ((*path, "url"),)
    url = _split(webhook.url)
    if url is None or url.scheme not in {"https", "http"} or not url.hostname:
        yield Fault(place, f"must be an https URL, not {shown(webhook.url)}")
    elif url.username is not None or url.fragment:
        yield Fault(place, "must have no user name, no password and no fragment")
    elif url.scheme == "http" and not _is_loopback(url.hostname):
        yield Fault(place, f"sends plain text to {shown(url.hostname)}, which is not loopback")
    if not webhook.secret_file:
        yield Fault(((*path, "secret_file"),), "must not be empty")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    # What goes into the request line as it is.
    return parts if url.isascii() and url.isprintable() and " " not in url else None


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _command(path: KeyPath, command: CommandSettings) -> Iterator[Fault]:
    if not command.argv or not command.argv[0]:
        yield Fault(((*path, "argv"),), "must begin with a program")


def _topic(path: KeyPath, topic: SnsSettings) -> Iterator[Fault]:
    if not _TOPIC_ARN.fullmatch(topic.topic_arn):
        yield Fault(
            ((*path, "topic_arn"),),
            f"{shown(topic.topic_arn)} is no ARN of a topic",
            "arn:aws:sns:REGION:ACCOUNT:NAME",
        )
