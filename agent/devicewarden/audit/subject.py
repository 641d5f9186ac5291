"""What checks look at. An inventory of the device or of the account gives these, one by one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from cryptography import x509

CertificateStatus: TypeAlias = Literal[
    "ACTIVE",
    "INACTIVE",
    "REVOKED",
    "PENDING_TRANSFER",
    "REGISTER_INACTIVE",
    "PENDING_ACTIVATION",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What an issuer says of one of its certificates.

    Attributes:
        revoked: it is on the issuer's list, or OCSP says so.
        source: address of the list or responder; empty: the certificate names none, so that its
            issuer cannot revoke it this way.
        at: when it was revoked, aware UTC; None: unknown or not revoked.
    """

    revoked: bool
    source: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCertificate:
    """A certificate of a device: this one's own, or one in the account.

    Attributes:
        certificate_id: 64 hexadecimal digits, SHA-256 of the DER; in the account as AWS names it.
        parsed: the certificate as cryptography reads it.
        status: in the account; on the device, where nobody can tell, ACTIVE.
        activated_at: aware UTC; where that is unknown, when it begins to be valid.
        issuers: the rest of the chain, issuer of the device certificate first.
        revocation: asks what the issuer says of a certificate of the chain (0: this one);
            raises AuditError where that cannot be told.
        path: of the file on the device; empty in the account.
    """

    certificate_id: str
    parsed: "x509.Certificate"
    status: CertificateStatus
    activated_at: datetime
    issuers: tuple["x509.Certificate", ...]
    revocation: Callable[[int], Revocation]
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaCertificate:
    """A certificate of a CA that issues device certificates.

    Attributes:
        certificate_id: 64 hexadecimal digits.
        parsed: the certificate as cryptography reads it.
        status: in the account; on the device ACTIVE.
        revocation: what its issuer says of it; raises AuditError where that cannot be told.
        path: of the file on the device; empty in the account.
    """

    certificate_id: str
    parsed: "x509.Certificate"
    status: CertificateStatus
    revocation: Callable[[], Revocation]
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IotPolicy:
    """One version of an AWS IoT policy: on disk or in the account.

    Attributes:
        name: policy name; of a file its name without suffix.
        version: digits; `1` for a file.
        document: bytes as found, hostile.
        path: of the file on the device; empty in the account.
    """

    name: str
    version: str
    document: bytes
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An IAM role with the permissions documents attached to it.

    Attributes:
        arn: of the role; empty for a file without one.
        documents: policy name -> bytes as found, hostile.
        last_used: service prefix -> last access, aware UTC, None: never; None where unknown.
    """

    arn: str
    documents: Mapping[str, bytes]
    last_used: Mapping[str, datetime | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAlias:
    """A role alias and the role that devices get by it."""

    arn: str
    role: Role
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CognitoPool:
    """A Cognito identity pool with its roles; None: the pool has no such role."""

    pool_id: str
    authenticated: Role | None
    unauthenticated: Role | None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One connection to the broker, from its log.

    Attributes:
        client_id: MQTT client id.
        principal: certificate id, or Cognito identity.
        source: IP address and port, as logged.
        connected_at: aware UTC.
        disconnected_at: aware UTC; None: still connected, or unknown.
        reason: of the disconnect as AWS logs it, such as DUPLICATE_CLIENT_ID; empty: unknown.
    """

    client_id: str
    principal: str
    source: str
    connected_at: datetime
    disconnected_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLog:
    """The connections of a span of time, the oldest first."""

    since: datetime
    until: datetime
    connections: tuple[Connection, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingOptions:
    """The logging of an account.

    Attributes:
        account: 12 digits.
        enabled: some level is logged, by the old or the new API.
        level: the default level as AWS names it.
    """

    account: str
    enabled: bool
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdUse:
    """How clients of one MQTT client id got on with each other.

    Attributes:
        client_id: MQTT client id.
        taken_over: when one of them was disconnected because another connected, aware UTC.
        principals: certificate ids or Cognito identities that used it, as far as known.
        forgiven: so many are no sign of a second device, such as `devicewarden once` beside the
            daemon.
    """

    client_id: str
    taken_over: tuple[datetime, ...]
    principals: tuple[str, ...] = ()
    forgiven: int = 0
