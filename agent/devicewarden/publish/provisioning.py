"""AWS IoT fleet provisioning over one publisher: a certificate for our key, and a thing for it.

Source: AWS IoT Core developer guide, "Device provisioning MQTT API".
"""

import asyncio
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from devicewarden.model.errors import DocumentError, ProvisioningError
from devicewarden.publish.publisher import Publisher
from devicewarden.publish.topics import ACCEPTED, CREATE_FROM_CSR, provision_topic

MAX_REPLY_BYTES: Final = 32_768
MAX_LEVELS: Final = 8
_CERTIFICATE_ID: Final = re.compile(r"[0-9a-f]{64}")
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A certificate, and what proves for an hour that it is ours.

    Attributes:
        certificate_id: 64 hexadecimal digits.
        certificate: PEM.
        token: never logged.
    """

    certificate_id: str
    certificate: str
    token: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A thing that has our certificate now, and what its template tells devices."""

    thing: str
    configuration: Mapping[str, Any]


class ProvisioningChannel:
    """Asks for certificates, one thing at a time. Make it before the publisher starts.

    The service's answers have no token. Where a broker gives them to other devices too, those that
    are not for our key or thing are passed over.

    Args:
        publisher: where requests go and answers come from.
        template: the provisioning template.
        timeout_s: wait for an answer.
    """

    def __init__(self, publisher: Publisher, template: str, *, timeout_s: float) -> None:
        self._publisher = publisher
        self._provision = provision_topic(template)
        self._timeout_s = timeout_s
        self._asked = ""
        self._answers: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        for topic in (CREATE_FROM_CSR, self._provision):
            publisher.subscribe(f"{topic}/+", self._take)

    async def create(self, request: str, public_key: bytes) -> Issued:
        """Have a certificate issued.

        Args:
            request: certificate signing request, PEM.
            public_key: of the request, DER; certificates of another key are not ours.

        Raises:
            ProvisioningError: refused, or no answer in time.
            PublishError: the request did not reach the broker.
        """
        body = {"certificateSigningRequest": request}
        return await self._ask(
            CREATE_FROM_CSR, body, lambda document: _issued(document, public_key)
        )

    async def register(
        self, token: str, parameters: Mapping[str, str], *, thing: str = ""
    ) -> Registered:
        """Have the certificate made active, and attached to a thing.

        Args:
            token: of the certificate.
            parameters: what the template is told.
            thing: ours; answers that name another are not ours. Empty: not known yet.

        Raises:
            ProvisioningError: refused, or no answer in time.
            PublishError: the request did not reach the broker.
        """
        body = {"certificateOwnershipToken": token, "parameters": dict(parameters)}
        return await self._ask(self._provision, body, lambda document: _registered(document, thing))

    async def _ask(
        self, topic: str, body: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T | None]
    ) -> T:
        self._answers = asyncio.Queue()
        self._asked = topic
        try:
            await self._publisher.publish(topic, json.dumps(body).encode(), qos=1)
            async with asyncio.timeout(self._timeout_s):
                while True:
                    answer = _read(*await self._answers.get(), read)
                    if answer is not None:
                        return answer
        except TimeoutError:
            raise ProvisioningError(
                f"no answer on {topic} within {self._timeout_s:g} s",
                hint="the device's policy has to allow it: devicewarden setup --print-policy",
            ) from None
        finally:
            self._asked = ""

    def _take(self, topic: str, payload: bytes) -> None:
        asked, _, verdict = topic.rpartition("/")
        if asked == self._asked and len(payload) <= MAX_REPLY_BYTES:
            self._answers.put_nowait((f"/{verdict}", payload))


def _read(verdict: str, payload: bytes, read: Callable[[Mapping[str, Any]], T | None]) -> T | None:
    # Answers come once a year: until then the daemon does without.
    from devicewarden.model.job import told  # noqa: PLC0415  see above
    from devicewarden.model.strict_json import read_json  # noqa: PLC0415  see above

    try:
        document = read_json(payload, levels=MAX_LEVELS)
    except DocumentError:
        return None
    if not isinstance(document, dict):
        return None
    if verdict == ACCEPTED:
        return read(document)
    code, message = (told(str(document.get(name, ""))) for name in ("errorCode", "errorMessage"))
    raise ProvisioningError(f"the service refused: {code}: {message}")


def _issued(document: Mapping[str, Any], public_key: bytes) -> Issued | None:
    match document:
        case {
            "certificateOwnershipToken": str(token),
            "certificateId": str(certificate_id),
            "certificatePem": str(pem),
        } if _CERTIFICATE_ID.fullmatch(certificate_id):
            ours = public_key in _first_der(pem)
            return Issued(certificate_id, pem, token) if ours else None
        case _:
            return None


def _registered(document: Mapping[str, Any], thing: str) -> Registered | None:
    match document:
        case {"thingName": str(named)} if thing in {"", named}:
            configuration = document.get("deviceConfiguration")
            return Registered(named, configuration if isinstance(configuration, dict) else {})
        case _:
            return None


def _first_der(pem: str) -> bytes:
    body, ended, _ = pem.partition(_BEGIN)[2].partition(_END)
    try:
        return binascii.a2b_base64("".join(body.split()), strict_mode=True) if ended else b""
    except ValueError:
        return b""
