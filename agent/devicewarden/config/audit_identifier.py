"""The identifier of an audited resource, as AWS writes it, and ours.

Source: ResourceIdentifier of the AWS IoT API 2015-05-28.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from devicewarden.config.profile_node import Node

_Shape: TypeAlias = tuple[re.Pattern[str], str]

_CERTIFICATE: Final[_Shape] = (re.compile(r"(0x)?[a-fA-F0-9]{64}"), "64 hexadecimal digits")
_ARN: Final[_Shape] = (re.compile(r"arn:[!-~]{1,2044}"), "an ARN")
_ANY: Final[_Shape] = (re.compile(r"[^\x00-\x1f\x7f]{1,4096}"), "1 to 4096 printable characters")

_MEMBERS: Final[Mapping[str, _Shape]] = {
    "deviceCertificateId": _CERTIFICATE,
    "caCertificateId": _CERTIFICATE,
    "cognitoIdentityPoolId": (re.compile(r"[\w-]+:[0-9a-zA-Z-]+"), "REGION:ID"),
    "cognitoIdentityId": (re.compile(r"[\w-]+:[0-9a-zA-Z-]+"), "REGION:ID"),
    "clientId": _ANY,
    "account": (re.compile(r"[0-9]{12}"), "12 digits"),
    "iamRoleArn": _ARN,
    "roleAliasArn": _ARN,
    "deviceCertificateArn": _ARN,
    "path": _ANY,
    "host": _ANY,
}
_POLICY: Final[Mapping[str, _Shape]] = {
    "policyName": (re.compile(r"[\w+=,.@-]{1,128}"), "1 to 128 of a-z A-Z 0-9 _ + = , . @ -"),
    "policyVersionId": (re.compile(r"[0-9]{1,10}"), "digits"),
}
_ISSUER: Final[Mapping[str, _Shape]] = {
    "issuerCertificateSubject": (re.compile(r"(?s).{1,1000}"), "1 to 1000 characters"),
    "issuerId": (re.compile(r"(0x)?[a-fA-F0-9]{1,64}"), "1 to 64 hexadecimal digits"),
    "issuerCertificateSerialNumber": (
        re.compile(r"[a-fA-F0-9:]{1,60}"),
        "hexadecimal digits and colons",
    ),
}
_NESTED: Final = {"policyVersionIdentifier": _POLICY, "issuerCertificateIdentifier": _ISSUER}

_CERTIFICATE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iot:[^:]*:[0-9]*:cert/([a-fA-F0-9]{64})")
_DIGITS: Final = ("deviceCertificateId", "caCertificateId", "issuerId")
_SERIAL: Final = "issuerCertificateSerialNumber"

_POLICIES: Final = ("policyVersionIdentifier",)
_CERTIFICATES: Final = ("deviceCertificateId",)
_CAS: Final = ("caCertificateId",)
# On the device, documents of roles are known by their path.
_POOLS: Final = ("cognitoIdentityPoolId", "path")
_ALIASES: Final = ("roleAliasArn", "path")
_OURS: Final = ("path", "host")
OF_CHECK: Final[Mapping[str, tuple[str, ...]]] = {
    "device-certificate-expiring": _CERTIFICATES,
    "device-certificate-age": _CERTIFICATES,
    "device-certificate-key-quality": _CERTIFICATES,
    "device-certificate-key-short": _CERTIFICATES,
    "device-certificate-shared": _CERTIFICATES,
    "certificate-shared-with-sibling": _CERTIFICATES,
    "revoked-device-certificate-still-active": _CERTIFICATES,
    "ca-certificate-expiring": _CAS,
    "ca-certificate-key-quality": _CAS,
    "ca-certificate-key-short": _CAS,
    "revoked-ca-certificate-still-active": _CAS,
    "intermediate-ca-revoked-for-active-device-certificates": ("issuerCertificateIdentifier",),
    "iot-policy-overly-permissive": _POLICIES,
    "iot-policy-potential-misconfiguration": _POLICIES,
    "conflicting-client-ids": ("clientId",),
    "logging-disabled": ("account",),
    "iot-role-alias-overly-permissive": _ALIASES,
    "iot-role-alias-allows-access-to-unused-services": _ALIASES,
    "authenticated-cognito-role-overly-permissive": _POOLS,
    "unauthenticated-cognito-role-overly-permissive": _POOLS,
    "shared-cognito-identity": ("cognitoIdentityId",),
}
"""Check -> members by which its findings name resources; all others use _OURS."""


def read_identifier_of(check: str, node: Node) -> Mapping[str, Any] | None:
    """Read an identifier such as findings of a check have; None: it is wrong, which is noted.

    Another would suppress nothing, and nobody would know.
    """
    found = read_identifier(node)
    used = OF_CHECK.get(check, _OURS)
    if found is not None and found.keys().isdisjoint(used):
        node.refuse(f"must have {' or '.join(used)}, by which {check} names what it finds")
        return None
    return found


def read_identifier(node: Node) -> Mapping[str, Any] | None:
    """Read an identifier, which has one member; None: it is wrong, which is noted.

    What may be written in several ways comes out as findings have it, for texts are compared: hex
    digits in lower case without a prefix, and the certificate that an ARN names by its id.
    """
    members = node.members((*_MEMBERS, *_NESTED))
    if len(members) != 1:
        node.refuse("must have one member, such as deviceCertificateId")
        return None
    (name, member), *_ = members.items()
    if name in _MEMBERS:
        text = member.text(*_MEMBERS[name])
        return None if text is None else _plain(member, name, text)
    parts = _parts(member, _NESTED[name])
    return None if parts is None else {name: parts}


def _parts(node: Node, shapes: Mapping[str, _Shape]) -> Mapping[str, str] | None:
    members = node.members(tuple(shapes), required=tuple(shapes))
    found = {name: member.text(*shapes[name]) for name, member in members.items()}
    texts = {name: _digits(name, text) for name, text in found.items() if text is not None}
    return texts if len(texts) == len(shapes) else None


def _plain(node: Node, name: str, text: str) -> Mapping[str, str] | None:
    if name != "deviceCertificateArn":
        return {name: _digits(name, text)}
    arn = _CERTIFICATE_ARN.fullmatch(text)
    if arn is None:
        node.refuse("must be the ARN of a certificate")
        return None
    return {"deviceCertificateId": arn[1].lower()}


def _digits(name: str, text: str) -> str:
    if name == _SERIAL:
        return text.replace(":", "").lower().lstrip("0") or "0"
    return text.removeprefix("0x").lower() if name in _DIGITS else text
