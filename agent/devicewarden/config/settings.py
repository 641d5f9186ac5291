"""Every knob with its default, unit and bounds. Units are suffixes of names (`_s`, `_bytes`)."""

from dataclasses import dataclass, field
from typing import Literal

from devicewarden.config.account_settings import AccountSettings
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.jobs_settings import JobsSettings, ProvisioningSettings
from devicewarden.config.knob import knob
from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.config.notify_settings import NotifySettings


@dataclass(frozen=True, slots=True)
class ThingSettings:
    """Who this device is to the broker."""

    name: str = knob("", "thing name; empty: the host name")
    client_id: str = knob("", "MQTT client id; empty: the thing name")


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How the host is read."""

    interval_s: float = knob(1.0, "time between two quiet samples", minimum=0.1, maximum=60)
    source: Literal["auto", "netlink", "proc", "psutil"] = knob(
        "auto", "where sockets are read; auto: netlink, and /proc where the kernel lacks it"
    )


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What a report looks like and how often one is sent."""

    interval_s: int = knob(
        300, "time between two reports; AWS throttles below 300", minimum=1, maximum=86400
    )
    allow_fast: bool = knob(False, "allow an interval below 300 s on the AWS topic")
    format: Literal["json", "cbor"] = knob("json", "encoding of the payload")
    names: Literal["long", "short"] = knob("long", "long or short member names")
    max_bytes: int = knob(
        120_000, "connections are cut to fit this payload size", minimum=2_000, maximum=131_072
    )
    include_loopback: bool = knob(True, "report sockets bound to a loopback address")
    carry_over: bool = knob(True, "a report that was not accepted adds its traffic to the next")


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """Where reports go. With no endpoint the agent works locally and opens no connection."""

    endpoint: str = knob(
        "", "host name of the broker, or greengrass in a component; empty: publish nothing"
    )
    port: int = knob(
        0, "port of the broker; 0: 8883, or 1883 without tls", minimum=0, maximum=65535
    )
    library: Literal["auto", "awscrt", "paho"] = knob(
        "auto", "MQTT library; auto: awscrt where it can be imported, else paho-mqtt"
    )
    tls: bool = knob(True, "speak TLS 1.2 or later")
    insecure: bool = knob(False, "allow plain text to a broker that is not on loopback")
    ca_file: str = knob(
        "", "PEM file with the broker's CA; empty: the system's trust store", path="file"
    )
    cert_file: str = knob("", "PEM file with the device certificate, then its chain", path="file")
    key_file: str = knob(
        "", "PEM file with the private key, readable by its owner alone", path="secret"
    )
    pkcs11_library: str = knob("", "PKCS#11 module (.so) that holds the private key", path="file")
    pkcs11_pin_file: str = knob("", "file with the PIN, readable by its owner alone", path="secret")
    pkcs11_token_label: str = knob("", "label of the token; empty: by slot")
    pkcs11_slot: int = knob(-1, "slot id of the token; -1: by label", minimum=-1)
    pkcs11_key_label: str = knob("", "label of the private key; empty: the only one")
    username: str = knob("", "MQTT user name; empty: none")
    password_file: str = knob(
        "", "file with the MQTT password, readable by its owner alone", path="secret"
    )
    proxy_host: str = knob("", "HTTP proxy (CONNECT) on the way to the broker; empty: none")
    proxy_port: int = knob(3128, "port of the HTTP proxy", minimum=1, maximum=65535)
    proxy_username: str = knob("", "user name for the proxy (basic); empty: none")
    proxy_password_file: str = knob(
        "", "file with the proxy's password, readable by its owner alone", path="secret"
    )
    topic: str = knob("", "topic of reports, {thing} and {format} are filled in; empty: see docs")
    expect_reply: bool = knob(True, "the AWS topic, and wait for accepted or rejected")
    qos: Literal[0, 1] = knob(1, "MQTT quality of service of reports")
    reply_timeout_s: float = knob(10.0, "wait for accepted or rejected", minimum=0.1, maximum=300)
    presence_topic: str = knob(
        "", "retained birth message and last will, {thing} is filled in; empty: none"
    )
    keep_alive_s: int = knob(60, "MQTT keep-alive; AWS takes 30 to 1200", minimum=5, maximum=1200)
    session_expiry_s: int = knob(
        3600, "the broker keeps the session this long; 0: not at all", minimum=0, maximum=604_800
    )
    connect_timeout_s: float = knob(15.0, "time for TCP, TLS and CONNACK", minimum=1, maximum=300)
    ack_timeout_s: int = knob(10, "wait for PUBACK and SUBACK", minimum=1, maximum=300)
    attempts: int = knob(3, "attempts to publish one report", minimum=1, maximum=20)
    first_wait_s: float = knob(1.0, "longest first wait of the back-off", minimum=0.05, maximum=60)
    max_wait_s: float = knob(120.0, "longest wait of the back-off", minimum=0.05, maximum=3600)


