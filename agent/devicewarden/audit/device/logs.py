"""What is logged on this device: by the agent, by the journal, by a broker of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, file_resource
from devicewarden.audit.device.systemd_files import assignments, drop_ins, first
from devicewarden.model.finding import Finding

_JOURNALD: Final = ("/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald")
_CONFIGURATION: Final = "/etc/systemd/journald.conf"
_OTHERS: Final = ("/usr/sbin/rsyslogd", "/usr/sbin/syslog-ng", "/sbin/rsyslogd")
_BROKER: Final = "/etc/mosquitto/mosquitto.conf"
_SOURCE: Final = "the device's side of AWS IoT Device Defender audit, LOGGING_DISABLED_CHECK"
_DISABLED: Final = "LOGGING_DISABLED"


@dataclass(frozen=True, slots=True)
class AgentLog:
    """What the agent logs.

    Attributes:
        level: the least.
    """

    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where the journal is kept.

    Attributes:
        path: of the file that says so, or where one would stand.
        storage: persistent, volatile, auto or none.
        on_disk: there is the folder that makes auto persistent.
        other: another logger writes files.
    """

    path: str
    storage: str
    on_disk: bool
    other: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLog:
    """What a Mosquitto on this device logs: destinations and types, as its files say."""

    destinations: frozenset[str]
    types: frozenset[str]


class AgentLoggingReduced:
    """Finds an agent that does not log violations."""

    subject = AgentLog
    meta = CheckMeta(
        name="agent-logging-reduced",
        title="The agent logs violations and warnings",
        severity="LOW",
        why="Without them nobody can tell afterwards what the device saw.",
        decides="log.level is warning or lower.",
        remedy="Set log.level to info.",
        needs="log.level",
        source=_SOURCE,
        codes={_DISABLED: "only errors are logged"},
    )

    def judge(self, subject: AgentLog, at: datetime) -> Iterator[Finding]:
        del at
        if subject.level == "error":
            resource = file_resource("/etc/devicewarden/config.toml#log.level")
            yield self.meta.finding(resource, _DISABLED, "log.level is error")


class JournalNotPersistent:
    """Finds a journal that is lost at each start."""

    subject = Journal
    meta = CheckMeta(
        name="journal-not-persistent",
        title="What the device logs outlasts a restart",
        severity="LOW",
        why="Who breaks in restarts the device, and every trace is gone.",
        decides="journald's Storage= is persistent, or auto with a folder /var/log/journal; or"
        " rsyslog or syslog-ng is installed, unless Storage= is none.",
        remedy="mkdir /var/log/journal, set SystemMaxUse= to spare the disk, and restart"
        " systemd-journald; or send the journal elsewhere, and suppress this finding.",
        needs="the configuration of journald",
        source=_SOURCE,
        codes={
            _DISABLED: "nothing is kept",
            "LOG_NOT_PERSISTENT": "the log is in memory alone",
        },
    )

    def judge(self, subject: Journal, at: datetime) -> Iterator[Finding]:
        del at
        resource = file_resource(subject.path)
        if subject.storage == "none":
            yield self.meta.finding(resource, _DISABLED, "journald has Storage=none")
        elif subject.storage != "persistent" and not subject.other:
            if subject.storage == "volatile":
                reason = "journald has Storage=volatile"
            elif not subject.on_disk:
                reason = "there is no /var/log/journal, so that journald keeps its log in memory"
            else:
                return
            yield self.meta.finding(resource, "LOG_NOT_PERSISTENT", reason)


class BrokerLoggingDisabled:
    """Finds a Mosquitto that does not log who connects."""

    subject = BrokerLog
    meta = CheckMeta(
        name="broker-logging-disabled",
        title="A broker on this device logs errors and warnings",
        severity="LOW",
        why="The broker alone knows who was refused.",
        decides=f"Where there is {_BROKER}, log_dest is not none alone, and log_type is not none"
        " alone; both have defaults that log.",
        remedy="Set log_dest to file or syslog, and remove log_type none.",
        needs="the configuration of Mosquitto",
        source=_SOURCE,
        codes={_DISABLED: "the broker logs nothing"},
    )

    def judge(self, subject: BrokerLog, at: datetime) -> Iterator[Finding]:
        del at
        for name, values in (("log_dest", subject.destinations), ("log_type", subject.types)):
            if values == {"none"}:
                yield self.meta.finding(file_resource(_BROKER), _DISABLED, f"it has {name} none")


def read_agent_log(host: Host) -> Iterator[object]:
    """Give what the settings say."""
    yield AgentLog(host.settings.log.level)


def read_journal(host: Host) -> Iterator[object]:
    """Give how journald is configured, where there is one."""
    if not any(map(host.there, _JOURNALD)):
        return
    main = first(host, "journald.conf")
    paths = [*([main] if main else []), *drop_ins(host, ("journald.conf.d",))]
    path, storage = main or _CONFIGURATION, "auto"
    for where, key, value in assignments(host, paths, "Journal"):
        if key == "Storage":
            path, storage = where, value.lower() or "auto"
    yield Journal(
        path=path,
        storage=storage,
        on_disk=host.there("/var/log/journal"),
        other=any(map(host.there, _OTHERS)),
    )


def read_broker_log(host: Host) -> Iterator[object]:
    """Give how Mosquitto logs, where there is one."""
    text = host.text(_BROKER)
    if text is None:
        return
    found: dict[str, set[str]] = {"log_dest": set(), "log_type": set()}
    for each in (text, *_included(host, text)):
        for key, value in _words(each):
            if key in found and value:
                found[key].add(value.split()[0])
    yield BrokerLog(destinations=frozenset(found["log_dest"]), types=frozenset(found["log_type"]))


def _included(host: Host, text: str) -> Iterator[str]:
    for key, folder in _words(text):
        if key == "include_dir":
            for path in host.listed(folder, "*.conf"):
                yield host.text(path) or ""


def _words(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key and not key.startswith("#"):
            yield key, value.strip()
