"""UPDATE_DEVICE_CERTIFICATE and UPDATE_CA_CERTIFICATE: nobody connects with it any more."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from devicewarden.aws.calls import Calls
from devicewarden.mitigate.account.action import Kind
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.action import ActionMeta, Memory
from devicewarden.model.action_params import Params

_UNDO: Final = "what was ACTIVE before becomes ACTIVE again, unless somebody revoked it since"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """What differs between certificates of devices and of CAs."""

    words: str
    member: str
    describe: str
    update: str

    def status(self, calls: Calls, certificate_id: str) -> str:
        answer = calls.call(self.describe, certificateId=certificate_id)
        return str(answer["certificateDescription"]["status"])

    def set_status(self, calls: Calls, certificate_id: str, status: str) -> None:
        calls.call(self.update, certificateId=certificate_id, newStatus=status)


_DEVICE: Final = _Api(
    words="device certificate",
    member="deviceCertificateId",
    describe="iot:DescribeCertificate",
    update="iot:UpdateCertificate",
)
_CA: Final = _Api(
    words="CA certificate",
    member="caCertificateId",
    describe="iot:DescribeCACertificate",
    update="iot:UpdateCACertificate",
)


class _Deactivate:
    """One that is revoked already stays so: INACTIVE would be less."""

    def __init__(self, api: _Api, params: Params, case: Case, calls: Calls) -> None:
        del params
        self._api = api
        self._calls = calls
        self._id = str(case.identifier(api.member))

    def describe(self) -> str:
        return f"deactivate the {self._api.words} {self._id}"

    def in_effect(self) -> bool:
        return self._api.status(self._calls, self._id) != "ACTIVE"

    def remember(self) -> Memory:
        return {"certificateId": self._id, "status": self._api.status(self._calls, self._id)}

    def apply(self, memory: Memory) -> None:
        del memory
        if not self.in_effect():
            self._api.set_status(self._calls, self._id, "INACTIVE")


def _undo(api: _Api, calls: Calls, memory: Memory) -> None:
    own = memory["certificateId"]
    if memory["status"] == "ACTIVE" and api.status(calls, own) == "INACTIVE":
        api.set_status(calls, own, "ACTIVE")


DEVICE: Final = Kind(
    ActionMeta(
        type="UPDATE_DEVICE_CERTIFICATE",
        member="updateDeviceCertificateParams",
        title="Deactivates a device certificate; within minutes AWS ends its connections",
        takes="`action`: DEACTIVATE",
        undo=_UNDO,
        ends="never by itself",
        needs="credentials of the account",
        example='{"updateDeviceCertificateParams": {"action": "DEACTIVATE"}}',
        where="account",
    ),
    partial(_Deactivate, _DEVICE),
    partial(_undo, _DEVICE),
)
CA: Final = Kind(
    ActionMeta(
        type="UPDATE_CA_CERTIFICATE",
        member="updateCACertificateParams",
        title="Deactivates a CA certificate, so that no new device certificates of it are taken",
        takes="`action`: DEACTIVATE",
        undo=_UNDO,
        ends="never by itself",
        needs="credentials of the account",
        example='{"updateCACertificateParams": {"action": "DEACTIVATE"}}',
        where="account",
    ),
    partial(_Deactivate, _CA),
    partial(_undo, _CA),
)