@dataclass(frozen=True, slots=True)
class CommandMetric:
    """A custom metric that a command prints: one JSON value on standard output."""

    name: str = field(
        metadata={"doc": "metric name: 1 to 128 of a-z A-Z 0-9 : _ -, not beginning with aws:"}
    )
    type: Literal["number", "number-list", "string-list", "ip-address-list"] = field(
        metadata={"doc": "the metric's type in AWS's words"}
    )
    argv: tuple[str, ...] = field(metadata={"doc": "program and arguments; never a shell"})
    timeout_s: float = knob(5.0, "the command is killed after this time", minimum=0.1, maximum=60)


BUILT_IN_METRICS = (
    "cpu_percent",
    "memory_percent",
    "disk_percent",
    "load_1m",
    "soc_temperature_celsius",
    "failed_logins",
    "certificate_days_left",
    "agent_rss_bytes",
    "agent_cpu_percent",
)


@dataclass(frozen=True, slots=True)
class CustomMetricsSettings:
    """Values beyond the standard set, sent as custom metrics."""

    built_in: tuple[str, ...] = knob(BUILT_IN_METRICS, "built-in custom metrics to send")
    directory: str = knob(
        "", "folder of JSON files, one a metric, written by others; empty: none", path="place"
    )
    disk_path: str = knob("/", "file system that disk_percent looks at", path="place")
    commands: tuple[CommandMetric, ...] = knob((), "commands that print a metric")


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """Whether the device judges itself, and by which security profiles."""

    enabled: bool = knob(True, "judge every sample by the security profiles")
    profiles_dir: str = knob(
        "/etc/devicewarden/profiles", "folder of security profiles, *.json", path="place"
    )
    datapoint_s: int = knob(
        300, "one datapoint of a behavior without a duration", minimum=1, maximum=86_400
    )
    simulate: tuple[str, ...] = knob(
        (), "profiles whose alarms are recorded and shown, but sent nowhere"
    )
    thing_groups: tuple[str, ...] = knob(
        (), "thing groups of this device, for profiles that have targets"
    )
    topic: str = knob(
        "devicewarden/{thing}/violations", "topic of violations; {thing} is filled in"
    )
    redact: tuple[str, ...] = knob(
        (r"(?i)(pass(word)?|secret|token|key)[=: ]\S+",),
        "regular expressions; what they match in a command line becomes ***; a pattern that repeats"
        " repetitions can stall the agent",
    )


@dataclass(frozen=True, slots=True)
class StateSettings:
    """What survives a restart."""

    dir: str = knob("/var/lib/devicewarden", "folder of the state file", path="place")
    durability: Literal["full", "wear-saver"] = knob(
        "full", "wear-saver writes a quarter as often, and may forget the last reports' outcomes"
    )
    keep_days: int = knob(14, "age at which history is deleted", minimum=1, maximum=365)


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """How `devicewarden status` reaches the daemon."""

    socket: str = knob("/run/devicewarden/control.sock", "unix socket; empty: none", path="place")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and how; always to standard error, which journald collects."""

    level: Literal["debug", "info", "warning", "error"] = knob("info", "least level logged")
    format: Literal["auto", "console", "journald", "json"] = knob(
        "auto", "auto: console on a terminal, journald under systemd, else json"
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration; a section of the TOML file each."""

    thing: ThingSettings = field(default_factory=ThingSettings)
    collect: CollectSettings = field(default_factory=CollectSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    publish: PublishSettings = field(default_factory=PublishSettings)
    custom_metrics: CustomMetricsSettings = field(default_factory=CustomMetricsSettings)
    detect: DetectSettings = field(default_factory=DetectSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    account: AccountSettings = field(default_factory=AccountSettings)
    mitigate: MitigateSettings = field(default_factory=MitigateSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    jobs: JobsSettings = field(default_factory=JobsSettings)
    provisioning: ProvisioningSettings = field(default_factory=ProvisioningSettings)
    state: StateSettings = field(default_factory=StateSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    log: LogSettings = field(default_factory=LogSettings)
