"""Rules between settings: each looks at the whole and yields what does not fit together."""

import itertools
import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Final, TypeAlias

from devicewarden.config.broker import is_aws
from devicewarden.config.fault import Fault, shown
from devicewarden.config.jobs_rules import known_operations, rotation, template
from devicewarden.config.mitigate_rules import (
    allowed_addresses,
    allowed_commands,
    allowed_types,
)
from devicewarden.config.names import client_id, commands, known_built_ins, thing_name, topics
from devicewarden.config.notify_rules import sink_addresses, sink_names
from devicewarden.config.patterns import redactions
from devicewarden.config.settings import PublishSettings, Settings

Rule: TypeAlias = Callable[[Settings], Iterator[Fault]]

AWS_LEAST_INTERVAL_S: Final = 300
AWS_LEAST_KEEP_ALIVE_S: Final = 30
_HOST: Final = re.compile(r"[A-Za-z0-9._:%-]{1,255}")


def hosts(settings: Settings) -> Iterator[Fault]:
    """A host is a name or an address alone."""
    for key in ("endpoint", "proxy_host"):
        host = getattr(settings.publish, key)
        if host and not (_HOST.fullmatch(host) and (host.count(":") != 1)):
            yield Fault.at(
                f"publish.{key}",
                message=f"must be a host name or an IP address alone, not {shown(host)}",
                hint="no scheme, no brackets; the port is a setting of its own",
            )


def fast_reports(settings: Settings) -> Iterator[Fault]:
    """AWS throttles reports that come faster than every 300 s.

    Source: AWS IoT Device Defender, "Sending metrics from devices".
    """
    publish, report = settings.publish, settings.report
    to_aws = publish.expect_reply or publish.topic.startswith("$aws/")
    if to_aws and report.interval_s < AWS_LEAST_INTERVAL_S and not report.allow_fast:
        yield Fault.at(
            "report.interval_s",
            message=f"must be at least {AWS_LEAST_INTERVAL_S} on the AWS topic, "
            f"not {report.interval_s}",
            hint="or set publish.expect_reply = false for another broker, "
            "or report.allow_fast = true",
        )


def plain_text(settings: Settings) -> Iterator[Fault]:
    """Without TLS anybody on the way reads and changes what is sent."""
    publish = settings.publish
    if publish.endpoint and not publish.tls and not publish.insecure and not _is_loopback(publish):
        yield Fault.at(
            "publish.tls",
            "publish.endpoint",
            message=f"false sends plain text to {shown(publish.endpoint)}, which is not loopback",
            hint="set publish.tls = true, or publish.insecure = true if you must",
        )


def private_key(settings: Settings) -> Iterator[Fault]:
    """A certificate needs one private key: in a file, or behind PKCS#11."""
    publish = settings.publish
    if publish.key_file and publish.pkcs11_library:
        yield Fault.at(
            "publish.key_file",
            "publish.pkcs11_library",
            message="and publish.pkcs11_library are both set",
            hint="the private key is in a file or behind PKCS#11, not both",
        )
    has_key = bool(publish.key_file or publish.pkcs11_library)
    if publish.cert_file and not has_key:
        yield Fault.at(
            "publish.key_file",
            "publish.cert_file",
            message="is missing, although publish.cert_file is set",
            hint="set publish.key_file, or publish.pkcs11_library",
        )
    if has_key and not publish.cert_file:
        yield Fault.at(
            "publish.cert_file",
            "publish.key_file",
            "publish.pkcs11_library",
            message="is missing, although a private key is set",
        )


def aws_endpoint(settings: Settings) -> Iterator[Fault]:
    """AWS IoT Core knows a device by its certificate and takes a keep-alive of 30 to 1200 s.

    Source: AWS IoT Core, "Device communication protocols".
    """
    publish = settings.publish
    if not is_aws(publish.endpoint):
        return
    if publish.keep_alive_s < AWS_LEAST_KEEP_ALIVE_S:
        yield Fault.at(
            "publish.keep_alive_s",
            message=f"must be at least {AWS_LEAST_KEEP_ALIVE_S} for AWS IoT Core, "
            f"not {publish.keep_alive_s}",
        )
    if not (publish.cert_file or publish.key_file or publish.pkcs11_library):
        yield Fault.at(
            "publish.cert_file",
            "publish.endpoint",
            message="is missing, and AWS IoT Core wants a client certificate",
            hint="set publish.cert_file and publish.key_file",
        )


def durations(settings: Settings) -> Iterator[Fault]:
    """What is waited for ends before the next one begins."""
    publish, report = settings.publish, settings.report
    if publish.first_wait_s > publish.max_wait_s:
        yield Fault.at(
            "publish.first_wait_s",
            "publish.max_wait_s",
            message=f"must be at most publish.max_wait_s ({publish.max_wait_s}), "
            f"not {publish.first_wait_s}",
        )
    if publish.expect_reply and publish.reply_timeout_s >= report.interval_s:
        yield Fault.at(
            "publish.reply_timeout_s",
            "report.interval_s",
            message=f"must be less than report.interval_s ({report.interval_s}), "
            f"not {publish.reply_timeout_s}",
        )


RULES: Final[tuple[Rule, ...]] = (
    hosts,
    fast_reports,
    plain_text,
    private_key,
    aws_endpoint,
    durations,
    thing_name,
    client_id,
    topics,
    known_built_ins,
    commands,
    redactions,
    sink_names,
    sink_addresses,
    allowed_types,
    allowed_commands,
    allowed_addresses,
    known_operations,
    template,
    rotation,
)


def broken_rules(settings: Settings) -> Iterator[Fault]:
    """Ask every rule."""
    return itertools.chain.from_iterable(rule(settings) for rule in RULES)


def _is_loopback(publish: PublishSettings) -> bool:
    if publish.endpoint.lower() == "localhost":
        return True
    try:
        return ip_address(publish.endpoint).is_loopback
    except ValueError:
        return False
