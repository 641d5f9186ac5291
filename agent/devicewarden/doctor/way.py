"""The way to the broker, step by step; after the first step that fails the next make no sense."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from devicewarden.config.broker import broker_port
from devicewarden.config.settings import PublishSettings, Settings
from devicewarden.doctor.certificate import NOTICE
from devicewarden.doctor.document import Connection
from devicewarden.doctor.verdict import Verdict, failed, ok, skipped, warning
from devicewarden.model.errors import AgentError
from devicewarden.model.outcome import NoReply, describe
from devicewarden.publish.diagnosis import Diagnosis, of_reason
from devicewarden.publish.probe_mqtt import Tried, try_broker
from devicewarden.publish.probe_reach import reach, resolve
from devicewarden.publish.probe_tls import Handshake, shake_hands
from devicewarden.publish.topics import report_topics

NETWORK: Final = ("dns", "tcp", "tls")
MQTT: Final = ("connect", "subscribe", "publish", "reply")
_POLICY: Final = of_reason("", 0x87).hint


def way_to_broker(settings: Settings, now: datetime) -> Iterator[Verdict]:
    """Go all the way to the broker, and try what the agent needs there."""
    well = True
    for verdict in network(settings.publish, now):
        well = well and verdict.status != "failed"
        yield verdict
    if well:
        yield from mqtt(settings)
    else:
        yield from (skipped(name, "there is no way to the broker") for name in MQTT)


def network(settings: PublishSettings, now: datetime) -> Iterator[Verdict]:
    """Look the name up, connect, and shake hands."""
    name = NETWORK[0]
    try:
        addresses = resolve(settings)
        yield ok("dns", f"{settings.proxy_host or settings.endpoint} is {', '.join(addresses)}")
        name = NETWORK[1]
        opened = reach(settings)
        with opened:
            through = f" through the proxy {settings.proxy_host}" if settings.proxy_host else ""
            yield ok("tcp", f"port {broker_port(settings)} is open{through}")
            name = NETWORK[2]
            yield _tls(shake_hands(opened, settings), now) if settings.tls else _no_tls()
    except AgentError as error:
        yield failed(name, str(error), error.hint)
        for later in NETWORK[NETWORK.index(name) + 1 :]:
            yield skipped(later, f"{name} comes first")


def mqtt(settings: Settings) -> Iterator[Verdict]:
    """Connect as the agent does, subscribe to replies, and publish an empty report."""
    try:
        tried = try_broker(settings)
    except AgentError as error:
        yield failed("connect", str(error), error.hint)
        tried = None
    if tried is None or tried.connect:
        if tried and tried.connect:
            yield failed("connect", *tried.connect)
        yield from (skipped(later, "there is no connection") for later in MQTT[1:])
        return
    yield ok("connect", f"the broker takes the client id {settings.thing.client_id}")
    yield from _after_connect(settings, tried)


def mqtt_of_daemon(connection: Connection) -> Iterator[Verdict]:
    """Say how the daemon is connected: a second client of its name would end its connection."""
    if trouble := connection.last_error:
        yield failed("connect", f"the daemon is connected; {trouble}", connection.hint)
    else:
        yield ok("connect", f"the daemon is connected since {connection.since}")
    yield from (skipped(name, "the daemon holds the connection; see report") for name in MQTT[1:])


def through_nucleus(connection: Connection | None) -> Iterator[Verdict]:
    """Say how a component of Greengrass is connected, as far as its daemon tells.

    Args:
        connection: what the daemon says of it; None where none was asked.
    """
    yield from (
        skipped(name, "Greengrass' nucleus has certificate and connection; ask its log")
        for name in ("certificate", *NETWORK)
    )
    if connection and connection.state == "connected":
        yield from mqtt_of_daemon(connection)
        return
    if connection and connection.last_error:
        yield failed("connect", connection.last_error, connection.hint)
    else:
        yield skipped("connect", "the nucleus lets nobody in but the component")
    yield from (skipped(name, "there is no connection to the nucleus") for name in MQTT[1:])


def _after_connect(settings: Settings, tried: Tried) -> Iterator[Verdict]:
    publish = settings.publish
    if not publish.expect_reply:
        yield skipped("subscribe", "publish.expect_reply is off: there are no replies")
        yield skipped("publish", "others read that topic; devicewarden once --publish sends one")
        yield skipped("reply", "publish.expect_reply is off")
        return
    topics = report_topics(publish, thing=settings.thing.name, encoding=settings.report.format)
    well = f"to {topics.accepted} and rejected"
    yield _refused_or("subscribe", tried.subscribe, well)
    yield _refused_or("publish", tried.publish, f"to {topics.report}")
    yield _reply(tried)


def _refused_or(name: str, why: Diagnosis | None, well: str) -> Verdict:
    return ok(name, well) if why is None else failed(name, *why)


def _reply(tried: Tried) -> Verdict:
    match tried.reply:
        case None:
            return skipped("reply", "nothing could be published")
        case NoReply():
            hint = f"is this AWS IoT Core, and is the topic right? if so: {_POLICY}"
            if tried.subscribe:
                hint = "see subscribe"
            return failed("reply", f"{describe(tried.reply)} to an empty report", hint)
        case outcome:
            # An empty report is no report: whoever rejects it reads reports.
            return ok("reply", f"the service answers: an empty report was {describe(outcome)}")


def _tls(agreed: Handshake, now: datetime) -> Verdict:
    if agreed.server_expires is None:
        return ok("tls", "the broker is trusted, and asks for the certificate of the token")
    left = agreed.server_expires - now
    told = f"{agreed.protocol}, and the broker is trusted"
    if left < NOTICE:
        return warning(
            "tls",
            f"{told}; its certificate expires in {left.days} days",
            "have the broker's certificate renewed",
        )
    return ok("tls", told)


def _no_tls() -> Verdict:
    return skipped("tls", "publish.tls is off")
