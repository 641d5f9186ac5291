"""One certificate, or one Cognito identity, that several devices use at once."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.subject import Connection, ConnectionLog
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding, Resource

_CERTIFICATE: Final = re.compile(r"[0-9a-f]{64}")
_IDENTITY: Final = re.compile(r"[a-z]{2}[a-z0-9-]*-\d:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROLE_SESSION: Final = ":CognitoIdentityCredentials"
_MOST_TOLD: Final = 10
_NEEDS: Final = "the connection log, see account.log_group"


class DeviceCertificateShared:
    """Finds certificates under which several clients are connected at the same time."""

    subject = ConnectionLog
    meta = CheckMeta(
        name="device-certificate-shared",
        title="No two devices connect with the same certificate",
        severity="CRITICAL",
        why="A copied key is a device that nobody made, and revoking it takes the real one along.",
        decides="In the connection log, up to 31 days of it, no two connections with the same"
        " certificate and different client ids may overlap. A device that opens two connections of"
        " its own, with two client ids, is found as well, as AWS does.",
        remedy="Give each device a key and a certificate of its own, then revoke the shared one.",
        needs=_NEEDS,
        source="AWS IoT Device Defender audit, DEVICE_CERTIFICATE_SHARED_CHECK",
        codes={"CERTIFICATE_SHARED_BY_MULTIPLE_DEVICES": "several clients used it at once"},
    )

    def judge(self, subject: ConnectionLog, at: datetime) -> Iterator[Finding]:
        del at
        for principal, overlaps in _shared(subject, _CERTIFICATE):
            resource = Resource(
                type="DEVICE_CERTIFICATE", identifier={"deviceCertificateId": principal}
            )
            reason, related = _told(overlaps), _clients(overlaps)
            code = "CERTIFICATE_SHARED_BY_MULTIPLE_DEVICES"
            yield self.meta.finding(resource, code, reason, related=related)


class SharedCognitoIdentity:
    """Finds Cognito identities under which several clients are connected at the same time."""

    subject = ConnectionLog
    meta = CheckMeta(
        name="shared-cognito-identity",
        title="No two devices connect with the same Cognito identity",
        severity="HIGH",
        why="Devices that share an identity cannot be told apart, nor locked out one by one.",
        decides="In the connection log, up to 31 days of it, no two connections with the same"
        " identity (REGION:UUID) and different client ids may overlap. Where the log names the"
        " session of the role in place of the identity, it is undecided.",
        remedy="Let each device or user sign in for an identity of its own.",
        needs=_NEEDS,
        source="this project's own; AWS IoT Device Defender has no such check",
        codes={"COGNITO_IDENTITY_SHARED_BY_MULTIPLE_DEVICES": "several clients used it at once"},
    )

    def judge(self, subject: ConnectionLog, at: datetime) -> Iterator[Finding]:
        del at
        for principal, overlaps in _shared(subject, _IDENTITY):
            resource = Resource(
                type="COGNITO_IDENTITY_POOL", identifier={"cognitoIdentityId": principal}
            )
            reason, related = _told(overlaps), _clients(overlaps)
            code = "COGNITO_IDENTITY_SHARED_BY_MULTIPLE_DEVICES"
            yield self.meta.finding(resource, code, reason, related=related)
        if any(each.principal.endswith(_ROLE_SESSION) for each in subject.connections):
            raise AuditError("the log names a role's session in place of the Cognito identity")


def _shared(log: ConnectionLog, kind: re.Pattern[str]) -> Iterator[tuple[str, list[Connection]]]:
    """Give each principal of a kind under which clients overlap, and these, the newest first."""
    principals: dict[str, list[Connection]] = {}
    for each in log.connections:
        if kind.fullmatch(each.principal):
            principals.setdefault(each.principal, []).append(each)
    for principal, own in principals.items():
        overlaps = _overlaps(own, log.until)
        if overlaps:
            yield principal, overlaps


def _overlaps(own: list[Connection], until: datetime) -> list[Connection]:
    """Find connections, the oldest first, that began while one of another client id went on."""
    found: deque[Connection] = deque(maxlen=_MOST_TOLD)
    # Of each of two client ids the connection that ends last: no third one can matter.
    latest: list[Connection] = []
    for each in own:
        other = next((one for one in latest if one.client_id != each.client_id), None)
        if other is not None and each.connected_at < _end(other, until):
            found.extend(one for one in (other, each) if one not in found)
        latest = _latest([*latest, each], until)
    return sorted(found, key=lambda one: one.connected_at, reverse=True)


def _latest(connections: list[Connection], until: datetime) -> list[Connection]:
    def latest(of: list[Connection]) -> list[Connection]:
        return [max(of, key=lambda one: _end(one, until))] if of else []

    first = latest(connections)
    return first + latest([one for one in connections if one.client_id != first[0].client_id])


def _end(connection: Connection, until: datetime) -> datetime:
    return connection.disconnected_at or until


def _told(overlaps: list[Connection]) -> str:
    clients = sorted({each.client_id for each in overlaps})
    addresses = {each.source.rpartition(":")[0] for each in overlaps}
    where = "one address" if len(addresses) == 1 else f"{len(addresses)} addresses"
    return f"used at the same time by the clients {', '.join(clients)}, from {where}"


def _clients(overlaps: list[Connection]) -> tuple[Resource, ...]:
    return tuple(map(_client, overlaps))


def _client(each: Connection) -> Resource:
    info = {"connectedAt": f"{each.connected_at:%Y-%m-%dT%H:%M:%SZ}", "source": each.source}
    if each.disconnected_at:
        info["disconnectedAt"] = f"{each.disconnected_at:%Y-%m-%dT%H:%M:%SZ}"
    return Resource(type="CLIENT_ID", identifier={"clientId": each.client_id}, info=info)
