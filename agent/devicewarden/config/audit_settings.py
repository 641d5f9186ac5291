"""The section `audit` of the settings."""

from dataclasses import dataclass
from typing import Literal

from devicewarden.config.knob import knob


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What an audit looks at, when it runs, and who hears of its findings."""

    run_by: Literal["timer", "daemon", "never"] = knob(
        "timer", "who starts audits that are due: a systemd timer, the daemon, or nobody"
    )
    dir: str = knob(
        "/etc/devicewarden/audit",
        "folder of check configurations, scheduled audits and suppressions, *.json",
        path="place",
    )
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"] = knob(
        "LOW", "least severity of findings that are printed and give exit status 1"
    )
    topic: str = knob("devicewarden/{thing}/findings", "topic of findings; {thing} is filled in")
    completed_topic: str = knob(
        "devicewarden/{thing}/audits",
        "topic of one message an audit, when it is over; {thing} is filled in",
    )
    policies_dir: str = knob(
        "/etc/devicewarden/policies", "folder of AWS IoT policies of this device", path="place"
    )
    siblings_dir: str = knob(
        "", "folder of certificates of other devices, PEM; none may have our key", path="place"
    )
    trusted_fingerprints: tuple[str, ...] = knob(
        (), "SHA-256 of the only CA certificates that publish.ca_file may have; empty: any"
    )
    revocation: Literal["crl", "ocsp", "both", "off"] = knob(
        "both", "how issuers are asked about revoked certificates; off: such checks end undecided"
    )
    revocation_cache_dir: str = knob(
        "/var/cache/devicewarden", "folder of what issuers answered; empty: none", path="place"
    )
    revocation_timeout_s: float = knob(10.0, "wait for an issuer's answer", minimum=1, maximum=120)
