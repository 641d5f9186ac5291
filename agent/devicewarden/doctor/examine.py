"""Everything in order: what comes first explains what comes later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devicewarden.audit.device.clock import is_synchronized
from devicewarden.collect.sampler import utc_now
from devicewarden.config.broker import GREENGRASS
from devicewarden.config.load import NO_TOPIC, Loaded
from devicewarden.config.settings import Settings
from devicewarden.doctor.certificate import judge_certificate
from devicewarden.doctor.clock import installed_at, judge_clock
from devicewarden.doctor.disk import judge_disk, judge_state
from devicewarden.doctor.document import Connection, Document
from devicewarden.doctor.kernel import (
    cgroups,
    effective_capabilities,
    judge_capabilities,
    judge_sources,
    versions,
)
from devicewarden.doctor.running import (
    Ask,
    agent_uid,
    ask_daemon,
    judge_report,
    process_of,
)
from devicewarden.doctor.verdict import Verdict, failed, ok, skipped, warning
from devicewarden.doctor.way import (
    MQTT,
    NETWORK,
    mqtt_of_daemon,
    network,
    through_nucleus,
    way_to_broker,
)
from devicewarden.model.errors import ConfigError

BROKER: Final = ("certificate", *NETWORK, *MQTT)
NEED_SETTINGS: Final = ("state", "disk", "daemon", "report", *BROKER, "capabilities")
"""What cannot be asked before the configuration is valid."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor is given.

    Attributes:
        loaded: the configuration, or what is wrong with it.
        ask: the way to the daemon.
    """

    loaded: Loaded | ConfigError
    ask: Ask

    def verdicts(self) -> Iterator[Verdict]:
        """Look at everything; each verdict comes as soon as it is known."""
        now = utc_now()
        yield versions()
        yield judge_clock(now, made=installed_at(), synchronized=is_synchronized())
        yield judge_configuration(self.loaded)
        if isinstance(self.loaded, ConfigError):
            yield from _skip(NEED_SETTINGS, "the configuration comes first")
        else:
            yield from self._with(self.loaded.settings, now)
        yield judge_sources()
        yield cgroups()

    def _with(self, settings: Settings, now: datetime) -> Iterator[Verdict]:
        document, running = ask_daemon(settings.control, self.ask)
        process = process_of(settings.control.socket) if document else None
        yield judge_state(settings.state, agent_uid(process))
        yield judge_disk(settings.state)
        yield running
        yield judge_report(document)
        if settings.publish.endpoint == GREENGRASS:
            yield from through_nucleus(document.connection if document else None)
        elif settings.publish.endpoint:
            yield judge_certificate(settings.publish, now)
            yield from _broker(settings, document, now)
        else:
            yield from _skip(BROKER, "no publish.endpoint is set: the agent works locally")
        yield _capabilities(process)


def judge_configuration(loaded: Loaded | ConfigError) -> Verdict:
    """Tell whether the configuration is valid; all that is wrong, in one message."""
    if not isinstance(loaded, ConfigError):
        files = ", ".join(map(str, loaded.files)) or "no file, only defaults"
        return _named(loaded, f"valid: {files}")
    told = "; ".join(map(str, loaded.problems)) or str(loaded)
    return failed("configuration", told, loaded.hint or "devicewarden check-config lists it")


def _named(loaded: Loaded, told: str) -> Verdict:
    origin = loaded.origins.get("thing.name", "")
    if NO_TOPIC not in origin:
        return ok("configuration", told)
    name = f"the thing name is {loaded.settings.thing.name}, from {origin}"
    return warning("configuration", f"{told}; {name}", "set thing.name, or the host's name")


def _broker(settings: Settings, document: Document | None, now: datetime) -> Iterator[Verdict]:
    connection = document.connection if document else None
    if connection and _is_up(connection, settings.publish.endpoint):
        yield from network(settings.publish, now)
        yield from mqtt_of_daemon(connection)
    else:
        yield from way_to_broker(settings, now)


def _is_up(connection: Connection, endpoint: str) -> bool:
    return connection.endpoint == endpoint and connection.state == "connected"


def _capabilities(process: tuple[int, int] | None) -> Verdict:
    effective = None if process is None else effective_capabilities(process[0])
    if effective is None:
        return skipped("capabilities", "no daemon was asked")
    return judge_capabilities(effective)


def _skip(names: Sequence[str], why: str) -> Iterator[Verdict]:
    return (skipped(name, why) for name in names)
