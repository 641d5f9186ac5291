"""An account in which each check has something that complies, and something that does not."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import prod
from typing import Any, Final

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from moto.iot.models import iot_backends
from tests.audit.certificates import Issuer, list_at, ocsp_at, pem
from tests.e2e.account.server import ACCOUNT, REGION, AwsServer

NOW: Final = datetime.now(UTC).replace(microsecond=0)
DAY: Final = timedelta(days=1)
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/"
IDENTITY: Final = "eu-west-1:11111111-2222-3333-4444-555555555555"
OTHER_IDENTITY: Final = "eu-west-1:11111111-2222-3333-4444-666666666666"
_ARN: Final = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
_THING: Final = "${iot:Connection.Thing.ThingName}"
_YEARS: Final = 3000 * DAY
_PRIMES: Final = [n for n in range(3, 168) if all(n % d for d in range(2, n))]


def client(aws: AwsServer, service: str, key: str = "x", secret: str = "x") -> Any:  # noqa: S107  moto takes any
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def infineon_key() -> rsa.RSAPublicKey:
    """Make a key with ROCA's mark: a power of 65537 modulo all small primes."""
    product = prod(_PRIMES)
    modulus = pow(65537, 1234, product) + product * ((1 << 2047) // product + 1)
    return rsa.RSAPublicNumbers(
        65537, modulus | 1 if modulus % 2 else modulus + product
    ).public_key()


def document(*statements: tuple[str, str, str]) -> str:
    listed = [
        {"Effect": effect, "Action": action, "Resource": resource}
        for effect, action, resource in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": listed})


class Fleet:
    """Registers certificates of every kind, by name."""

    def __init__(self, aws: AwsServer) -> None:
        self.ids: dict[str, str] = {}
        self._iot = client(aws, "iot")
        self._aws = aws
        root = Issuer("root", begins=NOW - DAY, expires=NOW + _YEARS)
        there = (list_at(f"{aws.url}/list"), ocsp_at("", f"{aws.url}/root"))
        self.good = self._ca("good CA", root)
        self.revoked = self._ca("revoked CA", root, *there)
        self._ca("expiring CA", root, expires=NOW + 10 * DAY)
        self._weak_ca(root)
        aws.pages["/list"] = revocations(root, self.revoked.certificate)
        aws.answers["iot:ListCACertificates"] = lambda _asked: {"certificates": self._cas()}
        aws.answers["iot:DescribeCertificate"] = _described
        aws.pages["/root"] = root.certificate.public_bytes(Encoding.DER)

    def register(self) -> None:
        """Register device certificates, and the list of those that their CA revoked."""
        there = list_at(f"{self._aws.url}/own-list")
        self._device("good", there)
        self._device("expiring", expires=NOW + 10 * DAY)
        self._device("infineon", key=infineon_key())
        self._device("old")
        self._device("below a revoked CA", ca=self.revoked)
        stolen = self._device("revoked", there)
        self._aws.pages["/own-list"] = revocations(self.good, stolen)
        backend = iot_backends[ACCOUNT][REGION]
        backend.certificates[self.ids["old"]].creation_date = NOW - 400 * DAY

    def _device(
        self, name: str, *extensions: Any, ca: Issuer | None = None, **more: Any
    ) -> x509.Certificate:
        issuer = ca or self.good
        options: dict[str, Any] = {"begins": NOW - DAY, "expires": NOW + _YEARS, **more}
        certificate = issuer.issue(name, *extensions, **options)
        answer = self._iot.register_certificate(
            certificatePem=pem(certificate).decode(),
            caCertificatePem=pem(issuer.certificate).decode(),
            status="ACTIVE",
        )
        self.ids[name] = answer["certificateId"]
        return certificate

    def _ca(self, name: str, root: Issuer, *extensions: Any, **options: Any) -> Issuer:
        options = {"begins": NOW - DAY, "expires": NOW + _YEARS, **options}
        ca = Issuer(name, root, *extensions, **options)
        self._register_ca(name, ca.certificate)
        return ca

    def _weak_ca(self, root: Issuer) -> None:
        options: dict[str, Any] = {"begins": NOW - DAY, "expires": NOW + _YEARS}
        self._register_ca("infineon CA", root.issue("infineon CA", key=infineon_key(), **options))

    def _register_ca(self, name: str, certificate: x509.Certificate) -> None:
        text = pem(certificate).decode()
        answer = self._iot.register_ca_certificate(
            caCertificate=text, verificationCertificate=text, setAsActive=True
        )
        self.ids[name] = answer["certificateId"]

    def _cas(self) -> list[dict[str, Any]]:
        return [
            {"certificateId": each.certificate_id, "status": each.status}
            for each in iot_backends[ACCOUNT][REGION].ca_certificates.values()
        ]


def _described(asked: Mapping[str, str]) -> dict[str, Any]:
    """Describe a certificate as moto does, with the CA that moto leaves out."""
    found = iot_backends[ACCOUNT][REGION].certificates[asked["path"].rpartition("/")[2]]
    issuer = {"caCertificateId": found.ca_certificate_id} if found.ca_certificate_id else {}
    return {
        "certificateDescription": {
            **issuer,
            "certificateId": found.certificate_id,
            "status": found.status,
            "certificatePem": found.certificate_pem,
            "creationDate": found.creation_date.replace(tzinfo=UTC),
        }
    }


def revocations(issuer: Issuer, *certificates: x509.Certificate) -> bytes:
    """Sign a list of revoked certificates, DER."""
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.name)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
    )
    for each in certificates:
        entry = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
        crl = crl.add_revoked_certificate(entry.revocation_date(NOW - DAY).build())
    return crl.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def add_policies(aws: AwsServer) -> None:
    iot = client(aws, "iot")
    own = f"{_ARN}topic/$aws/things/{_THING}/shadow/*"
    iot.create_policy(policyName="narrow", policyDocument=document(("Allow", "iot:Publish", own)))
    iot.create_policy(policyName="broad", policyDocument=document(("Allow", "iot:*", "*")))
    wildcard = document(("Deny", "iot:Subscribe", f"{_ARN}topicfilter/secret/+"))
    iot.create_policy(policyName="misconfigured", policyDocument=wildcard)


