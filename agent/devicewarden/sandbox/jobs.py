"""AWS IoT Jobs: queues of jobs, and the answers that devices get, as the real service gives them.

Source: AWS IoT Core developer guide, "Jobs device MQTT API operations".
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

TOPICS: Final = (
    "$aws/things/+/jobs/get",
    "$aws/things/+/jobs/start-next",
    "$aws/things/+/jobs/+/get",
    "$aws/things/+/jobs/+/update",
)
NEXT: Final = "$next"
OPEN: Final = ("IN_PROGRESS", "QUEUED")
BY_DEVICE: Final = ("IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED")
MAX_DOCUMENT_BYTES: Final = 32_768

Document: TypeAlias = dict[str, Any]


class Message(NamedTuple):
    """What is to be published."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Execution:
    """One job of one thing; times are epoch seconds."""

    job_id: str
    thing: str
    document: Any
    number: int
    queued_at: int
    status: str = "QUEUED"
    version: int = 1
    details: dict[str, str] = field(default_factory=dict)
    started_at: int | None = None
    updated_at: int = 0

    def told(self, *, with_document: bool) -> Document:
        """Write it as the service does."""
        document = {
            "jobId": self.job_id,
            "thingName": self.thing,
            "status": self.status,
            "statusDetails": self.details,
            "queuedAt": self.queued_at,
            "startedAt": self.started_at,
            "lastUpdatedAt": self.updated_at or self.queued_at,
            "versionNumber": self.version,
            "executionNumber": self.number,
            "jobDocument": self.document if with_document else None,
        }
        return {name: value for name, value in document.items() if value is not None}

    @property
    def state(self) -> Document:
        """What the service tells where an update does not fit."""
        return {
            "status": self.status,
            "statusDetails": self.details,
            "versionNumber": self.version,
        }


class RefusedError(Exception):
    """The request is refused; `state` is the execution's, where it is told."""

    def __init__(self, code: str, message: str, state: Document | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.state = state


class JobService:
    """Jobs of all things. A thread creates them, another answers; nothing is ever published here.

    Attributes:
        executions: in the order of their creation.
    """

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        self._lock = threading.RLock()

    def create(self, thing: str, document: Any, job_id: str = "") -> tuple[str, list[Message]]:
        """Queue a job; give its id, and what the thing is told."""
        with self._lock:
            before = self._next(thing)
            execution = Execution(
                job_id=job_id or f"job-{len(self.executions) + 1}",
                thing=thing,
                document=document,
                number=1 + len(self.executions),
                queued_at=int(time.time()),
            )
            self.executions.append(execution)
            return execution.job_id, self._notes(thing, before)

    def cancel(self, thing: str, job_id: str) -> list[Message]:
        """Cancel a job that has not ended."""
        with self._lock:
            before = self._next(thing)
            execution = self._find(thing, job_id)
            if execution.status in OPEN:
                self._change(execution, "CANCELED", {})
            return self._notes(thing, before)

    def find(self, job_id: str) -> Execution | None:
        """Look a job up."""
        with self._lock:
            return next((each for each in self.executions if each.job_id == job_id), None)

    def answer(self, topic: str, payload: bytes) -> list[Message]:
        """Answer a request; nothing: it is none."""
        match topic.split("/"):
            case ["$aws", "things", thing, "jobs", *words] if words:
                pass
            case _:
                return []
        token = ""
        try:
            body = _body(payload)
            token = str(body.get("clientToken", ""))
            with self._lock:
                before = self._next(thing)
                told = self._do(thing, words, body)
                notes = self._notes(thing, before)
        except RefusedError as error:
            told = {"code": error.code, "message": str(error)}
            told |= {} if error.state is None else {"executionState": error.state}
            return [_message(f"{topic}/rejected", told, token)]
        return [_message(f"{topic}/accepted", told, token), *notes]

    def _do(self, thing: str, words: list[str], body: Mapping[str, Any]) -> Document:
        match words:
            case ["get"]:
                return self._list(thing)
            case ["start-next"]:
                return self._start_next(thing)
            case [job_id, "get"]:
                return self._describe(thing, job_id, body)
            case [job_id, "update"]:
                return self._update(self._find(thing, job_id), body)
            case _:
                raise RefusedError("InvalidTopic", "no such operation")

    def _list(self, thing: str) -> Document:
        mine = [each for each in self.executions if each.thing == thing]
        names = {"inProgressJobs": "IN_PROGRESS", "queuedJobs": "QUEUED"}
        return {
            name: [e.told(with_document=False) for e in mine if e.status == status]
            for name, status in names.items()
        }

    def _start_next(self, thing: str) -> Document:
        execution = self._next(thing)
        if execution is None:
            return {}
        if execution.status == "QUEUED":
            execution.started_at = int(time.time())
            self._change(execution, "IN_PROGRESS", execution.details)
        return {"execution": execution.told(with_document=True)}

    def _describe(self, thing: str, job_id: str, body: Mapping[str, Any]) -> Document:
        execution = self._next(thing) if job_id == NEXT else self._find(thing, job_id)
        if execution is None:
            return {}
        if execution.status not in OPEN:
            raise RefusedError("TerminalStateReached", f"the job is {execution.status}")
        with_document = body.get("includeJobDocument", True) is not False
        return {"execution": execution.told(with_document=with_document)}

    def _update(self, execution: Execution, body: Mapping[str, Any]) -> Document:
        status, details = body.get("status"), body.get("statusDetails", execution.details)
        if status not in BY_DEVICE or not _are_details(details):
            raise RefusedError("InvalidRequest", "status or statusDetails is not allowed")
        if body.get("executionNumber", execution.number) != execution.number:
            raise RefusedError("ResourceNotFound", "no such execution")
        if execution.status not in OPEN:
            message = f"from {execution.status} to {status}"
            raise RefusedError("InvalidStateTransition", message, execution.state)
        if body.get("expectedVersion", execution.version) != execution.version:
            raise RefusedError("VersionMismatch", "another version", execution.state)
        self._change(execution, str(status), details)
        return {"executionState": execution.state} if body.get("includeJobExecutionState") else {}

    def _change(self, execution: Execution, status: str, details: dict[str, str]) -> None:
        execution.status, execution.details = status, details
        execution.version += 1
        execution.updated_at = int(time.time())

    def _find(self, thing: str, job_id: str) -> Execution:
        for execution in self.executions:
            if (execution.thing, execution.job_id) == (thing, job_id):
                return execution
        raise RefusedError("ResourceNotFound", "no such job")

    def _next(self, thing: str) -> Execution | None:
        return next(self._pending(thing), None)

    def _pending(self, thing: str) -> Iterator[Execution]:
        for status in OPEN:
            yield from (e for e in self.executions if (e.thing, e.status) == (thing, status))

    def _notes(self, thing: str, before: Execution | None) -> list[Message]:
        following = self._next(thing)
        if following is before:
            return []
        told = {} if following is None else {"execution": following.told(with_document=True)}
        return [_message(f"$aws/things/{thing}/jobs/notify-next", told)]


def _message(topic: str, told: Document, token: str = "") -> Message:
    document = {**told, "timestamp": int(time.time())}
    if token:
        document["clientToken"] = token
    return Message(topic, json.dumps(document).encode())


def _body(payload: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(payload or b"{}")
    except (ValueError, RecursionError) as error:
        raise RefusedError("InvalidJson", "not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError("InvalidRequest", "not an object")
    return body


def _are_details(details: object) -> bool:
    return isinstance(details, dict) and all(isinstance(v, str) and v for v in details.values())
