"""Bytes from the Jobs service -> executions and refusals. Hostile until parsed.

Source: AWS IoT Core developer guide, "Jobs device MQTT API operations", "Jobs device data types".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devicewarden.model.errors import DocumentError
from devicewarden.model.strict_json import read_json

MAX_DOCUMENT_BYTES: Final = 32_768
MAX_REPLY_BYTES: Final = MAX_DOCUMENT_BYTES + 4_096
MAX_LEVELS: Final = 12
_JOB_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MAX_TEXT: Final = 200


class MalformedJobReplyError(ValueError):
    """The payload is no answer of the Jobs service, or is of another thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A job, as it is for this thing.

    Attributes:
        job_id: 1 to 64 of a-z A-Z 0-9 _ -.
        status: in AWS's words; the set is open.
        version: goes up with each update.
        number: tells executions of one job from each other.
        document: JSON values; None where it was not asked for.
    """

    job_id: str
    status: str
    version: int
    number: int
    document: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRefusal:
    """Why the service refused a request.

    Attributes:
        code: in AWS's words; the set is open.
        message: one line.
        status: of the execution, where the service tells it; else empty.
        version: of the execution, where the service tells it.
    """

    code: str
    message: str
    status: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class JobReply:
    """An answer: `token` is that of the request, `content` what it says; None: nothing to do."""

    token: str
    content: Execution | JobRefusal | None


def parse_job_reply(payload: bytes, *, thing: str, accepted: bool) -> JobReply:
    """Read an answer.

    Args:
        payload: as it came.
        thing: ours; an execution of another is refused.
        accepted: whether it came on an `accepted` topic.

    Raises:
        MalformedJobReplyError: it is none.
    """
    if len(payload) > MAX_REPLY_BYTES:
        raise MalformedJobReplyError(f"has {len(payload)} bytes")
    try:
        document = read_json(payload, levels=MAX_LEVELS)
    except DocumentError as error:
        raise MalformedJobReplyError(str(error)) from error
    if not isinstance(document, dict):
        raise MalformedJobReplyError("is not an object")
    content = _execution(document, thing) if accepted else _refusal(document)
    return JobReply(_text(document.get("clientToken", "")), content)


def _execution(document: Mapping[str, Any], thing: str) -> Execution | None:
    # An update that is accepted tells of no execution, and neither does an empty queue.
    told = document.get("execution")
    if not told:
        return None
    match told:
        case {"jobId": str(job_id)} if _JOB_ID.fullmatch(job_id):
            pass
        case _:
            raise MalformedJobReplyError("has no jobId")
    if told.get("thingName", thing) != thing:
        raise MalformedJobReplyError("is of another thing")
    return Execution(
        job_id=job_id,
        status=_text(told.get("status", "")),
        version=_count(told, "versionNumber"),
        number=_count(told, "executionNumber"),
        document=told.get("jobDocument"),
    )


def _refusal(document: Mapping[str, Any]) -> JobRefusal:
    state = document.get("executionState")
    state = state if isinstance(state, dict) else {}
    return JobRefusal(
        code=_text(document.get("code", "")),
        message=_text(document.get("message", "")),
        status=_text(state.get("status", "")),
        version=_count(state, "versionNumber") if "versionNumber" in state else None,
    )


def _count(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name, 1)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise MalformedJobReplyError(f"{name} is no count")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedJobReplyError("has something else where text belongs")
    return "".join(c if c.isprintable() else "?" for c in value[:_MAX_TEXT])
