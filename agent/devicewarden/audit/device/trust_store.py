"""CAs that this device trusts although nobody expects them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.checks.resources import subject_of
from devicewarden.audit.device.certificates import certificate_id, load
from devicewarden.audit.device.host import Host, file_resource
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

_SYSTEM_STORE: Final = "/etc/ssl/certs"
_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """The CAs that the agent trusts for the broker.

    Attributes:
        path: the file; empty: the system's store is used.
        trusted: fingerprint, 64 hexadecimal digits -> whom the certificate names.
        expected: fingerprints that the settings name, at least one.
    """

    path: str
    trusted: Mapping[str, str]
    expected: frozenset[str]


class TrustStoreUnexpected:
    """Finds CAs that the settings do not name."""

    subject = TrustStore
    meta = CheckMeta(
        name="trust-store-unexpected",
        title="The device trusts the CAs that are expected, and no other",
        severity="HIGH",
        why="A CA that somebody added lets him play the broker.",
        decides="Each certificate of publish.ca_file has its SHA-256 fingerprint in"
        " audit.trusted_fingerprints; where that has any, and publish.ca_file is not set, the whole"
        " store of the system is too much. Without audit.trusted_fingerprints nothing is judged.",
        remedy="Restore publish.ca_file, or add the fingerprint: openssl x509 -noout -fingerprint"
        " -sha256 -in FILE.",
        needs="publish.ca_file and audit.trusted_fingerprints",
        source="CWE-295",
        codes={"UNEXPECTED_CA": "a CA is trusted that the settings do not name"},
    )

    def judge(self, subject: TrustStore, at: datetime) -> Iterator[Finding]:
        del at
        if not subject.path:
            reason = "publish.ca_file is not set, so that every CA of the system is trusted"
            yield self.meta.finding(file_resource(_SYSTEM_STORE), "UNEXPECTED_CA", reason)
        for fingerprint, name in subject.trusted.items():
            if fingerprint not in subject.expected:
                reason = f"trusts {name}, SHA-256 {fingerprint}"
                yield self.meta.finding(file_resource(subject.path), "UNEXPECTED_CA", reason)


def read_trust_store(host: Host) -> Iterator[object]:
    """Give the trust store, if fingerprints are expected of it."""
    path = host.settings.publish.ca_file
    pins = host.settings.audit.trusted_fingerprints
    if not pins or not host.settings.publish.endpoint:
        return
    expected = frozenset(pin.replace(":", "").lower() for pin in pins)
    if wrong := [pin for pin in expected if not _SHA256.fullmatch(pin)]:
        raise AuditError(f"audit.trusted_fingerprints: {wrong[0]} is not SHA-256 in 64 digits")
    certificates = load(host, path) if path else ()
    yield TrustStore(
        path=path,
        trusted={certificate_id(each): subject_of(each) for each in certificates},
        expected=expected,
    )
