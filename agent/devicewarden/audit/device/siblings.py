"""Devices that share a key: the same key as a certificate of another device has."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.certificates import arrange, certificate_id, load
from devicewarden.audit.device.host import Host, file_resource, unreadable
from devicewarden.audit.device.key_pair import public_bytes
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding, Resource

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """Which certificates of other devices have this device's key.

    Attributes:
        certificate_id: of this device.
        same_certificate: files that hold this device's own certificate.
        same_key: files with another certificate for the same key.
    """

    certificate_id: str
    same_certificate: tuple[str, ...]
    same_key: tuple[str, ...]


class CertificateSharedWithSibling:
    """Finds a key that several devices have."""

    subject = Siblings
    meta = CheckMeta(
        name="certificate-shared-with-sibling",
        title="No other device has this device's key",
        severity="CRITICAL",
        why="An image that was copied with its key makes devices that nobody can tell apart, nor"
        " revoke one by one.",
        decides="No file in audit.siblings_dir has another certificate for the same key, and no"
        " more than one file has the very same certificate, which is taken for this device's own.",
        remedy="Make a key on each device, and deactivate the shared certificate.",
        needs="the device certificate, and those of other devices in audit.siblings_dir",
        source="AWS IoT Device Defender audit, DEVICE_CERTIFICATE_SHARED_CHECK, on the device",
        codes={"KEY_SHARED_BY_MULTIPLE_DEVICES": "another device has the same key"},
    )

    def judge(self, subject: Siblings, at: datetime) -> Iterator[Finding]:
        del at
        same = subject.same_certificate if len(subject.same_certificate) > 1 else ()
        shared = (*subject.same_key, *same)
        more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        if shared:
            yield self.meta.finding(
                Resource(
                    type="DEVICE_CERTIFICATE",
                    identifier={"deviceCertificateId": subject.certificate_id},
                ),
                "KEY_SHARED_BY_MULTIPLE_DEVICES",
                f"{shared[0]}{more} is for the same key",
                related=tuple(file_resource(path) for path in shared[:100]),
            )


def read_siblings(host: Host) -> Iterator[object]:
    """Compare the certificates in the folder with this device's."""
    settings = host.settings
    if not settings.publish.cert_file or not settings.audit.siblings_dir:
        return
    own = arrange(load(host, settings.publish.cert_file), ()).own
    own_id, own_key = certificate_id(own), _key_of(own, settings.publish.cert_file)
    same_certificate, same_key = [], []
    for path in host.listed(settings.audit.siblings_dir):
        if host.is_folder(path):
            continue
        try:
            other = arrange(load(host, path), ()).own
            if certificate_id(other) == own_id:
                same_certificate.append(path)
            elif _key_of(other, path) == own_key:
                same_key.append(path)
        except AuditError as error:
            yield unreadable(error, Siblings)
    yield Siblings(
        certificate_id=own_id,
        same_certificate=tuple(same_certificate),
        same_key=tuple(same_key),
    )


def _key_of(certificate: "x509.Certificate", path: str) -> bytes:
    try:
        return public_bytes(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AuditError(f"{path} has a key that cannot be read: {error}") from error
