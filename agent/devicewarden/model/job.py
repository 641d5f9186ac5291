"""AWS IoT Jobs: a job document that somebody else wrote -> an operation of ours, or why it is none.

Source: AWS IoT Core developer guide, "Jobs": job documents have 32 KiB at most; "Managed job
templates" for documents with `steps`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

JobStatus: TypeAlias = Literal["SUCCEEDED", "FAILED", "REJECTED"]
"""How a device ends a job: REJECTED is never tried again, FAILED may be."""

OPERATIONS: Final = (
    "RESTART",
    "SET_REPORT_INTERVAL",
    "RUN_AUDIT",
    "ROTATE_CERTIFICATE",
    "APPLY_ACTION",
    "UNDO_ACTION",
)
"""The word in a document, and in `jobs.operations`."""

SCHEMA_VERSION: Final = "1.0"
OWN_SERVICES: Final = ("devicewarden", "devicewarden.service")
MAX_INTERVAL_S: Final = 86_400
_TOLD_ONLY: Final = ("auditTaskId", "auditCheckName", "reasonCode", "requestedAt")
"""Members of a rotation that tell people why; nothing depends on them."""

_CERTIFICATE_ID: Final = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_ACTION_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_LONGEST_REASON: Final = 200


class JobDocumentError(ValueError):
    """The document asks for nothing that we can do; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Begin anew as a process."""


@dataclass(frozen=True, slots=True)
class SetReportInterval:
    """Send reports every so many seconds, 1 to 86400, from now on."""

    interval_s: int


@dataclass(frozen=True, slots=True)
class RunAudit:
    """Run the audits now."""


@dataclass(frozen=True, slots=True)
class RotateCertificate:
    """Get another key and certificate; `certificate_id`: only if this is ours now; empty: any."""

    certificate_id: str


@dataclass(frozen=True, slots=True)
class ApplyAction:
    """Have a mitigation action applied that is configured on the device, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class UndoAction:
    """Have undone what is in effect of an action, by its name."""

    name: str


Operation: TypeAlias = (
    Restart | SetReportInterval | RunAudit | RotateCertificate | ApplyAction | UndoAction
)

NAME_OF: Final[Mapping[type, str]] = {
    Restart: "RESTART",
    SetReportInterval: "SET_REPORT_INTERVAL",
    RunAudit: "RUN_AUDIT",
    RotateCertificate: "ROTATE_CERTIFICATE",
    ApplyAction: "APPLY_ACTION",
    UndoAction: "UNDO_ACTION",
}


def parse_operation(document: object) -> Operation:
    """Read a job document: of our own form, or of AWS's managed templates.

    Args:
        document: JSON values, of bounded size and depth.

    Raises:
        JobDocumentError: whatever is not understood to the last member.
    """
    if not isinstance(document, Mapping):
        raise JobDocumentError("the document is not an object")
    if "steps" in document:
        return _managed(document)
    if document.get("schemaVersion", SCHEMA_VERSION) != SCHEMA_VERSION:
        raise JobDocumentError(f"schemaVersion must be {SCHEMA_VERSION!r}")
    name = document.get("operation")
    reader = _READERS.get(name) if isinstance(name, str) else None
    if reader is None:
        raise JobDocumentError(f"operation must be one of {', '.join(OPERATIONS)}")
    members = {k: v for k, v in document.items() if k not in {"schemaVersion", "operation"}}
    return reader(members)


def told(text: str) -> str:
    """Make one line of what goes into a job's status details: 1 to 200 printable characters.

    Source: AWS IoT API, DetailsValue: no control characters.
    """
    printable = "".join(c if c.isprintable() else " " for c in text[:_LONGEST_REASON])
    return printable.strip() or "-"


def _nothing_but(members: Mapping[str, Any], known: Sequence[str]) -> None:
    for member in members:
        if member not in known:
            raise JobDocumentError(f"the member {told(str(member))} is not known")


def _restart(members: Mapping[str, Any]) -> Operation:
    _nothing_but(members, ())
    return Restart()


def _set_report_interval(members: Mapping[str, Any]) -> Operation:
    _nothing_but(members, ("intervalSeconds",))
    value = members.get("intervalSeconds")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_INTERVAL_S:
        raise JobDocumentError(f"intervalSeconds must be an integer, 1 to {MAX_INTERVAL_S}")
    return SetReportInterval(value)


def _run_audit(members: Mapping[str, Any]) -> Operation:
    _nothing_but(members, ())
    return RunAudit()


def _rotate_certificate(members: Mapping[str, Any]) -> Operation:
    _nothing_but(members, ("certificateId", *_TOLD_ONLY))
    named = members.get("certificateId", "")
    if named != "" and not (isinstance(named, str) and _CERTIFICATE_ID.fullmatch(named)):
        raise JobDocumentError("certificateId must have 64 hexadecimal digits")
    return RotateCertificate(named.removeprefix("0x").lower())


def _apply_action(members: Mapping[str, Any]) -> Operation:
    return ApplyAction(_action_name(members))


def _undo_action(members: Mapping[str, Any]) -> Operation:
    return UndoAction(_action_name(members))


def _action_name(members: Mapping[str, Any]) -> str:
    _nothing_but(members, ("actionName",))
    name = members.get("actionName")
    if not isinstance(name, str) or not _ACTION_NAME.fullmatch(name):
        raise JobDocumentError("actionName must be 1 to 128 of a-z A-Z 0-9 _ -")
    return name


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Operation]]] = {
    "RESTART": _restart,
    "SET_REPORT_INTERVAL": _set_report_interval,
    "RUN_AUDIT": _run_audit,
    "ROTATE_CERTIFICATE": _rotate_certificate,
    "APPLY_ACTION": _apply_action,
    "UNDO_ACTION": _undo_action,
}


def _managed(document: Mapping[str, Any]) -> Operation:
    """Understand AWS-Restart-Application where it restarts us, and nothing else."""
    match document:
        case {"version": "1.0", "steps": [{"action": {"type": "runHandler", **action}}]}:
            pass
        case {"steps": [{"action": {"type": "runCommand"}}]}:
            raise JobDocumentError("commands are not run; name a configured action: APPLY_ACTION")
        case _:
            raise JobDocumentError("of AWS's templates one is understood, AWS-Restart-Application")
    if document.get("conditions") or document.get("finalStep"):
        raise JobDocumentError("conditions and a final step are not understood")
    match action.get("input"):
        case {"handler": "restart-services.sh", "args": [str(service)]} if service in OWN_SERVICES:
            return Restart()
        case {"handler": "restart-services.sh"}:
            raise JobDocumentError("no service but devicewarden may be restarted")
        case _:
            raise JobDocumentError("of AWS's templates one is understood, AWS-Restart-Application")