def add_roles(aws: AwsServer) -> None:
    """Add roles, the aliases and identity pools that give them, and what IAM says they used."""
    iam, iot = client(aws, "iam"), client(aws, "iot")
    narrow = document(("Allow", "s3:PutObject", "arn:aws:s3:::fleet/${credentials-iot:ThingName}"))
    broad = document(("Allow", "iot:*", "*"), ("Allow", "dynamodb:PutItem", "*"))
    for name, text in (("narrow", narrow), ("broad", broad)):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(("Allow", "sts:*", "*")))
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=text)
        iot.create_role_alias(roleAlias=name, roleArn=f"{ROLE}{name}")
    managed = iam.create_policy(PolicyName="managed", PolicyDocument=narrow)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="narrow", PolicyArn=managed)
    aws.answers["iam:GenerateServiceLastAccessedDetails"] = {"JobId": "j" * 36}
    aws.answers["iam:GetServiceLastAccessedDetails"] = {
        "JobStatus": "COMPLETED",
        "JobCreationDate": NOW,
        "JobCompletionDate": NOW,
        "ServicesLastAccessed": [
            {"ServiceName": name, "ServiceNamespace": name, "LastAuthenticated": NOW - DAY}
            for name in ("s3", "iot")
        ],
    }
    _add_pools(aws)


def _add_pools(aws: AwsServer) -> None:
    cognito = client(aws, "cognito-identity")
    pools = {}
    for name in ("narrow", "broad"):
        pool = cognito.create_identity_pool(
            IdentityPoolName=name, AllowUnauthenticatedIdentities=True
        )
        pools[pool["IdentityPoolId"]] = dict.fromkeys(
            ("authenticated", "unauthenticated"), f"{ROLE}{name}"
        )

    def roles(asked: Any) -> dict[str, Any]:
        pool = json.loads(asked["body"])["IdentityPoolId"]
        return {"IdentityPoolId": pool, "Roles": pools[pool]}

    aws.answers["cognito-identity:GetIdentityPoolRoles"] = roles


def add_logs(aws: AwsServer, group: str, shared: str) -> None:
    """Log connections: a shared certificate, a shared identity, a client id that was taken over."""
    logs = client(aws, "logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    lines = [
        _line(9, "Connect", "gw1", shared, "10.0.0.1"),
        _line(8, "Connect", "gw2", shared, "10.0.0.2"),
        _line(7, "Connect", "phone1", IDENTITY, "10.0.0.3"),
        _line(6, "Connect", "phone2", IDENTITY, "10.0.0.4"),
        _line(5, "Connect", "phone3", OTHER_IDENTITY, "10.0.0.6"),
        _line(4, "Connect", "gw1", shared, "10.0.0.5"),
        {**_line(3, "Disconnect", "gw1", shared, "10.0.0.1"), "reason": "DUPLICATE_CLIENT_ID"},
    ]
    logs.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[
            {"timestamp": line.pop("ms"), "message": json.dumps(line)}
            for line in sorted(lines, key=lambda each: each["ms"])
        ],
    )


def _line(hours_ago: int, event: str, client_id: str, principal: str, ip: str) -> dict[str, Any]:
    return {
        "ms": int((NOW - hours_ago * timedelta(hours=1)).timestamp() * 1000),
        "eventType": event,
        "status": "Success",
        "clientId": client_id,
        "principalId": principal,
        "sourceIp": ip,
        "sourcePort": 4711,
    }
