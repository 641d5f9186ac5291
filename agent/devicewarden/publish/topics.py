"""Every topic name, and what a topic may look like.

Source: AWS IoT Core quotas: 256 bytes, 7 slashes beyond the prefix that AWS reserves; thing name
at most 128 bytes for Device Defender.
"""

from dataclasses import dataclass
from typing import Final

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError

AWS_REPORT: Final = "$aws/things/{thing}/defender/metrics/{format}"
PLAIN_REPORT: Final = "devicewarden/{thing}/metrics/{format}"
JOBS: Final = "$aws/things/{thing}/jobs"
CREATE_FROM_CSR: Final = "$aws/certificates/create-from-csr/json"
PROVISION: Final = "$aws/provisioning-templates/{template}/provision/json"
ACCEPTED: Final = "/accepted"
REJECTED: Final = "/rejected"

MAX_TOPIC_BYTES: Final = 256
MAX_THING_BYTES: Final = 128
MAX_AWS_SLASHES: Final = 7
AWS_PREFIX: Final = "$aws/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one thing.

    Attributes:
        report: reports are published here.
        accepted: replies to accepted reports; empty where no reply is expected.
        rejected: replies to rejected reports; empty where no reply is expected.
    """

    report: str
    accepted: str = ""
    rejected: str = ""


def report_topics(settings: PublishSettings, *, thing: str, encoding: str) -> Topics:
    """Name the topics of reports and replies; `encoding` is `json` or `cbor`.

    Raises:
        ConfigError: a name that no broker would take.
    """
    default = AWS_REPORT if settings.expect_reply else PLAIN_REPORT
    report = _fill("publish.topic", settings.topic or default, thing, encoding)
    if not settings.expect_reply:
        return Topics(report=report)
    # The replies' topics are the longest.
    _check("publish.topic", report + ACCEPTED)
    return Topics(report=report, accepted=report + ACCEPTED, rejected=report + REJECTED)


@dataclass(frozen=True, slots=True)
class JobTopics:
    """The topics of AWS IoT Jobs for one thing; `replies` are filters.

    Source: AWS IoT Core developer guide, "Jobs device MQTT API operations".
    """

    thing: str

    @property
    def notify_next(self) -> str:
        """Tells that another job is the next one."""
        return f"{self._jobs}/notify-next"

    @property
    def start_next(self) -> str:
        """Asks for the next job, and begins it."""
        return f"{self._jobs}/start-next"

    @property
    def replies(self) -> tuple[str, ...]:
        """Filters of all that the service answers."""
        return f"{self.start_next}/+", f"{self._jobs}/+/get/+", f"{self._jobs}/+/update/+"

    def get(self, job_id: str) -> str:
        """Asks how a job stands; `$next` stands for the next one."""
        return f"{self._jobs}/{job_id}/get"

    def update(self, job_id: str) -> str:
        """Tells how a job goes on."""
        return f"{self._jobs}/{job_id}/update"

    @property
    def _jobs(self) -> str:
        return JOBS.format(thing=self.thing)


def provision_topic(template: str) -> str:
    """Name the topic that registers a thing by a provisioning template."""
    return PROVISION.format(template=template)


def matches(topic_filter: str, topic: str) -> bool:
    """Tell whether a topic is one of a filter whose wildcards are `+` alone."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    return len(wanted) == len(levels) and all(
        a in {"+", b} for a, b in zip(wanted, levels, strict=True)
    )


def presence_topic(settings: PublishSettings, *, thing: str) -> str:
    """Name the topic of birth message and last will; empty where there is none.

    Raises:
        ConfigError: a name that no broker would take.
    """
    if not settings.presence_topic:
        return ""
    return _fill("publish.presence_topic", settings.presence_topic, thing, "")


def check_thing(thing: str) -> None:
    """Refuse a thing name that cannot be part of a topic.

    Raises:
        ConfigError: empty, longer than 128 bytes, or with a character that topics do not allow.
    """
    if not 0 < _size_bytes("thing.name", thing) <= MAX_THING_BYTES:
        raise ConfigError(f"thing.name: must have 1 to {MAX_THING_BYTES} bytes, in UTF-8")
    if not thing.isprintable() or any(c in "/+#" for c in thing):
        raise ConfigError(
            f"thing.name: {thing!r} has a control character, or one of / + #",
            hint="use letters, digits, : _ and -, as AWS does",
        )


def _fill(setting: str, template: str, thing: str, encoding: str) -> str:
    check_thing(thing)
    rest = template.replace("{thing}", "").replace("{format}", "" if encoding else "{format}")
    if "{" in rest or "}" in rest:
        known = "{thing} and {format}" if encoding else "{thing}"
        raise ConfigError(f"{setting}: {template!r} has braces around something else than {known}")
    topic = template.replace("{format}", encoding).replace("{thing}", thing)
    _check(setting, topic)
    return topic


def _check(setting: str, topic: str) -> None:
    if _size_bytes(setting, topic) > MAX_TOPIC_BYTES:
        raise ConfigError(f"{setting}: longer than {MAX_TOPIC_BYTES} bytes: {topic}")
    if not topic.isprintable() or "+" in topic or "#" in topic:
        raise ConfigError(f"{setting}: {topic!r} has a wildcard or a control character")
    if topic.startswith(AWS_PREFIX) and topic.count("/") > MAX_AWS_SLASHES:
        raise ConfigError(f"{setting}: more than {MAX_AWS_SLASHES} slashes: {topic}")


def _size_bytes(setting: str, text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ConfigError(f"{setting}: {text!r} is not text that UTF-8 can hold") from None
