"""AWS IoT fleet provisioning: a request for a certificate -> one of the sandbox's own authority.

The broker here knows who speaks by the common name of the certificate, so the name of the thing
is the subject of the request, and the template wants the parameter `ThingName` to say the same.

Source: AWS IoT Core developer guide, "Device provisioning MQTT API".
"""

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from devicewarden.sandbox.jobs import Message

TEMPLATE: Final = "sandbox"
"""The one template that there is."""

CREATE: Final = "$aws/certificates/create-from-csr/json"
PROVISION: Final = f"$aws/provisioning-templates/{TEMPLATE}/provision/json"
TOPICS: Final = (CREATE, "$aws/provisioning-templates/+/provision/json")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was asked for over MQTT; `thing` is its common name."""

    certificate_id: str
    thing: str
    serial: int


class RefusedError(Exception):
    """The request is refused."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.told = {"statusCode": status, "errorCode": code, "errorMessage": message}


class ProvisioningService:
    """Issues certificates; each can be registered once.

    Attributes:
        issued: certificates that wait to be registered, by ownership token.
        registered: certificates that were, oldest first.
        sign: makes a certificate of a request whose signature is right.
    """

    def __init__(self, sign: Callable[[x509.CertificateSigningRequest], x509.Certificate]) -> None:
        self.issued: dict[str, Issued] = {}
        self.registered: list[Issued] = []
        self.sign = sign
        self._lock = threading.Lock()

    def answer(self, topic: str, payload: bytes) -> list[Message]:
        """Answer a request; nothing: it is none."""
        with self._lock:
            try:
                told = self._do(topic, payload)
            except RefusedError as error:
                return [Message(f"{topic}/rejected", json.dumps(error.told).encode())]
        return [] if told is None else [Message(f"{topic}/accepted", json.dumps(told).encode())]

    def _do(self, topic: str, payload: bytes) -> dict[str, Any] | None:
        if topic == CREATE:
            return self._create(_text(_document(payload), "certificateSigningRequest"))
        if topic == PROVISION:
            return self._register(_document(payload))
        if topic.endswith("/provision/json"):
            _refuse("there is no such template", 404, "ResourceNotFound")
        return None

    def _create(self, pem: str) -> dict[str, Any]:
        try:
            request = x509.load_pem_x509_csr(pem.encode())
            (name,) = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        except ValueError:
            _refuse("the request is none, or has no common name")
        if not request.is_signature_valid:
            _refuse("the request is not signed with its own key")
        certificate = self.sign(request)
        issued = Issued(
            certificate.fingerprint(hashes.SHA256()).hex(),
            str(name.value),
            certificate.serial_number,
        )
        token = secrets.token_urlsafe(32)
        self.issued[token] = issued
        return {
            "certificateOwnershipToken": token,
            "certificateId": issued.certificate_id,
            "certificatePem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        }

    def _register(self, document: dict[str, Any]) -> dict[str, Any]:
        token = _text(document, "certificateOwnershipToken")
        parameters = document.get("parameters", {})
        issued = self.issued.get(token)
        if issued is None:
            _refuse("the ownership token is not known", 403, "InvalidCertificateOwnershipToken")
        if not isinstance(parameters, dict) or parameters.get("ThingName") != issued.thing:
            _refuse("the parameter ThingName is not the certificate's name", 403, "AccessDenied")
        del self.issued[token]
        self.registered.append(issued)
        return {"deviceConfiguration": {}, "thingName": issued.thing}


def _document(payload: bytes) -> dict[str, Any]:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        _refuse("the request is no JSON object")
    return document


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        _refuse(f"{name} is missing")
    return value


def _refuse(message: str, status: int = 400, code: str = "InvalidPayload") -> NoReturn:
    raise RefusedError(status, code, message)
