"""Jobs and fleet provisioning joined behind one endpoint, and what a terminal asks of them."""

import json
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any, Final

from devicewarden.model.errors import AgentError
from devicewarden.sandbox import jobs, provisioning
from devicewarden.sandbox.endpoint import Endpoint
from devicewarden.sandbox.jobs import JobService, Message
from devicewarden.sandbox.pki import Authority, Credentials
from devicewarden.sandbox.provisioning import ProvisioningService

NAME: Final = "iot-core"
ASKED: Final = "job"
"""The first word of what a terminal asks of us, and not of the faults."""


class Cloud:
    """The services that a device talks with beside Device Defender.

    Attributes:
        jobs: the queues.
        provisioning: what was issued.

    Args:
        authority: issues certificates.
        credentials: of the client that the broker lets read and write everything.
    """

    def __init__(self, authority: Authority, credentials: Credentials) -> None:
        self.jobs: Final = JobService()
        self.provisioning: Final = ProvisioningService(authority.sign)
        topics = (*jobs.TOPICS, *provisioning.TOPICS)
        self._endpoint = Endpoint(NAME, authority.ca_file, credentials, topics, self._answer)

    def connect(self, port: int) -> None:
        """Connect to the broker on this port of loopback.

        Raises:
            AgentError: not connected and subscribed in time.
        """
        self._endpoint.connect(port)

    def disconnect(self) -> None:
        """Leave the broker; queues and certificates stay. Harmless when not connected."""
        self._endpoint.disconnect()

    def watch(self) -> SimpleQueue[Message]:
        """Open a queue that gets every request from now on, before it is answered."""
        return self._endpoint.watch()

    def create_job(self, thing: str, document: Any, job_id: str = "") -> str:
        """Queue a job, tell the thing, and give the job's id."""
        created, notes = self.jobs.create(thing, document, job_id)
        self._endpoint.publish(notes)
        return created

    def cancel_job(self, thing: str, job_id: str) -> None:
        """Cancel a job that has not ended, and tell the thing."""
        self._endpoint.publish(self.jobs.cancel(thing, job_id))

    def do(self, words: Sequence[str]) -> str:
        """Do what a terminal asks for: `create THING DOCUMENT`, `list`.

        Raises:
            AgentError: something else, or a document that is no JSON.
        """
        match words:
            case ["create", thing, document]:
                return self.create_job(thing, _parsed(document))
            case ["list"]:
                return json.dumps([each.told(with_document=True) for each in self.jobs.executions])
            case _:
                raise AgentError("not understood", hint="say job create THING FILE, or job list")

    def _answer(self, topic: str, payload: bytes) -> list[Message]:
        return self.jobs.answer(topic, payload) or self.provisioning.answer(topic, payload)


def _parsed(document: str) -> Any:
    if len(document.encode(errors="replace")) > jobs.MAX_DOCUMENT_BYTES:
        raise AgentError(f"the document has more than {jobs.MAX_DOCUMENT_BYTES} bytes")
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        raise AgentError(f"the document is no JSON: {error}") from error
